/** `sluice check --tables` on the embedded engine: with the gateway away, and with the gateway there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';

const CONFIG = `
pipelines:
  orders: { table: shop.orders, auto_create: 'off', guarantee: exactly-once }
  sums: { table: sums, auto_create: 'off', require_identity: true }
  free: { topics: ['/free.*/', fixed.topic], table: '\${topic}', require_identity: true }
`;
const ALTER =
  'ALTER TABLE `shop`.`orders` ADD COLUMN IF NOT EXISTS _sluice_batch UUID, ADD COLUMN IF NOT EXISTS _sluice_row UInt32, MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1';
const RECORD = { id: 1, __partition: 0, __offset: 0 };

let directory: string;
let file: string;

before(() => {
  directory = mkdtempSync('/tmp/sluice-check-');
  file = join(directory, 'sluice.yaml');
  writeFileSync(file, CONFIG);
});
after(() => {
  rmSync(directory, { recursive: true, force: true });
});

function check(...argv: string[]): { code: number | null; out: string; err: string } {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sluice.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'check', '--tables', '--config', file, ...argv], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], SLUICE_DATA: join(directory, 'data') },
  });
  return { code: status, out: stdout, err: stderr };
}

test('before the first start there is no table, and none is made by looking', () => {
  const { code, out, err } = check();
  assert.deepEqual([code, err], [0, `${file} is valid.\n`]);
  assert.equal(
    out,
    `PIPELINE  TABLE                STATE          GUARANTEE
orders    shop.orders          not there yet  exactly-once
sums      default.sums         not there yet  exactly-once
free      default.fixed_topic  not there yet  exactly-once
free      made from topics     -              exactly-once
`,
  );
});

test('tables of the user are looked at, and mended when asked', async () => {
  const data = join(directory, 'data');
  const engine = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, data);
  await engine.execute('CREATE DATABASE shop');
  await engine.execute('CREATE TABLE shop.orders (id Int64, __partition Int32, __offset Int64) ENGINE = MergeTree ORDER BY id');
  await engine.execute('CREATE TABLE sums (id Int64) ENGINE = SummingMergeTree ORDER BY id');
  await engine.close();
  const before = check();
  assert.equal(before.code, 1, 'orders must be exactly-once');
  assert.equal(
    before.out,
    `PIPELINE  TABLE                STATE          GUARANTEE
orders    shop.orders          to be changed  at-least-once
sums      default.sums         there          at-least-once
free      default.fixed_topic  not there yet  exactly-once
free      made from topics     -              exactly-once

orders → shop.orders
  The table shop.orders has no columns that say with which batch a row came.
  The table shop.orders does not sync its rows to disk, so a power cut takes acknowledged ones.
  ${ALTER};
  To run it, the same command with --apply.

sums → default.sums
  The table default.sums has the engine SummingMergeTree, which does not keep rows apart: write to a MergeTree or ReplacingMergeTree, and fill it with a materialized view.
`,
  );
  const mended = check('--apply');
  assert.deepEqual([mended.code, mended.out.split('\n')[1]], [0, 'orders    shop.orders          changed        exactly-once']);
  assert.deepEqual([check('--apply').code, check().out.split('\n')[1]], [0, 'orders    shop.orders          there          exactly-once']);
});

test('a running gateway has the engine: it is told so, and the gateway tells the same', async () => {
  const gateway = await startGatewayProcess({ args: ['--config', file], env: { SLUICE_DATA: join(directory, 'data') } });
  try {
    assert.deepEqual(check(), {
      code: 1,
      out: '',
      err: 'The gateway is running and has the embedded ClickHouse: stop it first, or read its GET /v1/pipelines, which tells the same.\n',
    });
    const headers = { 'x-api-key': gateway.key };
    const sent = await fetch(`${gateway.url}/v1/topics/orders`, { method: 'POST', headers, body: JSON.stringify(RECORD) });
    assert.equal(sent.status, 200, 'a table that was mended takes records under guarantee: exactly-once');
    const { pipelines } = (await (await fetch(`${gateway.url}/v1/pipelines`, { headers })).json()) as {
      pipelines: Array<Record<string, unknown>>;
    };
    assert.deepEqual(
      pipelines.map(({ name, guarantee }) => [name, guarantee]),
      [
        ['orders', 'exactly-once'],
        ['sums', 'at-least-once'],
        ['free', 'exactly-once'],
      ],
    );
    const reconciled = (await (await fetch(`${gateway.url}/v1/pipelines/orders/reconcile`, { headers })).json()) as Record<string, unknown>;
    assert.equal(reconciled['ok'], true);
  } finally {
    await gateway.stop();
  }
});
