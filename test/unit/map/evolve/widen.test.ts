/** Which types columns get that are too narrow for a schema, and that the engine keeps what they hold. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FieldType, RecordType } from '../../../../src/core/schema.ts';
import { widerType as wider } from '../../../../src/map/evolve/widen.ts';
import { createTestEngine, type TestEngine } from '../../../support/engine.ts';

const widerType = (column: string, field: FieldType): string | undefined =>
  wider(column, field, { enumColumns: 'low_cardinality', recordColumns: 'tuple' });
const int = (bits: 8 | 16 | 32 | 64, signed = true): FieldType => ({ kind: 'int', bits, signed });
const float = (bits: 32 | 64): FieldType => ({ kind: 'float', bits });
const decimal = (precision: number, scale: number): FieldType => ({ kind: 'decimal', precision, scale });
const instant = (digits: 3 | 6 | 9): FieldType => ({ kind: 'timestamp', digits, local: false });
const names = (...all: string[]): FieldType => ({ kind: 'enum', name: 'E', names: all });
const array = (items: FieldType): FieldType => ({ kind: 'array', items });
const optional = (type: FieldType): FieldType => ({ kind: 'union', branches: [{ kind: 'null' }, type] });
const TEXT: FieldType = { kind: 'string' };
const recordOf = (fields: Readonly<Record<string, FieldType>>): RecordType => ({
  kind: 'record',
  name: 'R',
  fields: Object.entries(fields).map(([name, type]) => ({ name, aliases: [], type })),
});

/** Column, schema, wider column, a value of the column as SQL, and the same value in the wider column as text. */
const WIDER: ReadonlyArray<readonly [column: string, field: FieldType, wider: string, value: string, kept: string]> = [
  ['Int32', int(64), 'Int64', '-2147483648', '-2147483648'],
  ['UInt8', int(64, false), 'UInt64', '255', '255'],
  ['UInt32', int(32), 'Int64', '4294967295', '4294967295'],
  ['UInt64', int(64), 'Int128', '18446744073709551615', '18446744073709551615'],
  ['Int16', int(64, false), 'Int128', '-1', '-1'],
  ['Int32', float(32), 'Float64', '2147483647', '2147483647'],
  ['Float32', float(64), 'Float64', '0.1', '0.10000000149011612'],
  ['BFloat16', float(32), 'Float32', '1.5', '1.5'],
  ['Float32', int(32), 'Float64', '1.5', '1.5'],
  ['Decimal(9, 2)', decimal(12, 4), 'Decimal(12, 4)', "'-1234567.89'", '-1234567.89'],
  ['Decimal(9, 4)', decimal(9, 0), 'Decimal(13, 4)', "'12345.6789'", '12345.6789'],
  ['Date', { kind: 'date' }, 'Date32', "'2149-06-06'", '2149-06-06'],
  ["DateTime('UTC')", instant(9), "DateTime64(9, 'UTC')", "'2106-02-07 06:28:15'", '2106-02-07 06:28:15.000000000'],
  [
    "DateTime64(3, 'Europe/Berlin')",
    instant(6),
    "DateTime64(6, 'Europe/Berlin')",
    "'1900-01-01 00:00:00.001'",
    '1900-01-01 00:00:00.001000',
  ],
  ['Time', { kind: 'time', digits: 6 }, 'Time64(6)', "'23:59:59'", '23:59:59.000000'],
  ["Enum8('b' = -5, 'a' = 1)", names('a', 'c', "d'e"), "Enum8('b' = -5, 'a' = 1, 'c' = 2, 'd\\'e' = 3)", "'b'", 'b'],
  ["Enum8('a' = 127)", names('a', ...Array.from({ length: 127 }, (_, i) => `n${i}`)), '', "'a'", 'a'],
  ['Int32', optional(int(32)), 'Nullable(Int32)', '7', '7'],
  ['Nullable(Int32)', optional(int(64)), 'Nullable(Int64)', 'NULL', ''],
  ['LowCardinality(String)', optional(TEXT), 'LowCardinality(Nullable(String))', "'x'", 'x'],
  ['Array(Int32)', array(optional(int(64))), 'Array(Nullable(Int64))', '[1, 2]', '[1,2]'],
  ['Map(String, Int32)', { kind: 'map', keys: TEXT, values: int(64) }, 'Map(String, Int64)', "map('k', 1)", "{'k':1}"],
  [
    'Tuple(a Int32, b String)',
    recordOf({ b: TEXT, c: int(32), a: int(64) }),
    'Tuple(`a` Int64, `b` String, `c` Nullable(Int32))',
    "(1, 'x')",
    "(1,'x',NULL)",
  ],
  ['Tuple(gone Int32, b String)', recordOf({ b: TEXT }), 'Tuple(`gone` Nullable(Int32), `b` String)', "(1, 'x')", "(1,'x')"],
  [
    'Array(Tuple(a Int32))',
    array(recordOf({ a: int(32), n: TEXT })),
    'Array(Tuple(`a` Int32, `n` Nullable(String)))',
    '[tuple(1)]',
    '[(1,NULL)]',
  ],
];

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

test('a column gets the narrowest type that holds what it holds and what the schema allows', () => {
  const expected = WIDER.map(([column, , expectedType]) => [column, expectedType === '' ? EXTENDED : expectedType]);
  assert.deepEqual(
    WIDER.map(([column, field]) => [column, widerType(column, field)]),
    expected,
  );
});

/** More names than Enum8 has numbers from 1 on that are free: 127 is taken. */
const EXTENDED = `Enum16('a' = 127, ${Array.from({ length: 127 }, (_, i) => `'n${i}' = ${i < 126 ? i + 1 : 128}`).join(', ')})`;

test('the engine keeps the values of a column that is made wider', async () => {
  for (const [i, [column, field, , value, kept]] of WIDER.entries()) {
    const table = `w${i}`;
    await engine.destination.execute(`CREATE TABLE ${table} (k UInt8, x ${column}) ENGINE = MergeTree ORDER BY k`);
    await engine.destination.execute(`INSERT INTO ${table} VALUES (1, ${value})`);
    await engine.destination.execute(`ALTER TABLE ${table} MODIFY COLUMN x ${widerType(column, field) ?? assert.fail(column)}`);
    const [row] = await engine.destination.select<{ text: string; type: string }>(
      `SELECT ifNull(toString(x), '') AS text, (SELECT type FROM system.columns WHERE table = '${table}' AND name = 'x') AS type FROM ${table}`,
    );
    assert.equal(row?.text, kept, column);
    assert.equal(widerType(row?.type ?? '', field), undefined, `${column} is wide enough after`);
  }
});

test('what would be cut, rounded or read anew is no wider type', () => {
  const cases: ReadonlyArray<readonly [column: string, field: FieldType]> = [
    ['Int64', int(32)],
    ['Int64', float(64)],
    ['Float64', int(64)],
    ['Float32', int(64)],
    ['Int64', TEXT],
    ['String', int(64)],
    ['Nullable(String)', optional(recordOf({ a: TEXT }))],
    ['Decimal(76, 4)', decimal(76, 10)],
    ['Decimal(9, 2)', int(64)],
    ["DateTime64(3, 'UTC')", instant(9)],
    ["DateTime64(6, 'UTC')", instant(3)],
    ['Date', instant(3)],
    ['Bool', int(32)],
    ['UUID', TEXT],
    ['FixedString(3)', { kind: 'bytes', size: 5 }],
    ['IPv4', TEXT],
    ["Enum8('a' = 1)", TEXT],
    ["Enum8('a' = 1)", names('a')],
    ['Array(Int32)', int(64)],
    ['Tuple(Int32, String)', recordOf({ a: int(64) })],
    ['Tuple(a Int32)', recordOf({ a: int(32), 'b`c': TEXT })],
    ['Tuple(a Int32)', recordOf({ a: int(32), b: { kind: 'any' } })],
    ['SimpleAggregateFunction(max, Int32)', int(64)],
    ['AggregateFunction(sum, Int32)', int(64)],
    ['Int32', { kind: 'union', branches: [int(64), TEXT] }],
    ['JSON', recordOf({ a: TEXT })],
    ['Dynamic', int(64)],
  ];
  assert.deepEqual(
    cases.map(([column, field]) => [column, widerType(column, field)]),
    cases.map(([column]) => [column, undefined]),
  );
});
