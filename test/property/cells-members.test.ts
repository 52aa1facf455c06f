/** Values inside Variant columns and on declared paths of JSON columns, where ClickHouse reads types by other rules than in columns of their own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { judgeOf } from '../support/cells.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const TYPES = [
  'Int8',
  'UInt8',
  'Int64',
  'UInt64',
  'Int256',
  'Float32',
  'Float64',
  'BFloat16',
  'Decimal(10, 2)',
  'Decimal(38, 20)',
  'Bool',
  'String',
  'LowCardinality(String)',
  'FixedString(4)',
  'Date',
  'Date32',
  "DateTime('UTC')",
  "DateTime64(3, 'UTC')",
  'Time',
  'Time64(3)',
  'UUID',
  'IPv4',
  'IPv6',
  "Enum8('a' = 1, '5' = 7)",
  'Array(Int64)',
  'Array(String)',
  'Array(Decimal(10, 2))',
  "Array(DateTime64(3, 'UTC'))",
  'Array(Nullable(Float64))',
  'Map(String, Int64)',
  'Tuple(a Int64, b Nullable(Decimal(10, 2)))',
  'Tuple(Int64, String)',
  'Point',
  'JSON',
];

const NUMBERS = [
  '0',
  '-0',
  '1',
  '5',
  '7',
  '-5',
  '255',
  '300',
  '1.0',
  '1.5',
  '1e2',
  '-1e-2',
  '0.1',
  '1.10',
  '1.505',
  '99999999.99',
  '1e400',
];
const WIDE = [
  '9007199254740993',
  '18446744073709551615',
  '18446744073709551616',
  '123456789012345.12345678901234567891',
  '12345678901234567.5',
];
const TEXTS = [
  '',
  'x',
  'a',
  '5',
  '1',
  '1.5',
  ' 5',
  '+5',
  '007',
  '1e3',
  '1.505',
  'nan',
  'NaN',
  'Infinity',
  'true',
  't',
  'no',
  'abcd',
  'é',
  'null',
];
const DATED = [
  '2026-01-02',
  '20260102',
  '2026',
  'Jan 2 2026',
  'monday',
  '12:34:56',
  '12:34:56.789000',
  '2026-01-02T03:04:05Z',
  '2026-02-30',
];
const ODD = [
  '2026-01-02T03:04:05.678000+02:00',
  '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
  '61f0c4045cb311e7907ba6006ad3dba0',
  '1.2.3.4',
  '::1',
  '[1]',
  '{}',
];
const NESTED = [
  '[]',
  '[1]',
  '["x"]',
  '["5"]',
  '[1,"x"]',
  '[1.5, 2]',
  '[1.0]',
  '["1.50"]',
  '[1.10]',
  '["NaN"]',
  '["2026-01-02T03:04:05.678000Z"]',
  '[null]',
  '[true]',
];
const OBJECTS = [
  '{}',
  '{"a":1}',
  '{"a":"x"}',
  '{"a":1,"b":1.50}',
  '{"a":1,"b":"1.5"}',
  '{"b":1}',
  '{"a":1.0}',
  '{"a":9007199254740993}',
  '{"a":{"b":[1,"x"]}}',
  '{"\\u0061":1}',
];
const TOKENS = [
  ...NUMBERS,
  ...WIDE,
  'true',
  'false',
  ...[...TEXTS, ...DATED, ...ODD].map((text) => JSON.stringify(text)),
  ...NESTED,
  ...OBJECTS,
];

const kindOfJson = (json: string): string => {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? 'array' : typeof value;
};

/** The kind of JSON value a type is made for. */
function homeOf(type: string): string {
  if (/^(U?Int|Float|BFloat|Decimal)/.test(type)) return 'number';
  if (type === 'Bool') return 'boolean';
  if (/^(Array|Point|Tuple\(Int64)/.test(type)) return 'array';
  return /^(Map|JSON|Tuple\(a)/.test(type) ? 'object' : 'string';
}

/** Columns of one table, so that a pair of types costs a column and not a table. */
interface Column {
  readonly name: string;
  readonly type: string;
}

async function writeAll(table: string, columns: readonly Column[]): Promise<Map<string, Set<string>>> {
  const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  await engine.destination.execute(
    `CREATE TABLE ${table} (k UInt32, ${list}) ENGINE = MergeTree ORDER BY k SETTINGS allow_suspicious_variant_types = 1, min_bytes_for_wide_part = 1000000000`,
  );
  const passed = new Map<string, Set<string>>();
  const rows = TOKENS.map((_, k) => [`"k":${k}`]);
  for (const { name, type } of columns) {
    const judge = judgeOf(type);
    const of = new Set<string>();
    for (const [k, json] of TOKENS.entries()) {
      const judgement = await judge(json);
      if (judgement.kind === 'refused') continue;
      rows[k]?.push(`"${name}":${judgement.text}`);
      of.add(json);
    }
    passed.set(name, of);
  }
  await engine.insertLines(
    table,
    ['k', ...columns.map(({ name }) => name)],
    rows.map((row) => `{${row.join(',')}}`),
  );
  return passed;
}

test('a variant holds a value as the member made for it, unchanged', async () => {
  const types = TYPES.filter(
    (type) => !/^(UInt8|UInt64|Int256|Decimal\(38|Date32|Time64|IPv4|Array\(Nullable|LowCard|Tuple\(a)/.test(type),
  );
  const pairs = types.flatMap((a, i) =>
    types.slice(i + 1).map((b, j) => ({ name: `v${i}_${j}`, type: `Variant(${a}, ${b})`, members: [a, b] })),
  );
  const passed = await writeAll('pairs', pairs);
  let checked = 0;
  for (const { name, type, members } of pairs) {
    const rows = await engine.destination.select<{ k: number; t: string; s: string }>(
      `SELECT k, toString(variantType(${name})) AS t, toJSONString(${name}) AS s FROM pairs WHERE ${name} IS NOT NULL ORDER BY k SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_quote_64bit_floats = 0`,
    );
    assert.deepEqual(
      rows.map(({ k }) => TOKENS[k]),
      TOKENS.filter((json) => passed.get(name)?.has(json)),
      type,
    );
    for (const { k, t, s } of rows) {
      const json = TOKENS[k] ?? assert.fail();
      const home = members.filter((member) => homeOf(member) === kindOfJson(json));
      assert.ok(home.includes(t), `${type}: ${json} is kept as ${t}: ${s}`);
      if (t === 'String') assert.equal(s, JSON.stringify(JSON.parse(json)).replaceAll('/', '\\/'), `${type}: ${json}`);
      checked++;
    }
  }
  assert.ok(checked > 2500, `only ${checked} values passed`);
});

test('a declared path of JSON holds what a column of the type holds', async () => {
  // Parsed JSON has no negative zero among its integers.
  const unsigned = (text: string): string => (text === '-0' ? '0' : text);
  const subjects = TYPES.filter((type) => !/^(JSON|Map|Time|BFloat)/.test(type)).map((type, i) => ({ type, table: `p${i}` }));
  let checked = 0;
  for (const { type, table } of subjects) {
    await engine.destination.execute(`CREATE TABLE ${table} (k UInt32, v JSON(x.p ${type}), w ${type}) ENGINE = MergeTree ORDER BY k`);
    const judge = judgeOf(`JSON(x.p ${type})`);
    const judgePlain = judgeOf(type);
    const lines: string[] = [];
    const kept: string[] = [];
    for (const json of TOKENS) {
      const judgement = await judge(`{"x":{"p":${json}, "q": 1}}`);
      const alone = await judgePlain(json);
      assert.equal(judgement.kind === 'refused' ? judgement.code : '', alone.kind === 'refused' ? alone.code : '', `${type}: ${json}`);
      if (judgement.kind === 'refused' || alone.kind === 'refused') continue;
      lines.push(`{"k":${kept.length},"v":${judgement.text},"w":${alone.text}}`);
      kept.push(json);
    }
    await engine.insertLines(table, ['k', 'v', 'w'], lines);
    const rows = await engine.destination.select<{ inner: string; alone: string; q: string }>(
      `SELECT toString(v.x.p) AS inner, toString(w) AS alone, toString(v.x.q) AS q FROM ${table} ORDER BY k`,
    );
    assert.deepEqual(
      rows.map(({ inner, q }, k) => [kept[k], unsigned(inner), q]),
      rows.map(({ alone }, k) => [kept[k], unsigned(alone), '1']),
      type,
    );
    checked += rows.length;
  }
  assert.ok(checked > 300, `only ${checked} values passed`);
});
