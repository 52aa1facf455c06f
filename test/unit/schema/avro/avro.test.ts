/** What Avro values become, type by type, and which bytes are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avsc from 'avsc';
import { builtTape, TapeFull } from '../../../../src/core/tape-builder.ts';
import { compileAvro } from '../../../../src/schema/avro/avro-schema.ts';
import type { Codec } from '../../../../src/schema/codec.ts';
import { Undecodable } from '../../../../src/schema/undecodable.ts';
import { roomyTape, textRead } from '../../../support/tapes.ts';

const codecOf = (schema: unknown, references: ReadonlyArray<{ name: string; text: string }> = []): Codec =>
  compileAvro({ text: JSON.stringify(schema), references }, { depth: 20 });

const record = (type: unknown): unknown => ({ type: 'record', name: 'R', fields: [{ name: 'f', type }] });

/** Of bytes written down. */
const read = (schema: unknown, hex: string): string => textRead(codecOf(schema), Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Of a value as avsc writes it. */
function written(schema: unknown, value: unknown): string {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true });
  return textRead(codecOf(schema), type.toBuffer(value));
}

const failure = (schema: unknown, hex: string): Undecodable => {
  try {
    read(schema, hex);
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    return error;
  }
  return assert.fail('was read');
};

test('each type as the text that says it exactly', () => {
  const logical = (type: string, logicalType: string, more: object = {}): unknown => ({ type, logicalType, ...more });
  const cases: ReadonlyArray<readonly [schema: unknown, hex: string, text: string]> = [
    ['null', '', 'null'],
    ['boolean', '00', 'false'],
    ['boolean', '01', 'true'],
    ['int', '00', '0'],
    ['int', '01', '-1'],
    ['int', 'feffffff0f', '2147483647'],
    ['int', 'ffffffff0f', '-2147483648'],
    ['long', 'feffffffffffff1f', '9007199254740991'],
    ['long', '8280808080808020', '9007199254740993'],
    ['long', 'feffffffffffffffff01', '9223372036854775807'],
    ['long', 'ffffffffffffffffff01', '-9223372036854775808'],
    ['float', 'cdcccc3d', '0.10000000149011612'],
    ['float', '0000c07f', '"NaN"'],
    ['double', '9a9999999999b93f', '0.1'],
    ['double', '000000000000f03f', '1.0'],
    ['double', '0000000000000080', '-0.0'],
    ['double', '000000000000b043', '1152921504606847000.0'],
    ['double', '000000000000f0ff', '"-Infinity"'],
    ['double', 'ffffffffffffef7f', '1.7976931348623157e+308'],
    ['string', '00', '""'],
    ['string', '0a 61 22 5c 0a 01', '"a\\"\\\\\\n\\u0001"'],
    ['string', '06 e2 82 ac', '"€"'],
    ['bytes', '04 6869', '"hi"'],
    [{ type: 'fixed', name: 'F', size: 3 }, '616263', '"abc"'],
    [{ type: 'enum', name: 'E', symbols: ['A', 'B_1'] }, '02', '"B_1"'],
    [['null', 'long'], '00', 'null'],
    [['null', 'long'], '02 02', '1'],
    [{ type: 'array', items: 'int' }, '04 02 04 00', '[1,2]'],
    [{ type: 'array', items: 'int' }, '03 04 02 04 02 06 00', '[1,2,3]'],
    [{ type: 'array', items: 'int' }, '00', '[]'],
    [{ type: 'map', values: 'int' }, '04 02 61 02 12 5f5f70726f746f5f5f 04 00', '{"a":1,"__proto__":2}'],
    [record('int'), '02', '{"f":1}'],
    [{ type: 'record', name: 'R', fields: [] }, '', '{}'],
    [logical('bytes', 'decimal', { precision: 5, scale: 2 }), '04 cfc7', '-123.45'],
    [logical('bytes', 'decimal', { precision: 5, scale: 2 }), '02 05', '0.05'],
    [logical('bytes', 'decimal', { precision: 5 }), '02 05', '5'],
    [{ type: 'fixed', name: 'D', size: 4, logicalType: 'decimal', precision: 9, scale: 3 }, 'fffffc18', '-1.000'],
    [
      logical('bytes', 'decimal', { precision: 38, scale: 10 }),
      '20 4b3b4ca85a86c47a098a223fffffffff',
      '9999999999999999999999999999.9999999999',
    ],
    [logical('int', 'date'), '00', '"1970-01-01"'],
    [logical('int', 'date'), '01', '"1969-12-31"'],
    [logical('int', 'date'), '8cb502', '"2024-02-29"'],
    [logical('int', 'time-millis'), 'feefb252', '"23:59:59.999"'],
    [logical('long', 'time-micros'), '02', '"00:00:00.000001"'],
    [logical('long', 'timestamp-millis'), '01', '"1969-12-31T23:59:59.999Z"'],
    [logical('long', 'timestamp-micros'), '03', '"1969-12-31T23:59:59.999998Z"'],
    [logical('long', 'timestamp-nanos'), 'feffffffffffffffff01', '"2262-04-11T23:47:16.854775807Z"'],
    [logical('long', 'local-timestamp-millis'), '00', '"1970-01-01T00:00:00.000"'],
    [logical('long', 'timestamp-millis'), 'feffffffffffffffff01', '"+999999-01-01T07:12:55.807Z"'],
    [
      logical('string', 'uuid'),
      `48 ${Buffer.from('0192f000-0000-7000-8000-000000000000').toString('hex')}`,
      '"0192f000-0000-7000-8000-000000000000"',
    ],
    [
      { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' },
      '0192f00000007000 8000000000000001',
      '"0192f000-0000-7000-8000-000000000001"',
    ],
    [{ type: 'fixed', name: 'X', size: 12, logicalType: 'duration' }, '01000000 02000000 dc050000', '"P1M2DT1.500S"'],
    // A logical type that does not go with what it is on counts for nothing.
    [logical('string', 'date'), '02 61', '"a"'],
    [logical('bytes', 'decimal', { precision: 2, scale: 3 }), '02 61', '"a"'],
    [logical('int', 'constructor'), '02', '1'],
  ];
  assert.deepEqual(
    cases.map(([schema, hex]) => [schema, hex, read(schema, hex)]),
    cases.map(([schema, hex, text]) => [schema, hex, text]),
  );
});

test('bytes are those very bytes, also where they are no text', () => {
  const tape = roomyTape();
  const bytes = Buffer.from('08 ff00c328'.replaceAll(' ', ''), 'hex');
  codecOf('bytes').read({ bytes, from: 0, to: bytes.length }, tape);
  assert.deepEqual(builtTape(tape).bytes, Buffer.from([0x22, 0xff, ...Buffer.from('\\u0000'), 0xc3, 0x28, 0x22]));
});

test('records in records, with names of namespaces, aliases, docs and defaults', () => {
  const schema = {
    type: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'id', type: 'long', doc: 'its number', aliases: ['number'] },
      {
        name: 'lines',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Line',
            fields: [
              { name: 'sku', type: 'string' },
              { name: 'price', type: ['null', 'double'], default: null },
            ],
          },
        },
      },
      { name: 'first', type: ['null', 'Line'], default: null },
      { name: 'note', type: 'string', default: 'none' },
    ],
  };
  const line = { sku: 'x', price: { double: 2.5 } };
  assert.equal(
    written(schema, { id: 7, lines: [line, { sku: 'y', price: null }], first: { 'shop.Line': line }, note: 'n' }),
    '{"id":7,"lines":[{"sku":"x","price":2.5},{"sku":"y","price":null}],"first":{"sku":"x","price":2.5},"note":"n"}',
  );
  const lineType = {
    kind: 'record',
    name: 'shop.Line',
    fields: [
      { name: 'sku', aliases: [], type: { kind: 'string' } },
      {
        name: 'price',
        aliases: [],
        type: { kind: 'union', branches: [{ kind: 'null' }, { kind: 'float', bits: 64 }] },
        fallback: 'null',
      },
    ],
  };
  assert.deepEqual(codecOf(schema).type, {
    kind: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'id', aliases: ['number'], type: { kind: 'int', bits: 64, signed: true }, doc: 'its number' },
      { name: 'lines', aliases: [], type: { kind: 'array', items: lineType } },
      { name: 'first', aliases: [], type: { kind: 'union', branches: [{ kind: 'null' }, lineType] }, fallback: 'null' },
      { name: 'note', aliases: [], type: { kind: 'string' }, fallback: '"none"' },
    ],
  });
});

test('names of referenced schemas are known', () => {
  const money = { type: 'record', name: 'M', namespace: 'a', fields: [{ name: 'cents', type: 'int' }] };
  const pair = { type: 'record', name: 'P', namespace: 'b', fields: [{ name: 'low', type: 'a.M' }] };
  const codec = codecOf(record({ type: 'array', items: ['b.P', 'a.M'] }), [
    { name: 'a.M', text: JSON.stringify(money) },
    { name: 'b.P', text: JSON.stringify(pair) },
  ]);
  assert.equal(textRead(codec, Buffer.from('0400020206 00'.replaceAll(' ', ''), 'hex')), '{"f":[{"low":{"cents":1}},{"cents":3}]}');
});

test('a recursive record is a cycle, and is read as deep as the limit', () => {
  const schema = {
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'v', type: 'int' },
      { name: 'next', type: ['null', 'Node'] },
    ],
  };
  const { type } = codecOf(schema);
  assert.ok(type.kind === 'record');
  const next = type.fields[1]!.type;
  assert.ok(next.kind === 'union' && next.branches[1] === type);
  assert.equal(read(schema, '02 02 04 00'), '{"v":1,"next":{"v":2,"next":null}}');
  const { message, path } = failure(schema, '0202'.repeat(30));
  assert.deepEqual([message, path.length], ['is nested deeper than 20 levels: raise limits.depth', 20]);
});

test('Connect maps whose keys are no strings become maps', () => {
  const entry = {
    type: 'record',
    name: 'Entry',
    fields: [
      { name: 'key', type: 'int' },
      { name: 'value', type: ['null', 'string'] },
    ],
    'connect.internal.type': 'MapEntry',
  };
  const schema = { type: 'array', items: entry };
  assert.equal(read(schema, '04 0e 02 02 61 10 00 00'), '{"7":"a","8":null}');
  assert.deepEqual(codecOf(schema).type, {
    kind: 'map',
    keys: { kind: 'int', bits: 32, signed: true },
    values: { kind: 'union', branches: [{ kind: 'null' }, { kind: 'string' }] },
  });
  assert.equal(failure(schema, '04 0e 00 0e 00 00').message, 'has a key twice in a map');
});

test('hostile bytes are refused, with where and why', () => {
  const long = (hex: string): readonly [unknown, string] => ['long', hex];
  const cases: ReadonlyArray<readonly [schema: unknown, hex: string, message: string, path?: string]> = [
    [...long(''), 'ends before it is complete'],
    [...long('80'), 'ends before it is complete'],
    [...long('ffffffffffffffffff02'), 'has an integer of more than 64 bits'],
    [...long('ffffffffffffffffffffff01'), 'has an integer of more than 64 bits'],
    [...long('02 00'), 'ends 1 bytes before the record does'],
    ['int', '8080808010', 'has an int of more than 32 bits'],
    ['int', '808080808080808001', 'has an int of more than 32 bits'],
    ['boolean', '07', 'has a boolean that is neither 0 nor 1'],
    ['float', '0000', 'ends before it is complete'],
    ['string', '06 c328', 'ends before it is complete'],
    ['string', '04 c328', 'has a string that is not UTF-8'],
    ['string', '01', 'has bytes of a negative length'],
    ['string', 'feffffff1f 61', 'ends before it is complete'],
    ['bytes', 'feffffffffffffffff01', 'ends before it is complete'],
    [{ type: 'fixed', name: 'F', size: 1e9 }, '00', 'ends before it is complete'],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'c601', 'has an index outside of an enum, which has 1'],
    [['null', 'int'], '12', 'has an index outside of a union, which has 2'],
    [['null', 'int'], '01', 'has an index outside of a union, which has 2'],
    [{ type: 'array', items: 'int' }, '02 02', 'ends before it is complete'],
    [{ type: 'array', items: 'int' }, '03 02 02 04 00', 'has a block of another size than it says'],
    [{ type: 'array', items: 'int' }, '03 40 02 04 00', 'ends before it is complete'],
    [{ type: 'array', items: 'int' }, 'feffffffffffffffff01 02', 'has a block that says it has more items than any body can hold'],
    [{ type: 'array', items: 'int' }, '80e0ffff0f 02', 'ends before it is complete', '[1]'],
    [{ type: 'map', values: 'int' }, '04 02 61 02 02 61 04 00', 'has a key twice in a map'],
    [{ type: 'map', values: 'int' }, '02 02 ff 02 00', 'has a string that is not UTF-8'],
    [record({ type: 'array', items: record2() }), '04 02 00 00', 'has an index outside of a union, which has 1', '.f[0].g'],
    [{ type: 'int', logicalType: 'time-millis' }, '80f0b252', 'has a time of day outside of a day'],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, `8201 ${'00'.repeat(65)}`, 'has a decimal of more than 64 bytes'],
  ];
  for (const [schema, hex, message, path = ''] of cases) {
    const found = failure(schema, hex);
    assert.deepEqual(
      [found.message, found.path.toReversed().join(''), found.code],
      [message, path, 'undecodable'],
      JSON.stringify([schema, hex]),
    );
  }
  function record2(): unknown {
    return { type: 'record', name: 'S', fields: [{ name: 'g', type: ['int'] }] };
  }
});

test('items that take no bytes are bounded by the limit of values', () => {
  const started = performance.now();
  for (const items of ['null', { type: 'record', name: 'Z', fields: [] }])
    assert.throws(
      () => read({ type: 'array', items }, '80a8d6b907'),
      (error) => error instanceof TapeFull && error.limit === 'values',
    );
  assert.ok(performance.now() - started < 1000);
});

test('a schema that cannot be used is refused as that', () => {
  const deep = (levels: number): string => '{"type":"array","items":'.repeat(levels) + '"int"' + '}'.repeat(levels);
  const cases: ReadonlyArray<readonly [text: string, message: string]> = [
    ['{', 'is not a valid Avro schema'],
    ['"Nowhere"', 'is not a valid Avro schema'],
    ['{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}', 'is not a valid Avro schema'],
    ['["int","int"]', 'is not a valid Avro schema'],
    ['{"type":"constructor"}', 'uses a name that is not declared'],
    ['12', 'is not a valid Avro schema'],
    [deep(500), 'is nested deeper than 200 levels'],
    [deep(100_000), 'is nested too deep'],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => compileAvro({ text, references: [] }, { depth: 20 }),
      (error) => error instanceof Undecodable && error.code === 'unusable_schema' && error.message === message,
      `${text.slice(0, 60)} ${message}`,
    );
  // As the registry keeps it.
  assert.equal(textRead(compileAvro({ text: 'string', references: [] }, { depth: 20 }), Buffer.from('0261', 'hex')), '"a"');
  assert.equal(
    textRead(codecOf({ type: 'record', name: 'R', fields: [{ name: 'f', type: 'int', default: 'x' }] }), Buffer.from('02', 'hex')),
    '{"f":1}',
  );
});

test('decimals of few bytes are digit for digit what their bytes say', () => {
  for (let size = 1; size <= 8; size++) {
    for (const scale of [0, 1, 2, 5, 9, 18]) {
      const schema = { type: 'bytes', logicalType: 'decimal', precision: 20, scale };
      const most = 2n ** BigInt(8 * size - 1);
      for (const value of [0n, 1n, -1n, 9n, 10n, -100n, most - 1n, -most, most / 3n, -(most / 7n)]) {
        if (value >= most || value < -most) continue;
        const hex = BigInt.asUintN(8 * size, value)
          .toString(16)
          .padStart(2 * size, '0');
        const magnitude = String(value < 0n ? -value : value).padStart(scale + 1, '0');
        const digits = scale === 0 ? magnitude : `${magnitude.slice(0, -scale)}.${magnitude.slice(-scale)}`;
        const text = read(schema, `${(size * 2).toString(16).padStart(2, '0')}${hex}`);
        assert.equal(text, `${value < 0n ? '-' : ''}${digits}`, `${value} in ${size} bytes, scale ${scale}`);
      }
    }
  }
});
