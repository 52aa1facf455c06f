/** Which columns are made for the types of schemas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldType, RecordType } from '../../../src/core/schema.ts';
import { type ColumnChoice, columnTypeOf, fieldAt } from '../../../src/map/schema-type.ts';

const made = (type: FieldType, optional: boolean, choice: Partial<ColumnChoice> = {}): string | undefined =>
  columnTypeOf(type, optional, { enumColumns: 'low_cardinality', recordColumns: 'tuple', ...choice });

const INT: FieldType = { kind: 'int', bits: 32, signed: true };
const TEXT: FieldType = { kind: 'string' };
const NULL: FieldType = { kind: 'null' };
const optional = (type: FieldType): FieldType => ({ kind: 'union', branches: [NULL, type] });
const recordOf = (fields: Readonly<Record<string, FieldType>>, name = 'R'): RecordType => ({
  kind: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, aliases: [], type })),
});

test('each type has a column that holds it exactly', () => {
  const cases: ReadonlyArray<readonly [type: FieldType, column: string | undefined, withNull: string | undefined]> = [
    [{ kind: 'boolean' }, 'Bool', 'Nullable(Bool)'],
    [{ kind: 'int', bits: 8, signed: true }, 'Int32', 'Nullable(Int32)'],
    [INT, 'Int32', 'Nullable(Int32)'],
    [{ kind: 'int', bits: 64, signed: true }, 'Int64', 'Nullable(Int64)'],
    [{ kind: 'int', bits: 64, signed: false }, 'UInt64', 'Nullable(UInt64)'],
    [{ kind: 'float', bits: 32 }, 'Float32', 'Nullable(Float32)'],
    [TEXT, 'String', 'Nullable(String)'],
    [{ kind: 'bytes', size: 3 }, 'String', 'Nullable(String)'],
    [{ kind: 'enum', name: 'E', names: ['A'] }, 'LowCardinality(String)', 'LowCardinality(Nullable(String))'],
    [{ kind: 'decimal', precision: 9, scale: 2 }, 'Decimal(9, 2)', 'Nullable(Decimal(9, 2))'],
    [{ kind: 'decimal', precision: 64, scale: 4 }, 'Decimal(38, 4)', 'Nullable(Decimal(38, 4))'],
    [{ kind: 'decimal', scale: 10 }, 'Decimal(38, 10)', 'Nullable(Decimal(38, 10))'],
    [{ kind: 'decimal', precision: 80, scale: 0 }, undefined, undefined],
    [{ kind: 'date' }, 'Date32', 'Nullable(Date32)'],
    [{ kind: 'time', digits: 6 }, 'Time64(6)', 'Nullable(Time64(6))'],
    [{ kind: 'timestamp', digits: 9, local: false }, "DateTime64(9, 'UTC')", "Nullable(DateTime64(9, 'UTC'))"],
    [{ kind: 'timestamp', digits: 3, local: true }, "DateTime64(3, 'UTC')", "Nullable(DateTime64(3, 'UTC'))"],
    [{ kind: 'uuid' }, 'UUID', 'Nullable(UUID)'],
    [{ kind: 'array', items: optional(INT) }, 'Array(Nullable(Int32))', 'Array(Nullable(Int32))'],
    [{ kind: 'array', items: { kind: 'array', items: TEXT } }, 'Array(Array(String))', 'Array(Array(String))'],
    [{ kind: 'map', keys: TEXT, values: optional(TEXT) }, 'Map(String, Nullable(String))', 'Map(String, Nullable(String))'],
    [
      recordOf({ a: INT, 'b c': optional(TEXT) }),
      'Tuple(`a` Int32, `b c` Nullable(String))',
      'Tuple(`a` Nullable(Int32), `b c` Nullable(String))',
    ],
    [optional(recordOf({ a: INT })), 'Tuple(`a` Nullable(Int32))', 'Tuple(`a` Nullable(Int32))'],
    [recordOf({}), undefined, undefined],
    [recordOf({ _sluice_row: INT }), undefined, undefined],
    [optional(INT), 'Nullable(Int32)', 'Nullable(Int32)'],
    [{ kind: 'union', branches: [INT] }, 'Int32', 'Nullable(Int32)'],
    [{ kind: 'union', branches: [NULL, INT, TEXT] }, 'Variant(Int64, String)', 'Variant(Int64, String)'],
    [
      { kind: 'union', branches: [TEXT, { kind: 'float', bits: 64 }, { kind: 'array', items: INT }, recordOf({ a: INT })] },
      'Variant(String, Float64, Array(Int32), Tuple(`a` Int32))',
      'Variant(String, Float64, Array(Int32), Tuple(`a` Int32))',
    ],
    [{ kind: 'union', branches: [TEXT, { kind: 'uuid' }] }, undefined, undefined],
    [{ kind: 'union', branches: [INT, { kind: 'boolean' }] }, undefined, undefined],
    [{ kind: 'union', branches: [recordOf({ a: INT }), recordOf({ b: INT })] }, undefined, undefined],
    [{ kind: 'any' }, undefined, undefined],
    [NULL, undefined, undefined],
  ];
  assert.deepEqual(
    cases.map(([type]) => [type, made(type, false), made(type, true)]),
    cases,
  );
});

test('records in records, and types that share their parts, make columns of a size that can be', () => {
  let chain: FieldType = INT;
  for (let i = 0; i < 3000; i++) chain = recordOf({ next: chain }, `C${i}`);
  const text = made(chain, false) ?? '';
  assert.equal(text, `${'Tuple(`next` '.repeat(20)}JSON${')'.repeat(20)}`);
  let shared: FieldType = recordOf({ a: INT }, 'S');
  for (let i = 0; i < 40; i++) shared = recordOf({ a: shared, b: shared }, `S${i}`);
  const began = performance.now();
  assert.ok((made(shared, false) ?? '').length < 100_000);
  assert.ok(performance.now() - began < 1000);
});

test('an enum and a record become what the pipeline says', () => {
  const names: FieldType = { kind: 'enum', name: 'E', names: ['A', "b'c"] };
  const many: FieldType = { kind: 'enum', name: 'E', names: Array.from({ length: 128 }, (_, i) => `n${i}`) };
  const enums = { enumColumns: 'enum' } as const;
  assert.equal(made(names, false, enums), "Enum8('A' = 1, 'b\\'c' = 2)");
  assert.equal(made(names, true, enums), "Nullable(Enum8('A' = 1, 'b\\'c' = 2))");
  assert.match(made(many, false, enums) ?? '', /^Enum16\('n0' = 1, .*'n127' = 128\)$/);
  assert.equal(made({ kind: 'array', items: recordOf({ a: names }) }, false, { recordColumns: 'json' }), 'Array(JSON)');
});

test('a recursive record is JSON, also inside of others', () => {
  const fields: Array<RecordType['fields'][number]> = [{ name: 'v', aliases: [], type: INT }];
  const node: RecordType = { kind: 'record', name: 'Node', fields };
  fields.push({ name: 'next', aliases: [], type: optional({ kind: 'array', items: node }) });
  assert.equal(made(node, false), 'JSON');
  assert.equal(made({ kind: 'array', items: node }, true), 'Array(JSON)');
  assert.equal(made(recordOf({ a: node, b: INT }), false), 'Tuple(`a` JSON, `b` Int32)');
});

test('a field is looked for in the newest schema that has it, also inside of records', () => {
  const old: RecordType = { kind: 'record', name: 'R', fields: [{ name: 'a', aliases: [], type: TEXT, doc: 'old' }] };
  const inner = recordOf({ x: INT });
  const young = recordOf({ a: INT, b: optional(inner), c: { kind: 'array', items: inner } });
  assert.deepEqual(fieldAt([old, young], ['a']), { type: INT });
  assert.deepEqual(fieldAt([young, old], ['a']), { type: TEXT, comment: 'old' });
  assert.deepEqual(fieldAt([young, old], ['b', 'x']), { type: INT });
  assert.deepEqual(
    [['c', 'x'], ['b', 'y'], ['d'], ['a', 'x']].map((path) => fieldAt([old, young], path)),
    [undefined, undefined, undefined, undefined],
  );
});
