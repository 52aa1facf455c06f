import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { DestinationError, type ReconcileTopic, type TableRange } from '../../../src/core/ports.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { type Bench, COORDINATES, createBench, schemaOf } from './inspection-support.ts';

const orders = pipelineOf('orders');
const TABLE = { database: 'default', table: 'orders' };
const { __topic: _, ...WITHOUT_TOPIC } = COORDINATES;
const PROVEN = { id: 'Int64', _sluice_batch: 'UUID', _sluice_row: 'UInt32' };

let bench: Bench;

beforeEach(async () => {
  bench = await createBench();
});

const range = (from: number, to: number, copies = 1): TableRange => ({ partition: 0, from: BigInt(from), to: BigInt(to), copies });

/** What is not as it is when all is well. */
function facts(topic: ReconcileTopic | undefined): Record<string, unknown> {
  const empty = (value: unknown): boolean => (Array.isArray(value) ? value.length === 0 : value === '0' || value === 0);
  return Object.fromEntries(Object.entries(topic ?? {}).filter(([name, value]) => !(empty(value) && !/^(ledger|table_rows)$/.test(name))));
}

test('by offsets, where the table keeps them', async () => {
  await bench.write(orders, 'orders', [[0, 0, 10]]);
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  bench.ranges = () => [range(0, 9)];
  const well = await bench.inspection.reconcile(orders);
  assert.deepEqual(well, {
    pipeline: 'orders',
    topics: [
      {
        topic: 'orders',
        table: 'default.orders',
        checked: 'offsets',
        ledger: '10',
        table_rows: '10',
        missing: [],
        missing_total: '0',
        doubled: [],
        doubled_total: '0',
        unknown_to_ledger: [],
        unknown_total: '0',
        in_doubt: 0,
      },
    ],
    ok: true,
  });
  bench.ranges = () => [range(0, 3), range(4, 5, 2), range(8, 11)];
  const ill = await bench.inspection.reconcile(orders, 'orders');
  assert.equal(ill.ok, false);
  assert.deepEqual(facts(ill.topics[0]), {
    topic: 'orders',
    table: 'default.orders',
    checked: 'offsets',
    ledger: '10',
    table_rows: '12',
    missing: [{ partition: 0, from: '6', to: '7' }],
    missing_total: '2',
    doubled: [{ partition: 0, from: '4', to: '5', copies: 2 }],
    doubled_total: '2',
    unknown_to_ledger: [{ partition: 0, from: '10', to: '11' }],
    unknown_total: '2',
  });
  bench.ranges = () => [range(0, 11)];
  assert.equal((await bench.inspection.reconcile(orders)).ok, true, 'rows of others are no loss');
});

test('batches in doubt, and what lands meanwhile, are no difference', async () => {
  await bench.write(orders, 'orders', [[0, 0, 10]]);
  const open = await bench.write(orders, 'orders', [[0, 10, 5]], 'open');
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  let during = false;
  bench.ranges = async () => {
    if (!during) await bench.write(orders, 'orders', [[0, 15, 5]]);
    during = true;
    return [range(0, 17)];
  };
  assert.deepEqual(facts((await bench.inspection.reconcile(orders)).topics[0]), {
    topic: 'orders',
    table: 'default.orders',
    checked: 'offsets',
    ledger: '10',
    table_rows: '18',
    in_doubt: 5,
  });
  bench.ledger.void(open);
  assert.deepEqual((await bench.inspection.reconcile(orders)).topics[0]?.unknown_to_ledger, [{ partition: 0, from: '10', to: '14' }]);
});

test('a table that is gone has lost everything; one that only keeps the last row of a key has lost nothing', async () => {
  await bench.write(orders, 'orders', [[0, 0, 10]]);
  const gone = await bench.inspection.reconcile(orders);
  assert.deepEqual(
    [gone.ok, facts(gone.topics[0])],
    [
      false,
      {
        topic: 'orders',
        table: 'default.orders',
        checked: 'offsets',
        reason: 'The table default.orders does not exist',
        ledger: '10',
        table_rows: '0',
        missing: [{ partition: 0, from: '0', to: '9' }],
        missing_total: '10',
      },
    ],
  );
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES, { engine: 'ReplacingMergeTree' }));
  bench.ranges = () => [range(5, 9)];
  const merged = await bench.inspection.reconcile(orders);
  assert.deepEqual(
    [merged.ok, merged.topics[0]?.reason],
    [true, 'ReplacingMergeTree keeps the last row of a key, so rows that are not there may have been replaced'],
  );
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES, { engine: 'Memory', lacks: ['engine'] }));
  assert.deepEqual(facts((await bench.inspection.reconcile(orders)).topics[0]), {
    topic: 'orders',
    table: 'default.orders',
    checked: 'none',
    reason: 'The table has the engine Memory, which does not keep rows apart',
    ledger: '10',
  });
});

test('by numbers, where the table does not keep offsets', async () => {
  await bench.write(orders, 'orders', [[0, 0, 10]]);
  const open = await bench.write(orders, 'orders', [[0, 10, 5]], 'open');
  bench.schemas.set('default.orders', schemaOf(TABLE, PROVEN));
  const count = async (written: bigint | undefined): Promise<unknown[]> => {
    bench.written = written;
    const { ok, topics } = await bench.inspection.reconcile(orders);
    return [ok, topics[0]?.checked, topics[0]?.table_rows, topics[0]?.missing_total, topics[0]?.unknown_total];
  };
  assert.deepEqual(await count(10n), [true, 'count', '10', '0', '0']);
  assert.deepEqual(bench.excepted, [open]);
  assert.deepEqual(await count(7n), [false, 'count', '7', '3', '0']);
  assert.deepEqual(await count(15n), [true, 'count', '15', '0', '0']);
  assert.deepEqual(await count(17n), [true, 'count', '17', '0', '2']);
  assert.deepEqual(await count(undefined), [true, 'none', undefined, '0', '0']);
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  bench.ranges = () => 'too-many';
  assert.deepEqual(await count(9n), [false, 'count', '9', '1', '0']);
});

test('topics that share a table are told apart by a column, or counted together', async () => {
  const all = pipelineOf('all', { table: 'orders', topics: [/.*/] });
  await bench.write(all, 'a', [[0, 0, 10]]);
  await bench.write(all, 'b', [[0, 0, 3]]);
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  bench.ranges = () => (bench.asked.at(-1)?.topic === 'a' ? [range(0, 9)] : [range(0, 1)]);
  const apart = await bench.inspection.reconcile(all);
  assert.deepEqual(
    apart.topics.map(({ topic, checked, missing_total: missing }) => [topic, checked, missing]),
    [
      ['a', 'offsets', '0'],
      ['b', 'offsets', '1'],
    ],
  );
  assert.deepEqual(
    bench.asked.map(({ isOnlyTopic }) => isOnlyTopic),
    [false, false],
  );
  bench.schemas.set('default.orders', schemaOf(TABLE, WITHOUT_TOPIC));
  bench.written = 12n;
  const together = await bench.inspection.reconcile(all);
  assert.deepEqual(
    together.topics.map(({ topic, checked, ledger, missing_total: missing }) => [topic, checked, ledger, missing]),
    [['*', 'count', '13', '1']],
  );
  const one = await bench.inspection.reconcile(all, 'a');
  assert.deepEqual(facts(one.topics[0]), {
    topic: 'a',
    table: 'default.orders',
    checked: 'none',
    reason: 'The table has rows of several topics and no column with the topic: compare all topics of the pipeline at once',
    ledger: '10',
  });
});

test('a pipeline without offsets is counted, as far as its table is known', async () => {
  const hooks = pipelineOf('hooks', { identity: { kind: 'key' } });
  assert.deepEqual(await bench.inspection.reconcile(hooks), { pipeline: 'hooks', topics: [], ok: true });
  bench.schemas.set('default.hooks', schemaOf({ database: 'default', table: 'hooks' }, PROVEN));
  bench.written = 5n;
  assert.deepEqual(facts((await bench.inspection.reconcile(hooks)).topics[0]), {
    topic: '*',
    table: 'default.hooks',
    checked: 'none',
    reason: 'Records are recognised by key, of which the ledger keeps no list',
    ledger: '0',
    table_rows: '5',
  });
});

test('more than a hundred topics are not compared at once', async () => {
  const all = pipelineOf('all', { table: '${topic}', topics: [/.*/] });
  for (let i = 0; i < 103; i++) await bench.write(all, `t${i}`, [[0, 0, 1]]);
  const answer = await bench.inspection.reconcile(all);
  assert.deepEqual([answer.topics.length, answer.more_topics], [100, 3]);
  assert.equal(
    answer.topics[0]?.reason,
    'The table default.t0 does not exist: all of it is missing, unless the records were posted under another topic than they name',
  );
});

test('a topic that makes no table name is told, and does not end the rest', async () => {
  const all = pipelineOf('all', { table: '${topic}', topics: [/.*/] });
  const long = 'x'.repeat(200);
  const answer = await bench.inspection.reconcile(all, long);
  assert.deepEqual(answer.topics.map(facts), [
    { topic: long, table: '', checked: 'none', reason: 'The topic makes no table name', ledger: '0' },
  ]);
});

test('one at a time; the same question twice is one; a failure is that of its question only', async () => {
  const other = pipelineOf('other');
  for (const name of ['orders', 'other']) bench.schemas.set(`default.${name}`, schemaOf({ database: 'default', table: name }, COORDINATES));
  await bench.write(orders, 'orders', [[0, 0, 1]]);
  await bench.write(other, 'other', [[0, 0, 1]]);
  let running = 0;
  let most = 0;
  const refused = new DestinationError('ClickHouse is not reachable', { failure: 'unknown-outcome', applied: 'no' });
  bench.ranges = async () => {
    most = Math.max(most, ++running);
    await wait(20);
    running -= 1;
    throw refused;
  };
  const answers = await Promise.allSettled([
    bench.inspection.reconcile(orders),
    bench.inspection.reconcile(orders),
    bench.inspection.reconcile(other),
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.status === 'rejected' && answer.reason === refused),
    [true, true, true],
  );
  assert.deepEqual([most, bench.asked.length], [1, 2]);
  bench.ranges = () => [range(0, 0)];
  assert.equal((await bench.inspection.reconcile(orders)).ok, true);
});
