import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnType } from '../../../src/core/table.ts';
import { parseColumnType } from '../../../src/map/column-type.ts';

const string: ColumnType = { kind: 'string' };
const int = (bits: 8 | 16 | 32 | 64 | 128 | 256, signed = true): ColumnType => ({ kind: 'int', bits, signed });
const float64: ColumnType = { kind: 'float', format: 'Float64' };
const point: ColumnType = { kind: 'tuple', elements: [{ type: float64 }, { type: float64 }] };

test('types as ClickHouse spells them', () => {
  const cases: Array<[string, ColumnType]> = [
    ['Int8', int(8)],
    ['UInt256', int(256, false)],
    ['BFloat16', { kind: 'float', format: 'BFloat16' }],
    ['Decimal(10, 2)', { kind: 'decimal', precision: 10, scale: 2 }],
    ['Decimal128(5)', { kind: 'decimal', precision: 38, scale: 5 }],
    ['FixedString(16)', { kind: 'fixed-string', bytes: 16 }],
    ['Date32', { kind: 'date', wide: true }],
    ['DateTime', { kind: 'datetime' }],
    ["DateTime('Europe/Berlin')", { kind: 'datetime', timezone: 'Europe/Berlin' }],
    ['DateTime64(3)', { kind: 'datetime64', precision: 3 }],
    ["DateTime64(9, 'UTC')", { kind: 'datetime64', precision: 9, timezone: 'UTC' }],
    ['Time64(6)', { kind: 'time64', precision: 6 }],
    ['Nullable(String)', { kind: 'nullable', inner: string }],
    ['LowCardinality(Nullable(String))', { kind: 'low-cardinality', inner: { kind: 'nullable', inner: string } }],
    ['Array(Array(UInt8))', { kind: 'array', inner: { kind: 'array', inner: int(8, false) } }],
    ['Map(String, Array(Int64))', { kind: 'map', key: string, value: { kind: 'array', inner: int(64) } }],
    ['Tuple(Int8, String)', { kind: 'tuple', elements: [{ type: int(8) }, { type: string }] }],
    [
      'Tuple(\n    a Int8,\n    `b c` Nullable(Tuple(d String)))',
      {
        kind: 'tuple',
        elements: [
          { name: 'a', type: int(8) },
          { name: 'b c', type: { kind: 'nullable', inner: { kind: 'tuple', elements: [{ name: 'd', type: string }] } } },
        ],
      },
    ],
    ['Tuple(`we\\`ird, (` Int8)', { kind: 'tuple', elements: [{ name: 'we`ird, (', type: int(8) }] }],
    [
      'Nested(a Int8, b String)',
      {
        kind: 'array',
        inner: {
          kind: 'tuple',
          elements: [
            { name: 'a', type: int(8) },
            { name: 'b', type: string },
          ],
        },
      },
    ],
    [
      "Enum8('a' = 1, 'it\\'s, (x)' = -2)",
      {
        kind: 'enum',
        values: new Map([
          ['a', 1],
          ["it's, (x)", -2],
        ]),
      },
    ],
    ['Variant(Array(String), Int64)', { kind: 'variant', members: [{ kind: 'array', inner: string }, int(64)] }],
    ['Dynamic', { kind: 'dynamic' }],
    ['Dynamic(max_types=8)', { kind: 'dynamic' }],
    ['JSON', { kind: 'json', paths: new Map() }],
    [
      "JSON(max_dynamic_paths=16, a.b UInt8, `c d` Array(String), SKIP e, SKIP REGEXP 'f.*')",
      {
        kind: 'json',
        paths: new Map<string, ColumnType>([
          ['a.b', int(8, false)],
          ['c d', { kind: 'array', inner: string }],
        ]),
      },
    ],
    ['SimpleAggregateFunction(max, Nullable(Int64))', { kind: 'nullable', inner: int(64) }],
    ['Point', point],
    ['MultiPolygon', { kind: 'array', inner: { kind: 'array', inner: { kind: 'array', inner: point } } }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseColumnType(text), expected, text);
});

test('what is not known is not guessed', () => {
  for (const text of [
    'AggregateFunction(sum, UInt8)',
    "Object('json')",
    'Int7',
    'NewType(1)',
    'Array(',
    'Enum8(broken)',
    "String'",
    '',
    'toString',
  ]) {
    assert.deepEqual(parseColumnType(text), { kind: 'unsupported' }, text);
  }
});
