/** What was written, as a person sees it: the ledger, the ledger against the tables, over HTTP and on the command line. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { LedgerAnswer, ReconcileAnswer, RecordAnswer } from '../../src/core/ports.ts';
import { type ClickHouseFront, startClickHouseFront } from '../support/clickhouse-front.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let front: ClickHouseFront;
let gateway: GatewayProcess;
let directory: string;

const PIPELINES = `
pipelines:
  orders: { topics: ['/orders\\..*/'], table: all_orders, require_identity: true, unknown_fields: evolve }
  stripped: { topics: [stripped], identity: { kind: coordinates, fields: strip }, require_identity: true }
  hooks: { topics: [hooks], identity: key, require_identity: true }
  old: { topics: [old], table: old, auto_create: 'off', require_identity: true }
  loose: { topics: [loose] }
`;

before(async () => {
  front = await startClickHouseFront();
  await front.query('CREATE TABLE old (id Int64, __partition Int32, __offset Int64) ENGINE = MergeTree ORDER BY id');
  directory = mkdtempSync('/tmp/sluice-ledger-');
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, `clickhouse: { url: "${front.url}", username: ${front.username}, password: "\${env:CH_PASSWORD}" }${PIPELINES}`);
  gateway = await startGatewayProcess({ args: ['--config', file], env: { CH_PASSWORD: front.password } });
});
after(async () => {
  await gateway.stop();
  await front.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Sent {
  readonly accepted: number;
  readonly duplicate: number;
  readonly batch: string;
}

/** Posts records at these offsets. */
async function post(topic: string, partition: number, offsets: readonly number[], headers: Record<string, string> = {}): Promise<Sent> {
  const records = offsets.map((offset) => ({ id: offset, __topic: topic, __partition: partition, __offset: offset }));
  const response = await fetch(`${gateway.url}/v1/topics/${topic}`, {
    method: 'POST',
    headers: { 'x-api-key': gateway.key, ...headers },
    body: JSON.stringify(topic === 'hooks' ? offsets.map((id) => ({ id })) : records),
  });
  const body = (await response.json()) as Sent;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/pipelines/${path}`, { headers: { 'x-api-key': gateway.key } });
  const body = (await response.json()) as Answer;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What the command says, and its exit code. ClickHouse answers in this process, so nothing may wait in it. */
async function sluice(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sluice.cjs');
  const all = { PATH: process.env['PATH'], SLUICE_URL: gateway.url, SLUICE_API_KEY: gateway.key, ...env };
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...argv], { env: all }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

test('the ledger shows what was written, and where each record went', async () => {
  await post('orders.eu', 0, numbers(0, 499));
  const { batch } = await post('orders.eu', 1, [...numbers(0, 2), 7]);
  assert.equal((await post('orders.eu', 0, numbers(400, 499))).duplicate, 100);
  await post('orders.us', 0, numbers(0, 9));
  const ledger = await get<LedgerAnswer>('orders/ledger?topic=orders.eu');
  assert.deepEqual([ledger.guarantee, ledger.identity, ledger.ledger], ['exactly-once', 'coordinates', { streams: 3, in_doubt: 0 }]);
  assert.deepEqual(ledger.streams, [
    { topic: 'orders.eu', partition: 0, done: [['0', '499']], intervals: 1, records: '500', gaps: [], gap_count: 0, next: '500' },
    {
      topic: 'orders.eu',
      partition: 1,
      done: [
        ['0', '2'],
        ['7', '7'],
      ],
      intervals: 2,
      records: '4',
      gaps: [['3', '6']],
      gap_count: 1,
      next: '8',
    },
  ]);
  const record = await get<RecordAnswer>('orders/ledger?topic=orders.eu&partition=1&offset=7');
  assert.deepEqual(
    { ...record, landed: { ...record.landed, at: '' } },
    {
      duplicate: true,
      in_doubt: false,
      landed: { table: 'default.all_orders', batch, at: '', row: 3 },
    },
  );
  const age = Date.now() - Date.parse(record.landed?.at ?? '');
  assert.ok(age >= 0 && age < 60_000, record.landed?.at);
  assert.deepEqual(await get('orders/ledger?topic=orders.eu&partition=1&offset=3'), { duplicate: false, in_doubt: false });
});

test('reconcile finds nothing while all is well', async () => {
  const { ok, topics } = await get<ReconcileAnswer>('orders/reconcile');
  assert.deepEqual(
    topics.map(({ topic, checked, ledger, table_rows: rows }) => [topic, checked, ledger, rows]),
    [
      ['orders.eu', 'offsets', '504', '504'],
      ['orders.us', 'offsets', '10', '10'],
    ],
  );
  assert.equal(ok, true);
  const { code, out } = await sluice(['reconcile', 'orders']);
  assert.deepEqual([code, out.trimEnd().split('\n').at(-1)], [0, 'Nothing is missing or doubled.']);
});

test('rows that were deleted, doubled or smuggled in are named by their offsets', async () => {
  await front.query(
    "ALTER TABLE all_orders DELETE WHERE __topic = 'orders.eu' AND __partition = 0 AND __offset BETWEEN 100 AND 102 SETTINGS mutations_sync = 1",
  );
  await front.query(
    "INSERT INTO all_orders SELECT * FROM all_orders WHERE __topic = 'orders.eu' AND __partition = 1 AND __offset IN (0, 1)",
  );
  await front.query("INSERT INTO all_orders (id, __topic, __partition, __offset) VALUES (1, 'orders.eu', 2, 77)");
  const { ok, topics } = await get<ReconcileAnswer>('orders/reconcile?topic=orders.eu');
  assert.deepEqual(topics, [
    {
      topic: 'orders.eu',
      table: 'default.all_orders',
      checked: 'offsets',
      ledger: '504',
      table_rows: '504',
      missing: [{ partition: 0, from: '100', to: '102' }],
      missing_total: '3',
      doubled: [{ partition: 1, from: '0', to: '1', copies: 2 }],
      doubled_total: '2',
      unknown_to_ledger: [{ partition: 2, from: '77', to: '77' }],
      unknown_total: '1',
      in_doubt: 0,
    },
  ]);
  assert.equal(ok, false);
  const { code, out } = await sluice(['reconcile', 'orders', '--topic', 'orders.eu']);
  assert.equal(code, 1);
  assert.match(out, /^orders\.eu: missing: partition 0, offsets 100–102$/m);
  assert.match(out, /^orders\.eu: doubled: partition 1, offsets 0–1$/m);
  const lost = await get<RecordAnswer>('orders/ledger?topic=orders.eu&partition=0&offset=101');
  assert.deepEqual(lost, {
    duplicate: true,
    in_doubt: false,
    landed_unknown: 'The table default.all_orders does not have the row any more',
  });
});

test('a table without offsets is compared by its number of rows', async () => {
  await post('stripped', 0, numbers(0, 9));
  const { topics } = await get<ReconcileAnswer>('stripped/reconcile');
  assert.deepEqual(
    topics.map(({ checked, ledger, table_rows: rows, missing_total: missing }) => [checked, ledger, rows, missing]),
    [['count', '10', '10', '0']],
  );
  await front.query('ALTER TABLE stripped DELETE WHERE id < 4 SETTINGS mutations_sync = 1');
  const { code, out } = await sluice(['reconcile', 'stripped', '--json']);
  assert.deepEqual([code, (JSON.parse(out) as ReconcileAnswer).topics[0]?.missing_total], [1, '4']);
});

test('delivery keys are asked for one by one, each of its own sender', async () => {
  const { batch } = await post('hooks', 0, [1, 2], { 'Idempotency-Key': '"k 1"' });
  const answer = await get<Record<string, unknown>>('hooks/ledger?key=k%201');
  assert.deepEqual([answer['duplicate'], answer['records'], (answer['landed'] as { batch: string }).batch], [true, '2', batch]);
  assert.deepEqual(await get('hooks/ledger?key=k%201&principal=somebody'), { duplicate: false, in_doubt: false });
  const { code, out } = await sluice(['ledger', 'hooks', '--key', 'k 1']);
  assert.deepEqual([code, out.split('\n')[0]], [0, 'It was written before: sent again, it is a duplicate.']);
  assert.deepEqual((await get<LedgerAnswer>('hooks/ledger')).streams, []);
  const { topics } = await get<ReconcileAnswer>('hooks/reconcile');
  assert.deepEqual([topics[0]?.checked, topics[0]?.table_rows], ['none', '2']);
});

test('nothing written, no table: still an answer', async () => {
  assert.deepEqual(await get('loose/reconcile'), { pipeline: 'loose', topics: [], ok: true });
  assert.deepEqual((await get<LedgerAnswer>('loose/ledger')).streams, []);
  assert.equal(
    (await sluice(['ledger', 'loose'])).out,
    'loose: at-least-once, identity coordinates, source default, epoch 0\n\nThe ledger has no offsets of it.\n',
  );
});

test('the guarantee is that of the real table, and check --tables --apply mends it', async () => {
  const guarantee = async (): Promise<unknown[]> => {
    const { guarantee: found, guarantee_reasons: reasons } = await get<Record<string, unknown>>('old');
    return [found, reasons];
  };
  const alter =
    'ALTER TABLE `default`.`old` ADD COLUMN IF NOT EXISTS _sluice_batch UUID, ADD COLUMN IF NOT EXISTS _sluice_row UInt32, MODIFY SETTING non_replicated_deduplication_window = 10000';
  const reason = 'The table default.old has no columns that say with which batch a row came';
  const forgets = 'The table default.old remembers no insert, so one that the network delivers late could land twice';
  assert.deepEqual(await guarantee(), ['at-least-once', [`${reason}: ${alter}`, forgets]]);
  const check = async (...argv: string[]): Promise<{ code: number; tables: Array<Record<string, unknown>> }> => {
    const args = ['check', '--tables', '--json', '--config', join(directory, 'sluice.yaml'), ...argv];
    const { code, out } = await sluice(args, { CH_PASSWORD: front.password });
    return { code, tables: (JSON.parse(out) as { tables: Array<Record<string, unknown>> }).tables };
  };
  const old = { pipeline: 'old', table: 'default.old', exists: true };
  const before = await check();
  assert.equal(before.code, 0);
  assert.deepEqual(
    before.tables.find(({ pipeline }) => pipeline === 'old'),
    { ...old, guarantee: 'at-least-once', reasons: [reason, forgets], alter },
  );
  assert.deepEqual(
    before.tables.map(({ pipeline, table, exists }) => [pipeline, table, exists]),
    [
      ['orders', 'default.all_orders', true],
      ['stripped', 'default.stripped', true],
      ['hooks', 'default.hooks', true],
      ['old', 'default.old', true],
      ['loose', 'default.loose', false],
    ],
  );
  assert.deepEqual(
    (await check('--apply')).tables.find(({ pipeline }) => pipeline === 'old'),
    { ...old, guarantee: 'exactly-once', reasons: [], alter: null, applied: true },
  );
  assert.deepEqual(await guarantee(), ['exactly-once', undefined]);
});

test('ClickHouse that is away is told as such, and the guarantee is not taken for granted', async () => {
  front.hooks = {
    before: (_statement, request) => {
      request.socket.destroy();
      return true;
    },
  };
  const { guarantee, guarantee_reasons: reasons } = await get<Record<string, unknown>>('old');
  assert.deepEqual(
    [guarantee, reasons],
    ['at-least-once', ['ClickHouse does not answer, so it is not known what the table default.old allows']],
  );
  const { code, err } = await sluice(['reconcile', 'orders']);
  assert.deepEqual([code, err], [1, 'ClickHouse did not answer: ask again later.\n']);
  assert.match((await sluice(['ledger', 'orders', '--topic=orders.eu', '--partition=1', '--offset=7'])).out, /cannot be asked now/);
  assert.doesNotMatch(err, /127\.0\.0\.1|SELECT|ECONN/);
  front.hooks = {};
});
