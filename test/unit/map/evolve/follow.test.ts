/** Tables that follow the schemas of their records: by themselves, when somebody approves it, or not at all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Batch } from '../../../../src/core/batch.ts';
import type { PipelineConfig } from '../../../../src/core/config.ts';
import { GatewayError } from '../../../../src/core/errors.ts';
import type { Drift, DriftTable } from '../../../../src/core/ports.ts';
import type { FieldType, RecordType } from '../../../../src/core/schema.ts';
import { createDrift } from '../../../../src/map/evolve/drift.ts';
import { createPending } from '../../../../src/map/evolve/pending.ts';
import { createInTurn } from '../../../../src/map/evolve/turns.ts';
import type { createMapper } from '../../../../src/map/mapper.ts';
import { createTableCatalog } from '../../../../src/map/tables.ts';
import { batchOf } from '../../../support/deliveries.ts';
import { createTestEngine, type TestEngine } from '../../../support/engine.ts';
import { mapperTo } from '../../../support/mappers.ts';
import { pipelineOf } from '../../../support/pipelines.ts';

const INT: FieldType = { kind: 'int', bits: 32, signed: true };
const LONG: FieldType = { kind: 'int', bits: 64, signed: true };
const TEXT: FieldType = { kind: 'string' };
const optional = (type: FieldType): FieldType => ({ kind: 'union', branches: [{ kind: 'null' }, type] });
const recordOf = (fields: Readonly<Record<string, FieldType>>): RecordType => ({
  kind: 'record',
  name: 'R',
  fields: Object.entries(fields).map(([name, type]) =>
    name === 'note' ? { name, aliases: [], type, doc: "what's said" } : { name, aliases: [], type },
  ),
});

let engine: TestEngine;
let map: ReturnType<typeof createMapper>;
let drift: Drift;
/** The newest schema of every topic. */
let newest: RecordType | undefined;

before(async () => {
  engine = await createTestEngine();
  const { destination } = engine;
  const shared = {
    catalog: createTableCatalog({ destination, now: Date.now }),
    pending: createPending(() => 1_000),
    inTurn: createInTurn(),
    cluster: undefined,
  };
  map = mapperTo(destination, shared);
  drift = createDrift({
    ...shared,
    destination,
    schemaOf: async () => await Promise.resolve(newest === undefined ? undefined : { record: newest }),
    tableOf: ({ table }) => ({ database: 'default', table }),
  });
});
after(async () => {
  await engine.close();
});

async function batchBy(schema: RecordType, body: string): Promise<Batch> {
  return { ...(await batchOf(body)), schemas: [schema] };
}

async function store(pipeline: PipelineConfig, schema: RecordType, body: string): Promise<void> {
  const rows = await map(await batchBy(schema, body), pipeline);
  assert.deepEqual(rows.rejections, []);
  await engine.insertRows(rows);
}

async function refusalOf(pipeline: PipelineConfig, schema: RecordType, body: string): Promise<unknown> {
  try {
    const { rejections } = await map(await batchBy(schema, body), pipeline);
    return rejections.map(({ ordinal, code, column }) => `${ordinal} ${code} ${column}`);
  } catch (error) {
    if (error instanceof GatewayError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

async function columnsOf(table: string): Promise<string[]> {
  const rows = await engine.destination.select<{ name: string; type: string; comment: string }>(
    `SELECT name, replaceRegexpAll(type, '\\\\s+', ' ') AS type, comment FROM system.columns WHERE table = '${table}' AND name NOT LIKE '\\_sluice%' ORDER BY position`,
  );
  return rows.map(({ name, type, comment }) => `${name} ${type}${comment === '' ? '' : ` -- ${comment}`}`);
}

const rowsOf = async (table: string): Promise<unknown[]> =>
  await engine.destination.select(`SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM ${table} ORDER BY id`);

test('a table has a column for every field of the schema, also for those that no record has', async () => {
  const schema = recordOf({
    id: INT,
    note: optional(TEXT),
    when: { kind: 'date' },
    free: { kind: 'any' },
    tags: { kind: 'array', items: TEXT },
  });
  await store(pipelineOf('whole', { orderBy: ['id'] }), schema, '{"id":1}');
  assert.deepEqual(await columnsOf('whole'), [
    'id Int32',
    "note Nullable(String) -- what's said",
    'when Nullable(Date32)',
    'tags Array(String)',
  ]);
});

test('documentation and names of a schema are text in statements, whatever they hold', async () => {
  const doc = "a\0b'); DROP TABLE whole; --\n\\' `x` {y:String}";
  const schema: RecordType = {
    kind: 'record',
    name: 'R',
    fields: [
      { name: 'id', aliases: [], type: INT, doc },
      { name: 'we\'ird "n{a}me', aliases: [], type: { kind: 'enum', name: 'E', names: ["o'n\\e", 't\two'] } },
    ],
  };
  const pipeline = pipelineOf('worded', { enumColumns: 'enum' });
  await store(pipeline, schema, '{"id":1,"we\'ird \\"n{a}me":"t\\two"}');
  assert.deepEqual(
    await engine.destination.select(
      "SELECT name, comment FROM system.columns WHERE table = 'worded' AND name NOT LIKE '\\_sluice%' ORDER BY position",
    ),
    [
      { name: 'id', comment: doc },
      { name: 'we\'ird "n{a}me', comment: '' },
    ],
  );
  assert.deepEqual(await rowsOf('worded'), [{ id: 1, 'we\'ird "n{a}me': 't\two' }]);
});

test('keys and partitions of a table are those of the pipeline', async () => {
  const schema = recordOf({ id: LONG, at: { kind: 'timestamp', digits: 3, local: false }, v: TEXT });
  const pipeline = pipelineOf('keyed', { pkFields: ['id'], orderBy: ['id', 'v'], partitionBy: { column: 'at', by: 'month' } });
  await store(pipeline, schema, '[{"id":1,"at":"2200-01-02T00:00:00.000Z","v":"x"},{"id":2,"at":"2026-01-31T23:59:59.999Z","v":"y"}]');
  const [table] = await engine.destination.select(
    "SELECT sorting_key, primary_key, partition_key, (SELECT groupArray(partition) FROM (SELECT DISTINCT partition FROM system.parts WHERE table = 'keyed' AND active ORDER BY partition)) AS partitions FROM system.tables WHERE name = 'keyed'",
  );
  assert.deepEqual(table, { sorting_key: 'id, v', primary_key: '(id)', partition_key: 'toYYYYMM(at)', partitions: ['202601', '220001'] });
  for (const [by, partition] of [
    ['value', '2026-01-31 23:59:59.999'],
    ['hour', '2026013123'],
    ['day', '20260131'],
    ['week', '202605'],
    ['year', '2026'],
  ] as const) {
    await store(pipelineOf(`by_${by}`, { partitionBy: { column: 'at', by } }), schema, '{"id":2,"at":"2026-01-31T23:59:59.999Z","v":"y"}');
    assert.deepEqual(
      await engine.destination.select(`SELECT partition FROM system.parts WHERE table = 'by_${by}' AND active`),
      [{ partition }],
      by,
    );
  }
});

test('new fields of a schema become columns, and columns that are too narrow are widened, in one go', async () => {
  const pipeline = pipelineOf('followed', { pkFields: ['id'] });
  await store(
    pipeline,
    recordOf({ id: INT, count: INT, state: TEXT, line: recordOf({ sku: TEXT }) }),
    '{"id":1,"count":5,"state":"a","line":{"sku":"x"}}',
  );
  const next = recordOf({
    id: LONG,
    count: LONG,
    state: optional(TEXT),
    line: recordOf({ sku: TEXT, size: INT }),
    note: optional(TEXT),
    more: INT,
  });
  await store(
    pipeline,
    next,
    '[{"id":2,"count":6,"state":null,"line":{"sku":"y","size":4},"note":"n","more":1},{"id":3,"count":4294967296,"state":"c","line":{"sku":"z","size":5},"note":null,"more":2}]',
  );
  assert.deepEqual(await columnsOf('followed'), [
    'id Int32',
    'count Int64',
    'state Nullable(String)',
    'line Tuple(sku String, size Nullable(Int32))',
    "note Nullable(String) -- what's said",
    'more Nullable(Int32)',
  ]);
  assert.deepEqual(await rowsOf('followed'), [
    { id: 1, count: '5', state: 'a', line: { sku: 'x', size: null }, note: null, more: null },
    { id: 2, count: '6', state: null, line: { sku: 'y', size: 4 }, note: 'n', more: 1 },
    { id: 3, count: '4294967296', state: 'c', line: { sku: 'z', size: 5 }, note: null, more: 2 },
  ]);
  assert.deepEqual(
    await refusalOf(pipeline, next, '{"id":4294967296,"count":1,"state":null,"line":{"sku":"y","size":4},"note":null,"more":1}'),
    ['0 out_of_range id'],
  );
});

test('a table follows only what its pipeline and the schema say, and not for a request that is refused all the same', async () => {
  const schema = recordOf({ id: INT, count: LONG, added: TEXT });
  const create = async (name: string): Promise<void> =>
    await engine.destination.execute(`CREATE TABLE ${name} (id Int32, count Int32) ENGINE = MergeTree ORDER BY id`);
  await create('fixed');
  const big = '{"id":1,"count":4294967296}';
  const cases: ReadonlyArray<readonly [pipeline: Partial<PipelineConfig>, body: string, refusal: unknown]> = [
    [{ autoEvolve: 'off' }, big, ['0 out_of_range count']],
    [{ autoEvolve: 'off' }, '{"id":1,"count":1,"added":"x"}', ['0 unknown_field added']],
    [{}, '{"id":1,"count":1,"strange":"x"}', ['0 unknown_field strange']],
    [{}, '{"id":1,"count":1.5}', ['0 precision_loss count']],
    [{}, `[${big},{"id":"x","count":1}]`, ['0 out_of_range count', '1 invalid_value id']],
    [{}, '{"id":1,"count":9223372036854775808}', ['0 out_of_range count']],
    [{ unknownFields: { do: 'ignore' } }, '{"id":1,"count":1,"added":"x"}', []],
  ];
  for (const [i, [changes, body, refusal]] of cases.entries())
    assert.deepEqual(
      await refusalOf({ ...pipelineOf('fixed', changes), name: `fixed${i}` }, schema, body),
      refusal,
      `${JSON.stringify(changes)} ${body}`,
    );
  assert.deepEqual(await columnsOf('fixed'), ['id Int32', 'count Int32']);
});

test('records wait until their change is approved, and then go in', async () => {
  const pipeline = pipelineOf('waiting', { topics: ['orders'], autoEvolve: 'approve', pkFields: ['id'] });
  await store(pipeline, recordOf({ id: INT, count: INT }), '{"id":1,"count":5}');
  newest = recordOf({ id: INT, count: LONG, note: optional(TEXT), later: { kind: 'any' } });
  const late = '[{"id":2,"count":4294967296,"note":"n"},{"id":3,"count":7,"note":null}]';
  const told =
    'table_change_pending: The table default.waiting has to change for these records, in note, count: look at GET /v1/pipelines/waiting/drift and approve it';
  assert.equal(await refusalOf(pipeline, newest, late), told);
  assert.equal(await refusalOf(pipeline, newest, late), told);
  assert.deepEqual(await columnsOf('waiting'), ['id Int32', 'count Int32'], 'nothing was changed');

  const shown = await drift.show(pipeline);
  const [table] = shown.tables;
  assert.deepEqual(shown, {
    pipeline: 'waiting',
    auto_evolve: 'approve',
    tables: [
      {
        table: 'default.waiting',
        topic: 'orders',
        has_schema: true,
        exists: true,
        changes: [
          { column: 'count', change: 'widen', from: 'Int32', to: 'Int64', effect: 'rewrites the column' },
          { column: 'note', change: 'add', to: 'Nullable(String)', effect: 'metadata only' },
        ],
        decided_by_records: ['later'],
        plan: table?.plan,
        statement:
          "ALTER TABLE `default`.`waiting` MODIFY COLUMN IF EXISTS `count` Int64, ADD COLUMN IF NOT EXISTS `note` Nullable(String) COMMENT 'what\\'s said'",
        rows: '1',
        waiting: { since: '1970-01-01T00:00:01.000Z', deliveries: 2, columns: ['note', 'count'] },
      },
    ],
  });
  await assert.rejects(drift.approve(pipeline, { plan: '0123456789abcdef' }), { code: 'plan_changed' });
  assert.deepEqual(await columnsOf('waiting'), ['id Int32', 'count Int32']);
  const approved: DriftTable = await drift.approve(pipeline, { plan: table?.plan ?? '' });
  assert.deepEqual([approved.changes, approved.waiting, approved.plan], [[], undefined, undefined]);
  await store(pipeline, newest, late);
  assert.deepEqual(await rowsOf('waiting'), [
    { id: 1, count: '5', note: null },
    { id: 2, count: '4294967296', note: 'n' },
    { id: 3, count: '7', note: null },
  ]);
  await assert.rejects(drift.approve(pipeline, { plan: table?.plan ?? '' }), { code: 'plan_changed' }, 'a plan is approved once');
});

test('fields that no schema declares wait too, where the pipeline lets them in', async () => {
  const pipeline = pipelineOf('inferred', { autoEvolve: 'approve', unknownFields: { do: 'evolve' } });
  newest = undefined;
  const told = async (body: string): Promise<unknown> => {
    try {
      return (await map(await batchOf(body), pipeline)).rejections;
    } catch (error) {
      return (error as GatewayError).code;
    }
  };
  assert.deepEqual(await told('{"id":1}'), []);
  assert.equal(await told('{"id":2,"a":1.5}'), 'table_change_pending');
  assert.equal(await told('{"id":2,"b":"x"}'), 'table_change_pending');
  const table = (await drift.show(pipeline)).tables.find(({ topic }) => topic === 'orders');
  assert.deepEqual(
    [table?.has_schema, table?.changes.map(({ column, to }) => [column, to]), table?.waiting?.deliveries],
    [
      false,
      [
        ['a', 'Nullable(Float64)'],
        ['b', 'Nullable(String)'],
      ],
      2,
    ],
  );
  await drift.approve(pipeline, { plan: table?.plan ?? '', topic: 'orders' });
  assert.deepEqual(await columnsOf('inferred'), ['id Int64', 'a Nullable(Float64)', 'b Nullable(String)']);
});

test('a table that somebody else changed is read again before a record is refused', async () => {
  const pipeline = pipelineOf('elsewhere', { autoEvolve: 'off' });
  const schema = recordOf({ id: INT, added: TEXT });
  await store(pipeline, recordOf({ id: INT }), '{"id":1}');
  await engine.destination.execute('ALTER TABLE elsewhere ADD COLUMN added String');
  // A table is asked again once a second at most.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await store(pipeline, schema, '{"id":2,"added":"x"}');
  assert.deepEqual(await rowsOf('elsewhere'), [
    { id: 1, added: '' },
    { id: 2, added: 'x' },
  ]);
});

test('two gateways that follow different versions of a schema at once end with both', async () => {
  const pipeline = pipelineOf('raced');
  const other = mapperTo(engine.destination);
  await store(pipeline, recordOf({ id: INT }), '{"id":0}');
  await Promise.all(
    Array.from({ length: 16 }, async (_, i) => {
      const field = `f${i % 4}`;
      const schema = recordOf({ id: LONG, [field]: optional(i % 2 === 0 ? LONG : TEXT) });
      const body = `{"id":${i < 8 ? i : 4294967296 + i},"${field}":${i % 2 === 0 ? i : `"${i}"`}}`;
      const rows = await (i % 3 === 0 ? map : other)(await batchBy(schema, body), pipeline);
      assert.deepEqual(rows.rejections, []);
      await engine.insertRows(rows);
    }),
  );
  assert.deepEqual((await columnsOf('raced')).toSorted(), [
    'f0 Nullable(Int64)',
    'f1 Nullable(String)',
    'f2 Nullable(Int64)',
    'f3 Nullable(String)',
    'id Int64',
  ]);
  assert.deepEqual(
    await engine.destination.select(
      'SELECT count() AS n, sum(id) AS ids, sum(f0) AS f0, groupArray(f3) AS f3 FROM (SELECT * FROM raced ORDER BY id)',
    ),
    [{ n: '17', ids: String(28 + 8 * 4294967296 + 92), f0: String(0 + 4 + 8 + 12), f3: ['3', '7', '11', '15'] }],
  );
});
