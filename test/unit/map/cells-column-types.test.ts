import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ColumnType } from '../../../src/core/table.ts';
import { parseColumnType } from '../../../src/map/column-type.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const int = (bits: 8 | 16 | 32 | 64 | 128 | 256, signed = true): ColumnType => ({ kind: 'int', bits, signed });
const float = (format: 'Float32' | 'Float64' | 'BFloat16'): ColumnType => ({ kind: 'float', format });
const string: ColumnType = { kind: 'string' };
const unsupported: ColumnType = { kind: 'unsupported' };
const array = (inner: ColumnType): ColumnType => ({ kind: 'array', inner });
const nullable = (inner: ColumnType): ColumnType => ({ kind: 'nullable', inner });
const point: ColumnType = { kind: 'tuple', elements: [{ type: float('Float64') }, { type: float('Float64') }] };

/** Types as they may be declared; the text parsed is the one that system.columns gives for it. */
const DECLARED: ReadonlyArray<readonly [string, ColumnType]> = [
  ['Int8', int(8)],
  ['Int256', int(256)],
  ['UInt16', int(16, false)],
  ['UInt128', int(128, false)],
  ['Bool', { kind: 'bool' }],
  ['Float32', float('Float32')],
  ['Float64', float('Float64')],
  ['BFloat16', float('BFloat16')],
  ['Decimal(10, 2)', { kind: 'decimal', precision: 10, scale: 2 }],
  ['Decimal32(4)', { kind: 'decimal', precision: 9, scale: 4 }],
  ['Decimal256(20)', { kind: 'decimal', precision: 76, scale: 20 }],
  ['Decimal(7)', { kind: 'decimal', precision: 7, scale: 0 }],
  ['String', string],
  ['FixedString(16)', { kind: 'fixed-string', bytes: 16 }],
  ['Date', { kind: 'date', wide: false }],
  ['Date32', { kind: 'date', wide: true }],
  ['DateTime', { kind: 'datetime' }],
  ["DateTime('Europe/Berlin')", { kind: 'datetime', timezone: 'Europe/Berlin' }],
  ['DateTime64(6)', { kind: 'datetime64', precision: 6 }],
  ["DateTime64(3, 'UTC')", { kind: 'datetime64', precision: 3, timezone: 'UTC' }],
  ['DateTime64', { kind: 'datetime64', precision: 3 }],
  ['Time', { kind: 'time' }],
  ['Time64(9)', { kind: 'time64', precision: 9 }],
  ['UUID', { kind: 'uuid' }],
  ['IPv4', { kind: 'ipv4' }],
  ['IPv6', { kind: 'ipv6' }],
  [
    "Enum8('a' = 1, 'it\\'s' = -2, '' = 0, 'x, y) = (' = 3, 'back\\\\slash' = 4, 'line\\nbreak' = 5, '`q`' = 6)",
    {
      kind: 'enum',
      values: new Map([
        ["it's", -2],
        ['', 0],
        ['a', 1],
        ['x, y) = (', 3],
        ['back\\slash', 4],
        ['line\nbreak', 5],
        ['`q`', 6],
      ]),
    },
  ],
  ["Enum16('é' = 1000)", { kind: 'enum', values: new Map([['é', 1000]]) }],
  ['Nullable(Int32)', nullable(int(32))],
  ['LowCardinality(Nullable(String))', { kind: 'low-cardinality', inner: nullable(string) }],
  ['Array(Array(Nullable(UInt8)))', array(array(nullable(int(8, false))))],
  ['Map(LowCardinality(String), Array(Int64))', { kind: 'map', key: { kind: 'low-cardinality', inner: string }, value: array(int(64)) }],
  ['Tuple(Int8, String)', { kind: 'tuple', elements: [{ type: int(8) }, { type: string }] }],
  ['Tuple()', { kind: 'tuple', elements: [] }],
  [
    'Tuple(a Int8, `b c` Nullable(String), `d``e` Tuple(Int8), `1` Int8, Int64 String, `ü.x` UUID)',
    {
      kind: 'tuple',
      elements: [
        { name: 'a', type: int(8) },
        { name: 'b c', type: nullable(string) },
        { name: 'd`e', type: { kind: 'tuple', elements: [{ type: int(8) }] } },
        { name: '1', type: int(8) },
        { name: 'Int64', type: string },
        { name: 'ü.x', type: { kind: 'uuid' } },
      ],
    },
  ],
  [
    'Nested(a Int8, b Array(String))',
    array({
      kind: 'tuple',
      elements: [
        { name: 'a', type: int(8) },
        { name: 'b', type: array(string) },
      ],
    }),
  ],
  ['Variant(Array(String), Int64, String)', { kind: 'variant', members: [array(string), int(64), string] }],
  ['Dynamic', { kind: 'dynamic' }],
  ['Dynamic(max_types=5)', { kind: 'dynamic' }],
  ['JSON', { kind: 'json', paths: new Map() }],
  [
    "JSON(max_dynamic_paths=8, max_dynamic_types=3, a.b UInt32, `c d` Array(Tuple(x Int8)), `e.f`.g Date, SKIP h, SKIP i.j, SKIP REGEXP '^k, (l)')",
    {
      kind: 'json',
      paths: new Map([
        ['a.b', int(32, false)],
        ['c d', array({ kind: 'tuple', elements: [{ name: 'x', type: int(8) }] })],
        ['e.f.g', { kind: 'date', wide: false }],
      ]),
    },
  ],
  ['SimpleAggregateFunction(max, Nullable(Int8))', nullable(int(8))],
  ['SimpleAggregateFunction(groupArrayArray(3), Array(String))', array(string)],
  ['AggregateFunction(quantiles(0.5, 0.9), UInt64)', unsupported],
  ['Array(AggregateFunction(sum, UInt8))', array(unsupported)],
  ['IntervalDay', unsupported],
  ['Point', point],
  ['Ring', array(point)],
  ['LineString', array(point)],
  ['MultiLineString', array(array(point))],
  ['Polygon', array(array(point))],
  ['MultiPolygon', array(array(array(point)))],
];

test('types are read as ClickHouse prints them', async () => {
  const columns = DECLARED.map(([text], i) => `c${i} ${text}`).join(', ');
  await engine.destination.execute(
    `CREATE TABLE t (${columns}) ENGINE = Memory SETTINGS allow_suspicious_variant_types = 1, flatten_nested = 0`,
  );
  const printed = await engine.destination.select<{ name: string; type: string }>(
    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 't' ORDER BY position",
  );
  assert.equal(printed.length, DECLARED.length);
  for (const [i, [declared, expected]] of DECLARED.entries()) {
    assert.deepEqual(parseColumnType(printed[i]?.type ?? ''), expected, `${declared}, printed as ${printed[i]?.type}`);
  }
});

test('types that do not exist, and text that is no type, are unsupported', () => {
  const texts = [
    '',
    ' ',
    'Foo',
    'Foo(Int8)',
    "Object('json')",
    'Int7',
    'int8',
    'Int8 ',
    'Decimal(77, 1)',
    'Decimal(5, 6)',
    'Decimal(x)',
    'Decimal()',
    'FixedString(0)',
    'FixedString(-1)',
    "FixedString('a')",
    'DateTime64(10)',
    'DateTime64(3, UTC)',
    'DateTime(',
    "DateTime('UTC",
    'Array',
    'Array()',
    'Array(Int8',
    'Array(Int8))',
    'Array(Int8, Int8)',
    'Map(String)',
    'Tuple(a)b',
    'Tuple(a Int8,)',
    "Enum8('a')",
    "Enum8('a' = 99999)",
    "Enum8('a' = 1",
    "Enum8('a\\' = 1)",
    'Variant()',
    'JSON(a)',
    'JSON(SKIP)',
    '((((',
    '))))',
    '`',
    '__proto__',
    'constructor',
    'Nullable(Int8) Int8',
    `${'Array('.repeat(50_000)}Int8${')'.repeat(50_000)}`,
    '('.repeat(100_000),
    `Enum8('${'\\'.repeat(100_001)}`,
  ];
  for (const text of texts) {
    const expected: ColumnType = text === 'Int8 ' ? int(8) : unsupported;
    assert.deepEqual(parseColumnType(text), expected, text.slice(0, 60));
  }
});

test('an unknown type inside a known one leaves the rest known', () => {
  assert.deepEqual(parseColumnType("Tuple(a Int8, b Fancy(1, '(', Array(x)))"), {
    kind: 'tuple',
    elements: [
      { name: 'a', type: int(8) },
      { name: 'b', type: unsupported },
    ],
  });
});
