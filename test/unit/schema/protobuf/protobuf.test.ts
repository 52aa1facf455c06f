/** What Protobuf values become, type by type, and which bytes and schemas are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import type { FieldType } from '../../../../src/core/schema.ts';
import { TapeFull } from '../../../../src/core/tape-builder.ts';
import type { Codec } from '../../../../src/schema/codec.ts';
import { compileProtobuf } from '../../../../src/schema/protobuf/protobuf-schema.ts';
import { Undecodable } from '../../../../src/schema/undecodable.ts';
import { bytesRead, roomyTape, textRead } from '../../../support/tapes.ts';

type References = ReadonlyArray<{ name: string; text: string }>;

const codecOf = (text: string, references: References = []): Codec => compileProtobuf({ text, references }, { depth: 20 });
const proto3 = (fields: string, more = ''): string => `syntax = "proto3"; message M { ${fields} } ${more}`;
const proto2 = (fields: string, more = ''): string => `syntax = "proto2"; message M { ${fields} } ${more}`;

/** Of the first message of a file, by the bytes after its index. */
const read = (schema: string, hex: string, references?: References): string =>
  textRead(codecOf(schema, references), Buffer.from(`00${hex.replaceAll(' ', '')}`, 'hex'));

/** Of a value as protobufjs writes it. */
function written(schema: string, value: object): string {
  const root = new protobuf.Root();
  protobuf.parse(schema, root, { keepCase: true });
  for (const file of ['timestamp', 'duration', 'struct', 'wrappers', 'any', 'empty', 'field_mask'])
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)?.nested ?? {});
  const type = root.lookupType('M');
  return textRead(codecOf(schema), Buffer.concat([Buffer.from([0]), type.encode(type.fromObject(value)).finish()]));
}

const failure = (schema: string, hex: string): string => {
  try {
    read(schema, hex);
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    return `${error.message}${error.path.length === 0 ? '' : ` at ${error.path.toReversed().join('')}`}`;
  }
  return assert.fail('was read');
};

const unusable = (text: string, references?: References): string => {
  try {
    codecOf(text, references);
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    return `${error.code}: ${error.message}`;
  }
  return assert.fail('was compiled');
};

test('each scalar type as the text that says it exactly', () => {
  const cases: ReadonlyArray<readonly [type: string, hex: string, text: string]> = [
    ['int32', '08 00', '0'],
    ['int32', '08 ffffffff07', '2147483647'],
    ['int32', '08 80808080f8ffffffff01', '-2147483648'],
    ['int32', '08 ffffffff0f', '-1'],
    ['uint32', '08 ffffffff0f', '4294967295'],
    ['sint32', '08 ffffffff0f', '-2147483648'],
    ['sint32', '08 feffffff0f', '2147483647'],
    ['sint32', '08 01', '-1'],
    ['int64', '08 8180808080808010', '9007199254740993'],
    ['int64', '08 ffffffffffffffff7f', '9223372036854775807'],
    ['int64', '08 80808080808080808001', '-9223372036854775808'],
    ['int64', '08 ffffffffffffffffff01', '-1'],
    ['uint64', '08 ffffffffffffffffff01', '18446744073709551615'],
    ['sint64', '08 ffffffffffffffffff01', '-9223372036854775808'],
    ['sint64', '08 feffffffffffffffff01', '9223372036854775807'],
    ['sint64', '08 03', '-2'],
    ['bool', '08 00', 'false'],
    ['bool', '08 01', 'true'],
    ['fixed32', '0d ffffffff', '4294967295'],
    ['sfixed32', '0d ffffffff', '-1'],
    ['fixed64', '09 ffffffffffffffff', '18446744073709551615'],
    ['sfixed64', '09 0000000000000080', '-9223372036854775808'],
    ['float', '0d cdcccc3d', '0.10000000149011612'],
    ['float', '0d 0000c07f', '"NaN"'],
    ['double', '09 9a9999999999b93f', '0.1'],
    ['double', '09 000000000000f0ff', '"-Infinity"'],
    ['double', '09 0000000000000080', '-0.0'],
    ['string', '0a 05 61 22 5c 0a 01', '"a\\"\\\\\\n\\u0001"'],
    ['string', '0a 03 e282ac', '"€"'],
    ['string', '0a 00', '""'],
    ['bytes', '0a 02 6869', '"hi"'],
  ];
  for (const [type, hex, text] of cases) assert.equal(read(proto3(`${type} f = 1;`), hex), `{"f":${text}}`, `${type} ${hex}`);
  const bytes = bytesRead(codecOf(proto3('bytes f = 1;')), Buffer.from('000a03ff000a', 'hex'));
  assert.equal(bytes.toString('latin1'), '{"f":"\u00ff\\u0000\\n"}');
});

test('a field that is absent is zero, null, its default, empty, or a reason to refuse, as the language has it', () => {
  const scalars = 'int32 a = 1; double b = 2; bool c = 3; string d = 4; bytes e = 5; fixed64 f = 6; E g = 7;';
  const e = 'enum E { ZERO = 0; ONE = 1; }';
  const cases: ReadonlyArray<readonly [schema: string, text: string]> = [
    [proto3(scalars, e), '{"a":0,"b":0.0,"c":false,"d":"","e":"","f":0,"g":"ZERO"}'],
    [
      proto3('optional int32 a = 1; optional E b = 2; M c = 3; oneof x { string d = 4; M e = 5; }', e),
      '{"a":null,"b":null,"c":null,"d":null,"e":null}',
    ],
    [proto3('repeated int32 a = 1; repeated M b = 2; map<string, M> c = 3;'), '{"a":[],"b":[],"c":{}}'],
    [
      proto2(
        'optional int32 a = 1 [default = -7]; optional string b = 2 [default = "x\\"y"]; optional bool c = 3 [default = true]; optional E d = 4 [default = TWO]; optional double e = 5 [default = inf]; optional bytes f = 6 [default = "a\\001"]; optional float g = 7 [default = 0.1]; optional int64 h = 8;',
        'enum E { ONE = 1; TWO = 2; }',
      ),
      '{"a":-7,"b":"x\\"y","c":true,"d":"TWO","e":"Infinity","f":"a\\u0001","g":0.10000000149011612,"h":null}',
    ],
    ['edition = "2023"; message M { int32 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; }', '{"a":null,"b":0}'],
    [proto2(String.raw`optional string a = 1 [default = "\\u"];`), String.raw`{"a":"\\u"}`],
    [proto3(''), '{}'],
  ];
  for (const [schema, text] of cases) assert.equal(read(schema, ''), text, schema);
  assert.equal(failure(proto2('required int32 a = 1; optional int32 b = 2;'), '10 01'), 'is missing, and its schema requires it at .a');
});

test('messages, groups, lists, maps and choices', () => {
  const schema = proto3(
    'int32 id = 1; In one = 2; repeated In many = 3; map<string, In> by_name = 4; map<int64, string> by_number = 5; map<bool, E> by_flag = 6; oneof choice { string text = 7; In message = 8; int32 number = 9; } repeated string words = 10; repeated sint32 packed = 11; E e = 12; repeated E es = 13;',
    'message In { string s = 1; repeated double d = 2; } enum E { A = 0; B = 5; }',
  );
  assert.equal(
    written(schema, {
      id: 7,
      one: { s: 'x', d: [1.5, 2] },
      many: [{ s: 'a' }, {}],
      by_name: { k: { s: 'v' }, 'a"b': {} },
      by_number: { '9007199254740993': 'big', '-1': 'n' },
      by_flag: { true: 5 },
      number: 4,
      words: ['', 'w'],
      packed: [-1, 0, 1],
      e: 5,
      es: [0, 5],
    }),
    '{"id":7,"one":{"s":"x","d":[1.5,2.0]},"many":[{"s":"a","d":[]},{"s":"","d":[]}],"by_name":{"k":{"s":"v","d":[]},"a\\"b":{"s":"","d":[]}},"by_number":{"9007199254740993":"big","-1":"n"},"by_flag":{"true":"B"},"text":null,"message":null,"number":4,"words":["","w"],"packed":[-1,0,1],"e":"B","es":["A","B"]}',
  );
  assert.equal(
    read(
      proto2('optional group G = 1 { optional int32 a = 1; repeated group H = 2 { optional int32 b = 1; } }'),
      '0b 0805 13 0801 14 13 14 0c',
    ),
    '{"g":{"a":5,"h":[{"b":1},{"b":null}]}}',
  );
});

test('fields come in any order, more than once, packed or not, and unknown ones are passed over', () => {
  const schema = proto3(
    'int32 a = 1; string b = 2; repeated int32 l = 3; In m = 4; map<string, int32> k = 5; oneof x { int32 y = 6; In z = 7; }',
    'message In { int32 p = 1; int32 q = 2; repeated int32 r = 3; }',
  );
  const cases: ReadonlyArray<readonly [hex: string, text: string]> = [
    ['12 01 62 08 01 08 02', '{"a":2,"b":"b","l":[],"m":null,"k":{},"y":null,"z":null}'],
    ['1a 02 01 02 18 03 1a 00 1a 01 04', '{"a":0,"b":"","l":[1,2,3,4],"m":null,"k":{},"y":null,"z":null}'],
    ['22 04 08 01 18 01 22 04 10 02 18 02', '{"a":0,"b":"","l":[],"m":{"p":1,"q":2,"r":[1,2]},"k":{},"y":null,"z":null}'],
    ['2a 05 0a 01 61 10 01 2a 05 10 02 0a 01 61 2a 00', '{"a":0,"b":"","l":[],"m":null,"k":{"a":2,"":0},"y":null,"z":null}'],
    ['30 01 3a 00', '{"a":0,"b":"","l":[],"m":null,"k":{},"y":null,"z":{"p":0,"q":0,"r":[]}}'],
    ['3a 02 08 01 30 05', '{"a":0,"b":"","l":[],"m":null,"k":{},"y":5,"z":null}'],
    ['3a 02 08 01 3a 02 10 02', '{"a":0,"b":"","l":[],"m":null,"k":{},"y":null,"z":{"p":1,"q":2,"r":[]}}'],
    [
      'f8 07 01 fd 07 00000000 f9 07 0000000000000000 fa 07 01 ff fb 07 08 01 fc 07 08 03',
      '{"a":3,"b":"","l":[],"m":null,"k":{},"y":null,"z":null}',
    ],
  ];
  for (const [hex, text] of cases) assert.equal(read(schema, hex), text, hex);
});

test('messages that are known stand for what they are', () => {
  const imports = ['timestamp', 'duration', 'struct', 'wrappers', 'any', 'empty', 'field_mask']
    .map((name) => `import "google/protobuf/${name}.proto";`)
    .join(' ');
  const of = (type: string): string =>
    `syntax = "proto3"; ${imports} import "google/type/date.proto"; import "google/type/timeofday.proto"; import "google/type/decimal.proto"; import "confluent/type/decimal.proto"; import "confluent/meta.proto"; message M { ${type} f = 1; }`;
  const cases: ReadonlyArray<readonly [type: string, hex: string, text: string]> = [
    ['google.protobuf.Timestamp', '0a 00', '"1970-01-01T00:00:00.000000000Z"'],
    ['google.protobuf.Timestamp', '0a 0d 08 ffffffffffffffffff01 10 01', '"1969-12-31T23:59:59.000000001Z"'],
    ['google.protobuf.Timestamp', '0a 0c 08 84 80 ac ca 06 10 ff 93 eb dc 03', '"2025-12-23T20:48:04.999999999Z"'],
    ['google.protobuf.Duration', '0a 08 08 01 10 80 ca b5 ee 01', '1.500000000'],
    ['google.protobuf.Duration', '0a 0b 08 ffffffffffffffffff01', '-1.000000000'],
    ['google.protobuf.Int64Value', '0a 02 08 05', '5'],
    ['google.protobuf.Int64Value', '0a 00', '0'],
    ['google.protobuf.Int64Value', '', 'null'],
    ['google.protobuf.StringValue', '0a 03 0a 01 78', '"x"'],
    ['google.protobuf.BoolValue', '0a 02 08 01', 'true'],
    ['google.protobuf.Empty', '0a 00', '{}'],
    ['google.protobuf.Struct', '0a 0b 0a 09 0a 01 61 12 04 1a 02 68 69', '{"a":"hi"}'],
    ['google.protobuf.Value', '0a 02 08 00', 'null'],
    ['google.protobuf.Value', '0a 02 20 01', 'true'],
    ['google.protobuf.Value', '0a 09 11 000000000000f83f', '1.5'],
    ['google.protobuf.Value', '0a 0a 32 08 0a 02 20 01 0a 02 08 00', '[true,null]'],
    ['google.protobuf.ListValue', '0a 04 0a 02 20 00', '[false]'],
    ['google.protobuf.FieldMask', '0a 05 0a 03 612e62', '{"paths":["a.b"]}'],
    ['google.type.Date', '0a 07 08 ea 0f 10 02 18 1c', '"2026-02-28"'],
    ['google.type.TimeOfDay', '0a 08 08 17 10 3b 18 3b 20 01', '"23:59:59.000000001"'],
    ['google.type.Decimal', '0a 06 0a 04 312e3530', '"1.50"'],
    ['confluent.type.Decimal', '0a 08 0a 02 ff85 10 09 18 02', '-1.23'],
    ['confluent.type.Decimal', '0a 03 0a 01 07', '7'],
  ];
  for (const [type, hex, text] of cases) {
    assert.equal(read(of(type), hex), `{"f":${text}}`, `${type} ${hex}`);
  }
  const any = bytesRead(codecOf(of('google.protobuf.Any')), Buffer.from('000a060a01741201ff', 'hex'));
  assert.equal(any.toString('latin1'), '{"f":{"type_url":"t","value":"\u00ff"}}');
  const bad: ReadonlyArray<readonly [type: string, hex: string, message: string]> = [
    [
      'google.protobuf.Timestamp',
      '0a 06 10 80 94 eb dc 03',
      'has a timestamp outside of the years 1 to 9999, or with nanoseconds that are none at .f',
    ],
    [
      'google.protobuf.Timestamp',
      '0a 07 08 8083d1ffaf07',
      'has a timestamp outside of the years 1 to 9999, or with nanoseconds that are none at .f',
    ],
    [
      'google.protobuf.Duration',
      '0a 0d 08 01 10 ffffffffffffffffff01',
      'has a duration of more than 10,000 years, or with nanoseconds that are none at .f',
    ],
    ['google.type.Date', '0a 07 08 ea 0f 10 02 18 1d', 'has a date that is no day: year, month and day have to be there at .f'],
    ['google.type.Date', '0a 03 08 ea 0f', 'has a date that is no day: year, month and day have to be there at .f'],
    ['google.type.TimeOfDay', '0a 02 08 18', 'has a time of day outside of a day at .f'],
    ['confluent.type.Decimal', '0a 03 18 e9 07', 'has a decimal of more digits than any column holds at .f'],
  ];
  for (const [type, hex, message] of bad) assert.equal(failure(of(type), hex), message, `${type} ${hex}`);
});

test('a value is of the message that its indexes name', () => {
  const schema =
    'syntax = "proto3"; package p; enum E { Z = 0; } message A { int32 a = 1; message B { int32 b = 1; message C { int32 c = 1; } } message D { int32 d = 1; } } message F { int32 f = 1; }';
  const codec = codecOf(schema);
  const cases: ReadonlyArray<readonly [indexes: string, text: string, name: string]> = [
    ['00', '{"a":5}', 'p.A'],
    ['02 00', '{"a":5}', 'p.A'],
    ['02 02', '{"f":5}', 'p.F'],
    ['04 00 00', '{"b":5}', 'p.A.B'],
    ['06 00 00 00', '{"c":5}', 'p.A.B.C'],
    ['04 00 02', '{"d":5}', 'p.A.D'],
  ];
  for (const [indexes, text, name] of cases) {
    const bytes = Buffer.from(`${indexes}0805`.replaceAll(' ', ''), 'hex');
    const type = codec.typeOf?.({ bytes, from: 0, to: bytes.length });
    assert.deepEqual([textRead(codec, bytes), type?.kind === 'record' ? type.name : type], [text, name], indexes);
  }
  const bare = Buffer.from('0805', 'hex');
  assert.deepEqual([codec.type.kind, bytesRead(codec, bare, true).toString()], ['record', '{"a":5}']);
  for (const [hex, message] of [
    ['02 04', 'names a message that its schema does not have'],
    ['04 02 00', 'names a message that its schema does not have'],
    ['01', 'names its message by an index that no message can have'],
    ['02 01', 'names its message by an index that no message can have'],
    ['', 'ends before it is complete'],
    ['02', 'ends before it is complete'],
    ['80897a', 'names its message by more than 64 indexes'],
    ['ffffffffffffffffffff01', 'has an integer of more than 64 bits'],
  ] as const)
    assert.throws(
      () => textRead(codec, Buffer.from(hex.replaceAll(' ', ''), 'hex')),
      (error) => error instanceof Undecodable && error.message === message,
      hex,
    );
});

test('bytes that are no value are refused, with where', () => {
  const schema = proto3(
    'int32 a = 1; string s = 2; In m = 3; repeated int32 l = 4; map<string, int32> k = 5; bool b = 6; uint32 u = 7; sint32 z = 8; E e = 9; repeated In ms = 10; fixed32 x = 11;',
    'message In { string s = 1; } enum E { A = 0; }',
  );
  const cases: ReadonlyArray<readonly [hex: string, message: string]> = [
    ['08', 'ends before it is complete'],
    ['08 ff', 'ends before it is complete'],
    ['08 ffffffffffffffffffff01', 'has an integer of more than 64 bits'],
    ['08 ffffffffffffffffff02', 'has an integer of more than 64 bits'],
    ['08 8080808010', 'has a int32 of more than 32 bits at .a'],
    ['38 8080808010', 'has a uint32 of more than 32 bits at .u'],
    ['40 8080808010', 'has a sint32 of more than 32 bits at .z'],
    ['30 02', 'has a bool that is neither 0 nor 1 at .b'],
    ['12 05 61', 'ends before it is complete'],
    ['12 ffffffffffffffffff01', 'ends before it is complete'],
    ['12 02 c328', 'has a string that is not UTF-8 at .s'],
    ['1a 03 0a 01 ff', 'has a string that is not UTF-8 at .m.s'],
    ['52 00 52 03 0a 01 ff', 'has a string that is not UTF-8 at .ms[1].s'],
    ['2a 03 0a 01 ff', 'has a string that is not UTF-8 at .k'],
    ['22 02 01 ff', 'ends before it is complete at .l[1]'],
    ['00 01', 'has a field with the number 0'],
    ['0e', 'has a field of a wire type that does not exist'],
    ['0f', 'has a field of a wire type that does not exist'],
    ['0c', 'ends a group that did not begin'],
    ['fb 07 08 01', 'ends before it is complete'],
    ['0a 01 61', 'has another wire type than its schema says at .a'],
    ['10 01', 'has another wire type than its schema says at .s'],
    ['58 01', 'has another wire type than its schema says at .x'],
    ['1a 02 08 01', 'has another wire type than its schema says at .m.s'],
    ['52 00 52 02 08 01', 'has another wire type than its schema says at .ms[1].s'],
    ['5d 0000', 'ends before it is complete'],
    ['ffffffffffffffffff01', 'has a field with a number over 2^29 − 1'],
  ];
  for (const [hex, message] of cases) assert.equal(failure(schema, hex), message, hex);
  assert.equal(failure(proto2('optional E e = 1;', 'enum E { A = 1; }'), '08 02'), 'has a number that its enum does not have at .e');
  assert.equal(read(proto3('E e = 1;', 'enum E { A = 0; }'), '08 07'), '{"e":"7"}');
});

test('a message that cannot be used is refused every time, and with it no other', () => {
  const codec = codecOf(
    proto2(
      'optional int32 a = 1;',
      'message Bad { optional In i = 1; optional int64 b = 2 [default = 9007199254740993]; } message In { optional int32 v = 1; } message Above { optional Bad bad = 1; } message Good { optional In i = 1; }',
    ),
  );
  const outcome = (hex: string): string => {
    try {
      return textRead(codec, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    } catch (error) {
      return error instanceof Undecodable ? `${error.code}: ${error.message}` : String(error);
    }
  };
  const refused = 'unusable_schema: has a default of more digits than can be read';
  assert.deepEqual(['02 02 0a 02 08 05', '02 02 0a 02 08 05', '02 06 0a 00', '02 06 0a 00', '02 08 0a 02 08 05', '00 08 05'].map(outcome), [
    refused,
    refused,
    refused,
    refused,
    '{"i":{"v":5}}',
    '{"a":5}',
  ]);
});

test('depth and number of values are bounded, of messages, groups and what is passed over', () => {
  const recursive = proto3('M m = 1; repeated M l = 2;');
  const nested = (levels: number): string => {
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < levels; i++) {
      const head = protobuf.Writer.create().uint32(10).uint32(bytes.length).finish();
      bytes = Buffer.concat([head, bytes]);
    }
    return bytes.toString('hex');
  };
  assert.match(read(recursive, nested(18)), /^(\{"m":){18}\{"m":null,"l":\[\]\}/);
  assert.match(failure(recursive, nested(25)), /^is nested deeper than 20 levels: raise limits\.depth/);
  assert.match(failure(recursive, nested(5000)), /^is nested deeper than 20 levels: raise limits\.depth/);
  assert.equal(failure(proto3('int32 a = 1;'), 'fb07'.repeat(100_000)), 'has groups nested too deep: raise limits.depth');
  const codec = codecOf(recursive);
  const many = Buffer.concat([Buffer.from([0]), Buffer.from('1200'.repeat(200_000), 'hex')]);
  assert.throws(() => codec.read({ bytes: many, from: 0, to: many.length }, roomyTape()), TapeFull);
});

test('what a schema says of its values', () => {
  const { type } = codecOf(
    'syntax = "proto3"; package p; import "google/protobuf/wrappers.proto"; import "google/protobuf/timestamp.proto"; message M {\n// the id\nint64 id = 1; optional string s = 2; repeated uint32 l = 3; map<int32, In> m = 4; E e = 5; google.protobuf.StringValue w = 6; google.protobuf.Timestamp t = 7; M self = 8; message In { bytes b = 1; } } enum E { A = 0; B = 1; }',
  );
  const nullable = (inner: FieldType): FieldType => ({ kind: 'union', branches: [{ kind: 'null' }, inner] });
  assert.ok(type.kind === 'record');
  const inner: FieldType = { kind: 'record', name: 'p.M.In', fields: [{ name: 'b', aliases: [], type: { kind: 'bytes' } }] };
  assert.deepEqual(
    type.fields.map(({ name, type: one, doc }) => (doc === undefined ? [name, one] : [name, one, doc])),
    [
      ['id', { kind: 'int', bits: 64, signed: true }, 'the id'],
      ['s', nullable({ kind: 'string' })],
      ['l', { kind: 'array', items: { kind: 'int', bits: 32, signed: false } }],
      ['m', { kind: 'map', keys: { kind: 'int', bits: 32, signed: true }, values: inner }],
      ['e', { kind: 'enum', name: 'p.E', names: ['A', 'B'] }],
      ['w', nullable({ kind: 'string' })],
      ['t', nullable({ kind: 'timestamp', digits: 9, local: false })],
      ['self', nullable(type)],
    ],
  );
});

test('a decimal has the digits that the options of its field say', () => {
  const meta = (params: string): string => `[(confluent.field_meta) = { doc: "d", params: [${params}] }, deprecated = true]`;
  const param = (key: string, value: string): string => `{ value: "${value}", key: "${key}" }`;
  const usual: FieldType = { kind: 'decimal', precision: 38, scale: 18 };
  const cases: ReadonlyArray<readonly [options: string, type: FieldType]> = [
    ['', usual],
    [meta(''), usual],
    [meta([param('precision', '9'), param('scale', '2')].join(', ')), { kind: 'decimal', precision: 9, scale: 2 }],
    [meta([param('scale', '0'), param('precision', '4'), param('other', '7')].join(', ')), { kind: 'decimal', precision: 4, scale: 0 }],
    [
      '[(confluent.field_meta).params = { key: "precision", value: "9" }, (confluent.field_meta).params = { key: "scale", value: "2" }]',
      { kind: 'decimal', precision: 9, scale: 2 },
    ],
    [meta(param('scale', '3')), { kind: 'decimal', scale: 3 }],
    [meta(param('precision', '9')), usual],
    [meta([param('precision', '2'), param('scale', '3')].join(', ')), usual],
    [meta([param('precision', '-9'), param('scale', 'x')].join(', ')), usual],
  ];
  const imports = 'syntax = "proto3"; import "confluent/meta.proto"; import "confluent/type/decimal.proto";';
  for (const [options, inner] of cases) {
    const { type } = codecOf(
      `${imports} message M { confluent.type.Decimal one = 1 ${options}; repeated confluent.type.Decimal many = 2 ${options}; }`,
    );
    assert.deepEqual(
      type.kind === 'record' ? type.fields.map((field) => field.type) : type,
      [
        { kind: 'union', branches: [{ kind: 'null' }, inner] },
        { kind: 'array', items: inner },
      ],
      options,
    );
  }
});

test('options of a schema of its own change nothing', () => {
  const schema = `syntax = "proto3"; package p; import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { string pii = 50001; Rule rule = 50002; } extend google.protobuf.MessageOptions { Rule of_all = 50001; }
    message M { option (of_all) = { level: 4 }; int32 a = 1 [(pii) = "x", (rule).level = 2]; Rule b = 2; } message Rule { int32 level = 1; }`;
  assert.equal(read(schema, '08 05 12 02 08 06'), '{"a":5,"b":{"level":6}}');
});

test('files that a schema imports come from its references, or are known', () => {
  const other = { name: 'other.proto', text: 'syntax = "proto3"; package o; import "third.proto"; message O { t.T t = 1; }' };
  const third = { name: 'third.proto', text: 'syntax = "proto3"; package t; message T { int32 v = 1; }' };
  const schema = 'syntax = "proto3"; package o; import "other.proto"; message M { O o = 1; }';
  assert.equal(read(schema, '0a 04 0a 02 08 05', [third, other]), '{"o":{"t":{"v":5}}}');
  assert.equal(unusable(schema, [other]), 'unusable_schema: imports a file that the registry does not give with it');
  assert.equal(unusable(schema), 'unusable_schema: imports a file that the registry does not give with it');
  const own = {
    name: 'google/protobuf/timestamp.proto',
    text: 'syntax = "proto3"; package google.protobuf; message Timestamp { int64 seconds = 1; string zone = 2; }',
  };
  const known = 'syntax = "proto3"; import "google/protobuf/timestamp.proto"; message M { google.protobuf.Timestamp t = 1; }';
  assert.equal(read(known, '0a 05 08 05 12 01 5a', [own]), '{"t":{"seconds":5,"zone":"Z"}}');
  const types =
    'interval color phone_number postal_address datetime money latlng fraction quaternion expr localized_text dayofweek month calendar_period';
  const all = types.split(' ').map((name) => `import "google/type/${name}.proto";`);
  assert.equal(
    read(
      `syntax = "proto3"; ${all.join(' ')} message M { google.type.Interval i = 1; google.type.PhoneNumber p = 2; google.type.DayOfWeek d = 3; google.type.Month m = 4; }`,
      '0a 04 12 02 08 05 12 05 12 03 12 01 37 18 07 20 0c',
    ),
    '{"i":{"start_time":null,"end_time":"1970-01-01T00:00:05.000000000Z"},"p":{"e164_number":null,"short_code":{"region_code":"","number":"7"},"extension":""},"d":"SUNDAY","m":"DECEMBER"}',
  );
});

test('schemas that cannot be used', () => {
  const invalid = 'unusable_schema: is not a valid Protobuf schema, or refers to something that is not in it';
  const cases: ReadonlyArray<readonly [text: string, message: string]> = [
    ['', 'unusable_schema: has no message'],
    ['syntax = "proto3";', 'unusable_schema: has no message'],
    ['syntax = "proto3"; enum E { A = 0; }', 'unusable_schema: has no message'],
    ['message {', invalid],
    ['{"type":"record"}', invalid],
    [proto3('Missing m = 1;'), invalid],
    [proto3('map<float, int32> m = 1;'), invalid],
    [proto3('int32 __proto__ = 1;'), 'unusable_schema: has something by the name of __proto__, which cannot be read: give it another name'],
    [
      proto2(String.raw`optional string s = 1 [default = "a\\\u00e9"];`),
      String.raw`unusable_schema: has a default with an escape of the form \u or \U, which cannot be read: write the character itself`,
    ],
    [proto2('optional int64 i = 1 [default = 9007199254740993];'), 'unusable_schema: has a default of more digits than can be read'],
  ];
  for (const [text, message] of cases) assert.equal(unusable(text), message, text);
  const chain = Array.from({ length: 20_000 }, (_, i) => `message M${i} { ${i < 19_999 ? `M${i + 1} m = 1;` : ''} }`).join(' ');
  assert.equal(unusable(`syntax = "proto3"; ${chain}`), 'unusable_schema: is nested too deep');
  const deep = `syntax = "proto3"; ${'message M { '.repeat(5000)}${'}'.repeat(5000)}`;
  assert.match(unusable(deep), /^unusable_schema: is (nested too deep|not a valid Protobuf schema)/);
});
