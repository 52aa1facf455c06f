import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CoordinateColumns, type Destination, DestinationError, type TableRange, type TopicRows } from '../../../src/core/ports.ts';
import type { TableSchema } from '../../../src/core/table.ts';
import { createTableView } from '../../../src/insert/table-view.ts';
import { createTableCatalog } from '../../../src/map/tables.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';
import { seededRandom } from '../../support/random.ts';

let engine: TestEngine;

before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const ONE: CoordinateColumns = { topic: 'topic', partition: { name: 'p', isText: false }, offset: { name: 'o', isText: false } };
const PROVENANCE = '_sluice_batch UUID, _sluice_row UInt32';
const BATCH = (n: number): string => `0198c5a0-0000-7000-8000-${String(n).padStart(12, '0')}`;

let serial = 0;

/** A table with these columns and rows. */
async function tableOf(columns: string, ...selects: readonly string[]): Promise<TableSchema> {
  const table = `view_${++serial}`;
  const { destination } = engine;
  await destination.execute(`CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY tuple()`);
  for (const select of selects) await destination.execute(`INSERT INTO ${table} ${select}`);
  const schema = await createTableCatalog({ destination, now: Date.now }).get({ database: 'default', table });
  assert.ok(schema);
  return schema;
}

function rowsOf(columns: readonly CoordinateColumns[] = [ONE], topic = 'a', isOnlyTopic = true): TopicRows {
  return { columns, topic, isOnlyTopic };
}

async function ranges(table: TableSchema, rows = rowsOf()): Promise<string[]> {
  const found = await createTableView(engine.destination).ranges(table, rows);
  assert.notEqual(found, 'too-many');
  return (found as TableRange[]).map(
    ({ partition, from, to, copies }) => `${partition}: ${from}${from === to ? '' : `-${to}`}${copies === 1 ? '' : ` ×${copies}`}`,
  );
}

test('whole buckets, gaps and doubled rows of two partitions', async () => {
  const table = await tableOf(
    'topic String, p Int32, o Int64',
    "SELECT 'a', 0, number FROM numbers(200000)",
    "SELECT 'a', 1, number + 70000 FROM numbers(10)",
    "SELECT 'a', 1, 70003 FROM numbers(2)",
    "SELECT 'a', 1, 9223372036854775807",
    "SELECT 'b', 0, 5",
  );
  assert.deepEqual(await ranges(table), [
    '0: 0-65535',
    '0: 65536-131071',
    '0: 131072-196607',
    '0: 196608-199999',
    '1: 70000-70002',
    '1: 70003 ×3',
    '1: 70004-70009',
    '1: 9223372036854775807',
  ]);
  assert.deepEqual(await ranges(table, rowsOf([ONE], 'b')), ['0: 5']);
  assert.deepEqual(await ranges(table, rowsOf([ONE], "it's \\ `x` {topic}")), []);
});

test('coordinates as text, nullable, negative, or not there', async () => {
  const table = await tableOf(
    'topic Nullable(String), p Nullable(Int64), o LowCardinality(Nullable(String))',
    "VALUES ('a', 0, '7'), ('a', 0, '008'), ('a', 0, 'x'), ('a', NULL, '9'), ('a', 0, NULL), ('a', -1, '3'), ('a', 0, '-3'), ('a', 0, '9223372036854775808'), (NULL, 0, '12')",
  );
  const columns = [{ ...ONE, offset: { name: 'o', isText: true } }];
  assert.deepEqual(await ranges(table, rowsOf(columns)), ['0: 7-8', '0: 12']);
  assert.deepEqual(await ranges(table, rowsOf(columns, 'a', false)), ['0: 7-8']);
});

test('two groups of columns: a row is in the first it has values for', async () => {
  const table = await tableOf(
    'p Nullable(Int32), o Nullable(Int64), p2 Nullable(UInt64), o2 Nullable(UInt64)',
    'VALUES (0, 1, NULL, NULL), (NULL, NULL, 0, 2), (NULL, NULL, 0, 18446744073709551615)',
  );
  const columns = [
    { topic: undefined, partition: { name: 'p', isText: false }, offset: { name: 'o', isText: false } },
    { topic: undefined, partition: { name: 'p2', isText: false }, offset: { name: 'o2', isText: false } },
  ];
  assert.deepEqual(await ranges(table, rowsOf(columns)), ['0: 1-2']);
  const view = createTableView(engine.destination);
  assert.equal((await view.find(table, rowsOf(columns), { partition: 0, offset: 2n })).length, 1);
  assert.equal((await view.find(table, rowsOf(columns), { partition: 0, offset: 3n })).length, 0);
});

test('it agrees with counting by hand, over bucket borders', async () => {
  const random = seededRandom(20261125);
  for (let round = 0; round < 10; round++) {
    const expected = new Map<string, number>();
    const values: string[] = [];
    for (let i = 0; i < 300; i++) {
      const [p, o] = [Math.floor(random() * 2), 65_536 * (1 + Math.floor(random() * 30)) - 10 + Math.floor(random() * 20)];
      expected.set(`${p} ${o}`, (expected.get(`${p} ${o}`) ?? 0) + 1);
      values.push(`('a', ${p}, ${o})`);
    }
    const table = await tableOf('topic String, p Int32, o Int64', `VALUES ${values.join()}`);
    const found = await createTableView(engine.destination).ranges(table, rowsOf());
    const single = (found as TableRange[]).flatMap(({ partition, from, to, copies }) =>
      Array.from({ length: Number(to - from) + 1 }, (_, i) => [`${partition} ${Number(from) + i}`, copies] as const),
    );
    assert.deepEqual(new Map(single), expected);
    assert.equal(single.length, expected.size);
  }
});

test('one record is found by its coordinates, with the batch and row it came with', async () => {
  const view = createTableView(engine.destination);
  const table = await tableOf(
    `topic String, p Int32, o UInt64, ${PROVENANCE}`,
    `VALUES ('a', 0, 7, '${BATCH(1)}', 3), ('a', 0, 8, '${BATCH(2)}', 0), ('a', 0, 8, '${BATCH(1)}', 4), ('b', 0, 7, '${BATCH(9)}', 0)`,
    "VALUES ('a', 0, 9, '00000000-0000-0000-0000-000000000000', 0)",
  );
  assert.deepEqual(await view.find(table, rowsOf(), { partition: 0, offset: 7n }), [{ batch: BATCH(1), row: 3 }]);
  assert.deepEqual(await view.find(table, rowsOf(), { partition: 0, offset: 8n }), [
    { batch: BATCH(1), row: 4 },
    { batch: BATCH(2), row: 0 },
  ]);
  assert.deepEqual(await view.find(table, rowsOf(), { partition: 0, offset: 9n }), [{ batch: undefined, row: 0 }]);
  assert.deepEqual(await view.find(table, rowsOf(), { partition: 0, offset: 2n ** 63n - 1n }), []);
  const plain = await tableOf('topic String, p Int32, o String', "VALUES ('a', 0, '007')");
  const columns = [{ ...ONE, offset: { name: 'o', isText: true } }];
  assert.deepEqual(await view.find(plain, rowsOf(columns), { partition: 0, offset: 7n }), [{ batch: undefined, row: 0 }]);
});

test('rows that came with a batch are counted, but for batches that are not settled', async () => {
  const view = createTableView(engine.destination);
  const table = await tableOf(
    PROVENANCE,
    `SELECT '${BATCH(1)}', number FROM numbers(10)`,
    `SELECT '${BATCH(2)}', number FROM numbers(5)`,
    "SELECT '00000000-0000-0000-0000-000000000000', 0 FROM numbers(3)",
  );
  assert.equal(await view.countWritten(table, []), 15n);
  assert.equal(await view.countWritten(table, [BATCH(2), BATCH(3)]), 10n);
  assert.equal(await view.countWritten(await tableOf('id Int64'), []), undefined);
  assert.equal(await view.countWritten(await tableOf('_sluice_batch String, _sluice_row UInt32'), []), undefined);
});

test('names of columns and tables are quoted', async () => {
  const { destination } = engine;
  await destination.execute('CREATE TABLE `od``d \\\\ name` (`the ``p` Int32, `o, 1 --` Int64) ENGINE = MergeTree ORDER BY tuple()');
  await destination.execute('INSERT INTO `od``d \\\\ name` VALUES (0, 4)');
  const table = await createTableCatalog({ destination, now: Date.now }).get({ database: 'default', table: 'od`d \\ name' });
  assert.ok(table);
  const columns = [{ topic: undefined, partition: { name: 'the `p', isText: false }, offset: { name: 'o, 1 --', isText: false } }];
  assert.deepEqual(await ranges(table, rowsOf(columns)), ['0: 4']);
});

test('a question that is too large is no failure, every other one is', async () => {
  const table = await tableOf('topic String, p Int32, o Int64');
  const failing = (clickhouseCode: number): Pick<Destination, 'select' | 'execute' | 'kind'> => ({
    ...engine.destination,
    select: async () =>
      await Promise.reject(new DestinationError('ClickHouse asks to slow down', { failure: 'back-off', applied: 'no', clickhouseCode })),
  });
  assert.equal(await createTableView(failing(241)).ranges(table, rowsOf()), 'too-many');
  assert.equal(await createTableView(failing(159)).ranges(table, rowsOf()), 'too-many');
  await assert.rejects(createTableView(failing(202)).ranges(table, rowsOf()), DestinationError);
  const gappy = await tableOf('topic String, p Int32, o Int64', "SELECT 'a', 0, number * 32768 FROM numbers(2000)");
  assert.equal(await createTableView(engine.destination).ranges(gappy, rowsOf()), 'too-many');
});

test('a replica is brought up to date first, and a server keeps its own limits', async () => {
  const statements: string[] = [];
  const destination: Pick<Destination, 'select' | 'execute' | 'kind'> = {
    kind: 'clickhouse',
    select: async (sql) => {
      statements.push(sql);
      return await Promise.resolve([]);
    },
    execute: async (sql) => {
      statements.push(sql);
      await Promise.resolve();
    },
  };
  const table = { ...(await tableOf('topic String, p Int32, o Int64')), engine: 'ReplicatedMergeTree' };
  assert.deepEqual(await createTableView(destination).ranges(table, rowsOf()), []);
  assert.equal(statements[0], `SYSTEM SYNC REPLICA \`default\`.\`${table.name.table}\``);
  assert.doesNotMatch(statements.join(), /SETTINGS/);
});
