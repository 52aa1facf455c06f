/** The built gateway in front of a ClickHouse server, with pipelines from a file, and keys managed from the command line while it runs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClickHouseFront, startClickHouseFront } from '../support/clickhouse-front.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let front: ClickHouseFront;
let gateway: GatewayProcess;
let directory: string;

const configFor = ({ url, username }: ClickHouseFront): string => `
clickhouse:
  url: ${url}
  username: ${username}
  password: \${env:CH_PASSWORD}
limits: { deadline: 1500ms }
pipelines:
  orders:
    topics: [orders, '/orders\\..*/']
    table: shop.orders
    columns:
      amount_eur: { from: amount.eur }
      created: { unit: ms }
      note: { drop: true }
    auto_create: 'off'
    unknown_fields: reject
  events:
    framing: ndjson
    order_by: [id]
`;

before(async () => {
  front = await startClickHouseFront();
  directory = mkdtempSync('/tmp/sluice-server-');
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, configFor(front));
  gateway = await startGatewayProcess({ args: ['--config', file], env: { CH_PASSWORD: front.password } });
});
after(async () => {
  await gateway.stop();
  await front.close();
  rmSync(directory, { recursive: true, force: true });
});

async function sql(statement: string): Promise<string> {
  const headers = { authorization: `Basic ${Buffer.from(`${front.username}:${front.password}`).toString('base64')}` };
  const response = await fetch(front.url, { method: 'POST', headers, body: statement });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.trim();
}

async function post(path: string, body: string, key = gateway.key): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { 'x-api-key': key }, body });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

test('a missing table is an operator matter, and is used once it is there', async () => {
  const [status, problem] = await post('/v1/topics/orders', '{"id":1}');
  assert.deepEqual([status, problem['code'], problem['retryable']], [503, 'table_missing', true]);
  await sql('CREATE DATABASE shop');
  await sql("CREATE TABLE shop.orders (id UInt64, amount_eur Decimal(10, 2), created DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY id");
  const [stored] = await post(
    '/v1/topics/orders',
    '[{"id":18446744073709551615,"amount":{"eur":1.50},"created":1767225600123,"note":"x"}]',
  );
  assert.equal(stored, 200);
  assert.equal(await sql('SELECT id, amount_eur, created FROM shop.orders'), '18446744073709551615\t1.5\t2026-01-01 00:00:00.123');
});

test('topics lead to pipelines by name and expression, and no further', async () => {
  assert.equal((await post('/v1/topics/orders.eu', '{"id":2,"amount":{"eur":2},"created":0}'))[0], 200);
  assert.deepEqual((await post('/v1/topics/payments', '{"id":2}'))[1]['code'], 'not_found');
  assert.deepEqual((await post('/v1/ingest/events', '[{"id":1}]'))[1]['code'], 'wrong_framing');
  assert.equal((await post('/v1/ingest/events', '{"id":1,"label":"a"}\n{"id":2,"label":"b"}'))[0], 200);
  assert.equal(await sql("SELECT sorting_key FROM system.tables WHERE name = 'events'").then((key) => key.replaceAll(/[()]/g, '')), 'id');
});

test('a column that is added to the table is found when it is needed', async () => {
  assert.equal((await post('/v1/ingest/events', '{"id":3,"label":"x","more":1}'))[1]['code'], 'records_rejected');
  await sql('ALTER TABLE events RENAME COLUMN label TO tag');
  const [status, problem] = await post('/v1/ingest/events', '{"id":4,"label":"x"}');
  assert.deepEqual([status, problem['code']], [422, 'records_rejected']);
  assert.equal((await post('/v1/ingest/events', '{"id":4,"tag":"x"}'))[0], 200);
});

test('a server that goes away is told as such, and used again when it is back', async () => {
  front.hooks = {
    before: (statement, request) => {
      request.socket.destroy();
      return statement !== '';
    },
  };
  const [status, problem] = await post('/v1/ingest/events', '{"id":5,"tag":"x"}');
  assert.deepEqual([status, problem['code'], problem['retryable']], [503, 'commit_in_doubt', true]);
  await wait(600);
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 503);
  assert.doesNotMatch(JSON.stringify(problem), /127\.0\.0\.1|INSERT|ECONN/);
  front.hooks = {};
  await wait(3000);
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200);
  assert.equal((await post('/v1/ingest/events', '{"id":5,"tag":"x"}'))[0], 200);
});

test('queries are for the embedded engine only', async () => {
  assert.equal((await post('/v1/query', 'SELECT 1'))[1]['code'], 'not_found');
});

test('a key that is added or revoked counts within a second or so', async () => {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sluice.cjs');
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args, '--data', gateway.data], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const key = /connect_[\w-]{43}/.exec(run('keys', 'add', 'connect', '--pipeline', 'events', '--can', 'write'))?.[0] ?? '';
  await wait(1200);
  assert.equal((await post('/v1/ingest/events', '{"id":6,"tag":"x"}', key))[0], 200);
  assert.equal((await post('/v1/ingest/orders', '{"id":6}', key))[0], 404);
  run('keys', 'revoke', 'connect');
  await wait(1200);
  assert.equal((await post('/v1/ingest/events', '{"id":6,"tag":"x"}', key))[0], 401);
});

test('no secret and no value is in the log', () => {
  assert.equal(gateway.output().includes(front.password), false);
  assert.equal(gateway.output().includes(gateway.key), false);
  assert.doesNotMatch(gateway.output(), /18446744073709551615/);
});
