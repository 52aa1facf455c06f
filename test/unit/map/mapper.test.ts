/** Records into rows of real tables: rules of the pipeline, tables that make themselves and follow, and what is refused. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PipelineConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import type { RowSet } from '../../../src/core/insert.ts';
import { DestinationError } from '../../../src/core/ports.ts';
import type { createMapper } from '../../../src/map/mapper.ts';
import { createTableCatalog } from '../../../src/map/tables.ts';
import { batchOf } from '../../support/deliveries.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';
import { mapperTo } from '../../support/mappers.ts';
import { pipelineOf } from '../../support/pipelines.ts';

let engine: TestEngine;
let map: ReturnType<typeof createMapper>;

before(async () => {
  engine = await createTestEngine();
  map = mapper();
});
after(async () => {
  await engine.close();
});

function mapper(): ReturnType<typeof createMapper> {
  return mapperTo(engine.destination);
}

const create = async (table: string, columns: string, rest = 'ENGINE = MergeTree ORDER BY tuple()'): Promise<void> =>
  await engine.destination.execute(`CREATE TABLE ${table} (${columns}) ${rest}`);
const rowsOf = async (table: string, order = 'tuple()'): Promise<unknown[]> =>
  await engine.destination.select(`SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM ${table} ORDER BY ${order}`);
const typesOf = async (table: string): Promise<Record<string, string>> => {
  const rows = await engine.destination.select<{ name: string; type: string }>(
    `SELECT name, type FROM system.columns WHERE table = '${table}' AND name NOT LIKE '\\_sluice%' ORDER BY position`,
  );
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
};

/** The text of each row, and which buffer it stands in: `body` or `new`. */
function textsOf({ rows: { sources, spans } }: RowSet): string[] {
  const texts: string[] = [];
  for (let i = 0; i < spans.length; i += 3) {
    texts.push(`${spans[i] === 0 ? 'body' : 'new'} ${sources[spans[i] ?? 0]?.toString('utf8', spans[i + 1], spans[i + 2])}`);
  }
  return texts;
}

async function store(pipeline: PipelineConfig, body: string): Promise<RowSet> {
  const rows = await map(await batchOf(body), pipeline);
  assert.deepEqual(rows.rejections, []);
  await engine.insertRows(rows);
  return rows;
}

async function rejectionsOf(pipeline: PipelineConfig, body: string): Promise<string[]> {
  const { rejections } = await map(await batchOf(body), pipeline);
  return rejections.map(({ ordinal, code, column }) => `${ordinal} ${code} ${column ?? ''}`.trim());
}

test('a record that needs no change is its own row; the others are written anew', async () => {
  await create('own', 'id Int32, name String, n Nullable(Int8)');
  const body =
    '[{"id":1,"name":"a"}, {"name": "b\\u00e9" , "id": 2}, {"id":3.0,"name":"c","n":1},{"id":4,\n"name":"d"},{"id":"5","name":6}]';
  const rows = await store(pipelineOf('own'), body);
  assert.deepEqual(textsOf(rows), [
    'body {"id":1,"name":"a"}',
    'body {"name": "b\\u00e9" , "id": 2}',
    'new {"id":3,"name":"c","n":1}',
    'new {"id":4, "name":"d"}',
    'new {"id":"5","name":"6"}',
  ]);
  assert.deepEqual(await rowsOf('own', 'id'), [
    { id: 1, name: 'a', n: null },
    { id: 2, name: 'bé', n: null },
    { id: 3, name: 'c', n: 1 },
    { id: 4, name: 'd', n: null },
    { id: 5, name: '6', n: null },
  ]);
});

test('bad records are rejections with index and path, good ones stay rows', async () => {
  await create('mixed', 'id Int8, t Tuple(a Array(Int8)), d Date DEFAULT today()');
  const body =
    '[{"id":1,"t":{"a":[1]}},{"id":300,"t":{"a":[1]}},{"id":2,"t":{"a":[1,999]}},{"t":{"a":[]}},null,{"id":3,"t":{"a":[]},"x":1},{"id":4,"t":{"a":[]},"d":"2026-02-30"}]';
  const rows = await map(await batchOf(body), pipelineOf('mixed'));
  assert.deepEqual(
    rows.rejections.map(({ ordinal, code, column }) => [ordinal, code, column]),
    [
      [1, 'out_of_range', 'id'],
      [2, 'out_of_range', 't.a[1]'],
      [3, 'missing_value', 'id'],
      [4, 'record_not_object', undefined],
      [5, 'unknown_field', 'x'],
      [6, 'invalid_value', 'd'],
    ],
  );
  assert.deepEqual([...rows.ordinals], [0]);
  assert.deepEqual(textsOf(rows), ['body {"id":1,"t":{"a":[1]}}']);
});

test('columns are matched letter for letter, computed ones cannot be given, defaults stand in', async () => {
  await create(
    'kinds',
    "id Int32, `Weird name.x` String DEFAULT concat('d', toString(id)), m Int32 MATERIALIZED id + 1, al Int32 ALIAS id + 2, e Int32 EPHEMERAL 5, fe Int32 DEFAULT e * 2, agg AggregateFunction(sum, UInt8)",
  );
  const pipeline = pipelineOf('kinds');
  await store(pipeline, '[{"id":1},{"id":2,"Weird name.x":"w","e":7}]');
  assert.deepEqual(await engine.destination.select('SELECT id, `Weird name.x` AS w, m, al, fe FROM kinds ORDER BY id'), [
    { id: 1, w: 'd1', m: 2, al: 3, fe: 10 },
    { id: 2, w: 'w', m: 3, al: 4, fe: 14 },
  ]);
  assert.deepEqual(await rejectionsOf(pipeline, '[{"id":1,"m":1},{"ID":1},{"id":1,"al":1},{"id":1,"agg":1}]'), [
    '0 unknown_field m',
    '1 unknown_field ID',
    '2 unknown_field al',
    '3 unknown_field agg',
  ]);
});

test('fields are renamed, taken out of objects, dropped and given a unit', async () => {
  await create('ruled', "id Int64, amount Decimal(10, 2), city Nullable(String), created DateTime64(3, 'UTC'), addr Nullable(String)");
  const pipeline = pipelineOf('ruled', {
    columns: {
      id: { from: 'key' },
      amount: { from: 'amount.eur' },
      city: { from: 'addr.city.name' },
      created: { unit: 'ms' },
      note: { drop: true },
    },
    unknownFields: { do: 'ignore' },
  });
  await store(
    pipeline,
    '[{"key":1,"amount":{"eur":1.50,"usd":2},"addr":{"city":{"name":"Bern"},"zip":3000},"created":1767225600123,"note":[1]},{"key":2,"amount":{"eur":2},"created":0,"addr":null}]',
  );
  assert.deepEqual(await rowsOf('ruled', 'id'), [
    { id: '1', amount: 1.5, city: 'Bern', created: '2026-01-01 00:00:00.123', addr: '{"city":{"name":"Bern"},"zip":3000}' },
    { id: '2', amount: 2, city: null, created: '1970-01-01 00:00:00.000', addr: null },
  ]);
  assert.deepEqual(
    await rejectionsOf(
      pipeline,
      '[{"key":1,"created":0},{"key":1,"created":0,"amount":{"usd":1}},{"key":1,"created":0,"amount":5},{"key":1,"created":0,"amount":{"eur":1.239}},{"created":0,"amount":{"eur":1}}]',
    ),
    ['0 missing_value amount', '1 missing_value amount', '2 wrong_type amount', '3 precision_loss amount', '4 missing_value id'],
  );
  const strict = pipelineOf('ruled2', { table: 'ruled', columns: { amount: { from: 'amount.eur' } } });
  assert.deepEqual(await rejectionsOf(strict, '{"id":1,"created":"2026-01-01T00:00:00Z","amount":{"eur":1,"usd":2}}'), [
    '0 unknown_field amount.usd',
  ]);
});

test('a rule that does not fit the table is told to the operator', async () => {
  await create('fitting', 'id Int64');
  const told = async (changes: Partial<PipelineConfig>): Promise<string> =>
    await map(await batchOf('{"id":1}'), pipelineOf('fitting', { name: `f${Object.keys(changes).join('')}`, ...changes })).then(
      () => assert.fail('accepted'),
      (error: unknown) => (error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error)),
    );
  assert.equal(
    await told({ columns: { gone: { unit: 'ms' } } }),
    'table_unsuitable: Pipeline fcolumns, columns.gone: the table default.fitting has no such column that can be written: add it, or take the rule out',
  );
  assert.equal(
    await told({ unknownFields: { do: 'into', column: 'id' } }),
    'table_unsuitable: Pipeline funknownFields, unknown_fields.into: the table default.fitting has no column id of type JSON, Map or String',
  );
  assert.equal(
    await told({ table: 'nowhere', autoCreate: 'off' }),
    'table_missing: The table default.nowhere of pipeline ftableautoCreate does not exist: create it, or let the pipeline with auto_create: infer',
  );
});

test('unknown fields are refused, left out, or kept together', async () => {
  await create('kept_json', 'id Int32, rest JSON');
  await create('kept_map', 'id Int32, rest Map(String, String)');
  await create('kept_text', 'id Int32, rest String');
  const body = '[{"id":1,"a":{"b":[1,2]},"c":"x"},{"id":2,"rest2":1.50}]';
  const into = (table: string): PipelineConfig => pipelineOf(table, { unknownFields: { do: 'into', column: 'rest' } });
  await store(into('kept_json'), body);
  await store(into('kept_map'), body);
  await store(into('kept_text'), body);
  const restOf = async (table: string): Promise<unknown[]> =>
    (
      await engine.destination.select<{ rest: unknown }>(
        `SELECT rest FROM ${table} ORDER BY id SETTINGS output_format_json_quote_64bit_integers = 0`,
      )
    ).map(({ rest }) => rest);
  assert.deepEqual(await restOf('kept_json'), [{ a: { b: [1, 2] }, c: 'x' }, { rest2: 1.5 }]);
  assert.deepEqual(await restOf('kept_map'), [{ a: '{"b":[1,2]}', c: 'x' }, { rest2: '1.50' }]);
  assert.deepEqual(await restOf('kept_text'), ['{"a":{"b":[1,2]},"c":"x"}', '{"rest2":1.50}']);
  assert.deepEqual(await rejectionsOf(into('kept_json'), '[{"id":1,"a":[true,1]},{"id":1,"a.b":1},{"id":1,"rest":{}}]'), [
    '0 ambiguous_value rest.a',
    '1 ambiguous_value rest.a.b',
  ]);
  await create('kept_typed', 'id Int32, rest JSON(d Decimal(10, 2))');
  assert.deepEqual(await rejectionsOf(into('kept_typed'), '{"id":1,"d":1.239}'), ['0 precision_loss rest.d']);
  await store(into('kept_typed'), '{"id":1,"d":1.5,"e":"x"}');
  assert.deepEqual(await restOf('kept_typed'), [{ d: 1.5, e: 'x' }]);
  const ignoring = pipelineOf('ignoring', { table: 'kept_text', unknownFields: { do: 'ignore' } });
  assert.deepEqual(textsOf(await map(await batchOf('{"x":1,"id":3,"rest":"r","y":{}}'), ignoring)), ['new {"id":3,"rest":"r"}']);
});

test('an array of objects fills the columns of a Nested', async () => {
  await create('nested', 'id Int32, n Nested(a Int64, b Nullable(String), c Array(UInt8))');
  const pipeline = pipelineOf('nested');
  await store(
    pipeline,
    '[{"id":1,"n":[{"a":9007199254740993,"b":"x","c":[1]},{"a":2}]},{"id":2,"n":[]},{"id":3,"n":null},{"id":4},{"id":5,"n.a":[7],"n.b":[null],"n.c":[[]]}]',
  );
  const empty = { 'n.a': [], 'n.b': [], 'n.c': [] };
  assert.deepEqual(await rowsOf('nested', 'id'), [
    { id: 1, 'n.a': ['9007199254740993', '2'], 'n.b': ['x', null], 'n.c': [[1], []] },
    { id: 2, ...empty },
    { id: 3, ...empty },
    { id: 4, ...empty },
    { id: 5, 'n.a': ['7'], 'n.b': [null], 'n.c': [[]] },
  ]);
  const bad =
    '[{"id":1,"n":[{"b":"x"}]},{"id":2,"n":[{"a":1},{"a":1,"z":1}]},{"id":3,"n":{"a":1}},{"id":4,"n":[1]},{"id":5,"n":[{"a":1.5}]}]';
  assert.deepEqual(await rejectionsOf(pipeline, bad), [
    '0 missing_value n.a[0]',
    '1 unknown_field n.a[1].z',
    '2 wrong_type n.a',
    '3 wrong_type n.a[0]',
    '4 precision_loss n.a[0]',
  ]);
  const lenient = { ...pipelineOf('nested', { unknownFields: { do: 'ignore' } }), name: 'lenient' };
  assert.deepEqual(await rejectionsOf(lenient, '{"id":2,"n":[{"a":1,"z":1}]}'), []);
});

test('digits that a column does not hold are cut where the pipeline says so, and counted', async () => {
  const columns =
    "id Int32, i Nullable(Int8), d Nullable(Decimal(6, 2)), f Nullable(Float32), g Nullable(Float64), b Nullable(BFloat16), t Nullable(DateTime64(3, 'UTC')), s Nullable(DateTime('UTC')), c Nullable(Time64(3)), day Nullable(Date32), n Nullable(DateTime64(3, 'UTC')), a Array(Decimal(4, 1)), m Nullable(Int64)";
  await create('cut', columns);
  const units = { day: { unit: 's' }, n: { unit: 'us' }, m: { unit: 's' } } as const;
  const pipeline = pipelineOf('cut', { onLossy: 'report', columns: units });
  const rows = await store(
    pipeline,
    '[{"id":1,"i":-1.9,"d":-12.349,"f":123456789.25,"g":0.1234567890123456789012,"b":1.01,"t":"2026-01-02T03:04:05.6789+01:00","s":"2026-01-02T03:04:05.9Z","c":"01:02:03.4567","day":1767323045,"n":1767323045678901,"a":[1.25,2],"m":"2026-01-02T03:04:05.5Z"},{"id":2,"d":1.5,"f":0.1,"a":[1.5]}]',
  );
  assert.deepEqual(
    [...(rows.lossy ?? [])],
    ['i', 'd', 'f', 'g', 'b', 't', 's', 'c', 'day', 'n', 'a', 'm'].map((column) => [column, 1]),
  );
  assert.deepEqual(await rowsOf('cut', 'id'), [
    {
      id: 1,
      i: -1,
      d: -12.34,
      f: 123456790,
      g: 0.12345678901234568,
      b: 1.0078125,
      t: '2026-01-02 02:04:05.678',
      s: '2026-01-02 03:04:05',
      c: '01:02:03.456',
      day: '2026-01-02',
      n: '2026-01-02 03:04:05.678',
      a: [1.2, 2],
      m: '1767323045',
    },
    { id: 2, i: null, d: 1.5, f: 0.1, g: null, b: null, t: null, s: null, c: null, day: null, n: null, a: [1.5], m: null },
  ]);
  // What does not fit at all is refused all the same.
  assert.deepEqual(
    await rejectionsOf(
      pipeline,
      '[{"id":1,"i":300},{"id":1,"d":12345.678},{"id":1,"f":1e300},{"id":1,"s":"2200-01-01T00:00:00Z"},{"id":1,"i":128.5}]',
    ),
    ['0 out_of_range i', '1 out_of_range d', '2 out_of_range f', '3 out_of_range s', '4 out_of_range i'],
  );
  const strict = { ...pipelineOf('cut', { columns: units }), name: 'strict' };
  assert.deepEqual(await rejectionsOf(strict, '[{"id":1,"d":-12.349},{"id":1,"t":"2026-01-02T03:04:05.6789Z"}]'), [
    '0 precision_loss d',
    '1 precision_loss t',
  ]);
});

test('a field twice for one column is refused', async () => {
  await create('twice', 'id Int32, name Nullable(String)');
  const pipeline = pipelineOf('twice', { columns: { name: { from: 'title' } } });
  assert.deepEqual(await rejectionsOf(pipeline, '[{"id":1,"title":"t"},{"id":1,"name":"n","title":"t"}]'), ['1 unknown_field name']);
});

test('a table makes itself with types that hold the first batch', async () => {
  const body = `[
    {"id":1,"big":18446744073709551615,"huge":170141183460469231731687303715884105728,"r":1.5,"exact":1.123456789012345678901,"ok":true,"at":"2026-01-02T03:04:05.678Z","fine":"2026-01-02T03:04:05.123456Z","day":"2026-01-02","tags":["a",null],"obj":{"x":1,"y":null},"free":{},"mixed":1,"empty":[],"nothing":null,"dec":"1.50"},
    {"id":2,"big":1,"huge":1,"r":2,"exact":2.5,"ok":false,"at":"2026-01-02T03:04:05Z","fine":"2026-01-02T03:04:05.1Z","day":"x","tags":[],"obj":{"x":2,"y":"z"},"free":{"q":1},"mixed":"two","empty":[],"nothing":null,"dec":"2","late":"only here"}]`;
  await store(pipelineOf('made'), body);
  assert.deepEqual(await typesOf('made'), {
    id: 'Int64',
    big: 'UInt64',
    huge: 'Int256',
    r: 'Float64',
    exact: 'String',
    ok: 'Bool',
    at: "DateTime64(3, 'UTC')",
    fine: "DateTime64(6, 'UTC')",
    day: 'String',
    tags: 'Array(Nullable(String))',
    obj: 'Tuple(x Int64, y Nullable(String))',
    free: 'Tuple(q Nullable(Int64))',
    mixed: 'String',
    empty: 'Array(Nullable(String))',
    nothing: 'Nullable(String)',
    dec: 'String',
    late: 'Nullable(String)',
  });
  const [first] = (await rowsOf('made', 'id')) as Array<Record<string, unknown>>;
  assert.equal(first?.['big'], '18446744073709551615');
  assert.equal(first?.['huge'], '170141183460469231731687303715884105728');
  assert.equal(first?.['exact'], '1.123456789012345678901');
});

test('a made table is sorted as the pipeline says, and lies in a database that is made with it', async () => {
  await store(pipelineOf('sorted', { table: 'shop.sorted', orderBy: ['k', 'id'] }), '[{"id":1,"k":"a"},{"id":2,"k":"b"}]');
  assert.deepEqual(
    await engine.destination.select("SELECT sorting_key, engine FROM system.tables WHERE database = 'shop' AND name = 'sorted'"),
    [{ sorting_key: 'k, id', engine: 'MergeTree' }],
  );
  assert.deepEqual(await rejectionsOf(pipelineOf('sorted2', { orderBy: ['k'] }), '[{"id":1},{"id":2,"k":"b"}]'), ['0 missing_value k']);
  await assert.rejects(map(await batchOf('{"id":1}'), pipelineOf('sorted3', { orderBy: ['gone'] })), { code: 'table_unsuitable' });
});

test('nothing is made of records without fields', async () => {
  assert.deepEqual(await rejectionsOf(pipelineOf('unmade'), '[null, {}, 5]'), [
    '0 record_not_object',
    '1 missing_value',
    '2 record_not_object',
  ]);
  assert.deepEqual(await rejectionsOf(pipelineOf('unmade'), '[]'), []);
  assert.deepEqual(await typesOf('unmade'), {});
});

test('a table follows its records where it may: new fields, and null where there was none', async () => {
  const pipeline = pipelineOf('grown', { unknownFields: { do: 'evolve' }, orderBy: ['id'] });
  await store(pipeline, '{"id":1,"name":"a"}');
  await store(pipeline, '[{"id":2,"name":null,"age":5,"tags":["x"],"o":{"p":1}},{"id":3}]');
  assert.deepEqual(await typesOf('grown'), {
    id: 'Int64',
    name: 'Nullable(String)',
    age: 'Nullable(Int64)',
    tags: 'Array(String)',
    o: 'Tuple(p Nullable(Int64))',
  });
  assert.deepEqual(await rowsOf('grown', 'id'), [
    { id: '1', name: 'a', age: null, tags: [], o: { p: null } },
    { id: '2', name: null, age: '5', tags: ['x'], o: { p: '1' } },
    { id: '3', name: null, age: null, tags: [], o: { p: null } },
  ]);
  assert.deepEqual(await rejectionsOf(pipeline, '[{"name":"no key"},{"id":4,"o":{"new":1}}]'), [
    '0 missing_value id',
    '1 unknown_field o.new',
  ]);
});

test('a record that lacks many columns widens all of them at once', async () => {
  const pipeline = pipelineOf('widened', { unknownFields: { do: 'evolve' } });
  const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
  await store(pipeline, JSON.stringify(Object.fromEntries(names.map((name, i) => [name, i]))));
  await store(pipeline, '[{"c0":2,"c1":null},{"c2":null,"new":1}]');
  assert.deepEqual(new Set(Object.values(await typesOf('widened'))), new Set(['Nullable(Int64)']));
  assert.deepEqual(await rejectionsOf(pipeline, '{}'), []);
});

test('a request that is refused all the same leaves the table as it is', async () => {
  const pipeline = pipelineOf('untouched', { unknownFields: { do: 'evolve' } });
  await store(pipeline, '{"a":1,"s":"t","o":{"p":1}}');
  const before = await typesOf('untouched');
  assert.deepEqual(await rejectionsOf(pipeline, '{"a":1.5}'), ['0 precision_loss a']);
  assert.deepEqual(await rejectionsOf(pipeline, '{"a":1.5,"new":1,"s":null,"o":{"p":2}}'), ['0 precision_loss a']);
  assert.deepEqual(await rejectionsOf(pipeline, '[{"a":1,"s":"x","o":{"p":1},"new":1},{"a":"x","s":"x","o":{"p":1}}]'), [
    '0 unknown_field new',
    '1 invalid_value a',
  ]);
  assert.deepEqual(await rejectionsOf(pipeline, '[{"a":1,"s":"x","o":{"p":1},"n`w":1}]'), ['0 unknown_field n`w']);
  assert.deepEqual(await rejectionsOf(pipeline, '{"a":1,"s":"x","o":{"p":1},"":1}'), ['0 unknown_field ""']);
  assert.deepEqual(await rejectionsOf(pipeline, '{}'), ['0 missing_value a']);
  assert.deepEqual(await typesOf('untouched'), before);
});

test('two mappers that make and extend one table at once agree', async () => {
  const pipeline = pipelineOf('raced', { unknownFields: { do: 'evolve' } });
  const other = mapper();
  const bodies = Array.from({ length: 12 }, (_, i) => `{"id":${i},"f${i % 4}":"${i}"}`);
  await Promise.all(
    bodies.map(async (body, i) => {
      const rows = await (i % 2 === 0 ? map : other)(await batchOf(body), pipeline);
      assert.deepEqual(rows.rejections, []);
      await engine.insertRows(rows);
    }),
  );
  assert.deepEqual(
    await engine.destination.select('SELECT count() AS n, countIf(f0 IS NOT NULL) AS f0, countIf(f3 IS NOT NULL) AS f3 FROM raced'),
    [{ n: '12', f0: '3', f3: '3' }],
  );
});

test('a table that changed under the gateway fails its insert until it is read again', async () => {
  await create('altered', 'id Int32, a String');
  const catalog = createTableCatalog({ destination: engine.destination, now: Date.now });
  const own = mapperTo(engine.destination, { catalog });
  const pipeline = pipelineOf('altered', { unknownFields: { do: 'ignore' } });
  const rows = await own(await batchOf('{"id":1,"a":"x"}'), pipeline);
  await engine.destination.execute('ALTER TABLE altered DROP COLUMN a');
  await assert.rejects(engine.insertRows(rows), (error) => error instanceof DestinationError && error.failure === 'schema-drift');
  await catalog.refresh({ database: 'default', table: 'altered' });
  await engine.insertRows(await own(await batchOf('{"id":1,"a":"x"}'), pipeline));
  assert.deepEqual(await rowsOf('altered'), [{ id: 1 }]);
});

test('a schema is used until it is old, then still used while it is read again', async () => {
  await create('aged', 'id Int32');
  let now = 0;
  const catalog = createTableCatalog({ destination: engine.destination, now: () => now });
  const name = { database: 'default', table: 'aged' };
  const first = await catalog.get(name);
  await engine.destination.execute('ALTER TABLE aged ADD COLUMN b String');
  assert.equal(await catalog.get(name), first);
  now = 61_000;
  assert.equal(await catalog.get(name), first);
  const second = await catalog.refresh(name);
  assert.deepEqual(
    second?.columns.map((column) => column.name),
    ['id', 'b'],
  );
  assert.notEqual(second?.fingerprint, first?.fingerprint);
  assert.equal(await catalog.get(name), second);
  assert.equal(await catalog.get({ database: 'default', table: 'never_made' }), undefined);
});
