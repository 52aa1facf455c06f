/** Shapes of records as producers write them: the schema, a value as the producer's library takes it, the columns it makes and the row it becomes. */
export interface Shape {
  readonly name: string;
  /** Of Avro the schema, of Protobuf the body of the message `M` and what stands beside it. */
  readonly schema: unknown;
  readonly value: unknown;
  /** Column → type. */
  readonly columns: Readonly<Record<string, string>>;
  /** As ClickHouse prints it. */
  readonly row: Readonly<Record<string, unknown>>;
}

const record = (...fields: ReadonlyArray<readonly [name: string, type: unknown, more?: object]>): object => ({
  type: 'record',
  name: 'R',
  fields: fields.map(([name, type, more]) => Object.assign({ name, type }, more)),
});
const logical = (type: string, logicalType: string, more: object = {}): object => ({ type, logicalType, ...more });
const array = (items: unknown): object => ({ type: 'array', items });
const map = (values: unknown): object => ({ type: 'map', values });
const inner = (name: string, ...fields: ReadonlyArray<readonly [name: string, type: unknown]>): object => ({
  type: 'record',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
});
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const AT = 1_767_323_045_678;

export const AVRO_SHAPES: readonly Shape[] = [
  {
    name: 'primitives',
    schema: record(['b', 'boolean'], ['i', 'int'], ['l', 'long'], ['f', 'float'], ['d', 'double'], ['s', 'string'], ['y', 'bytes']),
    value: { b: true, i: -1, l: 2 ** 50, f: 1.5, d: 0.1, s: 'x', y: Buffer.from('y') },
    columns: { b: 'Bool', i: 'Int32', l: 'Int64', f: 'Float32', d: 'Float64', s: 'String', y: 'String' },
    row: { b: true, i: -1, l: '1125899906842624', f: 1.5, d: 0.1, s: 'x', y: 'y' },
  },
  {
    name: 'arrays of primitives',
    schema: record(['i', array('int')], ['s', array('string')], ['d', array('double')], ['b', array('boolean')], ['l', array('long')]),
    value: { i: [1, 2], s: ['a', ''], d: [0.5], b: [true, false], l: [7] },
    columns: { i: 'Array(Int32)', s: 'Array(String)', d: 'Array(Float64)', b: 'Array(Bool)', l: 'Array(Int64)' },
    row: { i: [1, 2], s: ['a', ''], d: [0.5], b: [true, false], l: ['7'] },
  },
  {
    name: 'arrays of arrays',
    schema: record(['m', array(array('int'))], ['n', array(array(array('string')))]),
    value: { m: [[1], [], [2, 3]], n: [[['x'], []], []] },
    columns: { m: 'Array(Array(Int32))', n: 'Array(Array(Array(String)))' },
    row: { m: [[1], [], [2, 3]], n: [[['x'], []], []] },
  },
  {
    name: 'maps of primitives',
    schema: record(['i', map('int')], ['s', map('string')], ['b', map('boolean')]),
    value: { i: { a: 1 }, s: { k: 'v', 'ü.ö': '' }, b: {} },
    columns: { i: 'Map(String, Int32)', s: 'Map(String, String)', b: 'Map(String, Bool)' },
    row: { i: { a: 1 }, s: { k: 'v', 'ü.ö': '' }, b: {} },
  },
  {
    name: 'a map of maps',
    schema: record(['m', map(map('long'))]),
    value: { m: { a: { b: 1 }, c: {} } },
    columns: { m: 'Map(String, Map(String, Int64))' },
    row: { m: { a: { b: '1' }, c: {} } },
  },
  {
    name: 'a map of values of several types, whose keys name no columns',
    schema: record(['m', map(['int', 'boolean'])]),
    value: { m: { a: { int: 1 }, b: { boolean: true } } },
    columns: { m: 'JSON' },
    row: { m: { a: '1', b: true } },
  },
  {
    name: 'a map of arrays and an array of maps',
    schema: record(['m', map(array('int'))], ['a', array(map('string'))]),
    value: { m: { a: [1, 2] }, a: [{ k: 'v' }, {}] },
    columns: { m: 'Map(String, Array(Int32))', a: 'Array(Map(String, String))' },
    row: { m: { a: [1, 2] }, a: [{ k: 'v' }, {}] },
  },
  {
    name: 'a record in a record, three deep',
    schema: record(['a', inner('A', ['x', 'int'], ['b', inner('B', ['y', 'string'], ['c', inner('C', ['z', 'long'])])])]),
    value: { a: { x: 1, b: { y: 'y', c: { z: 2 } } } },
    columns: { a: 'Tuple(x Int32, b Tuple(y String, c Tuple(z Int64)))' },
    row: { a: { x: 1, b: { y: 'y', c: { z: '2' } } } },
  },
  {
    name: 'an array of records',
    schema: record(['lines', array(inner('Line', ['sku', 'string'], ['count', 'int']))]),
    value: {
      lines: [
        { sku: 'a', count: 1 },
        { sku: 'b', count: 2 },
      ],
    },
    columns: { lines: 'Array(Tuple(sku String, count Int32))' },
    row: {
      lines: [
        { sku: 'a', count: 1 },
        { sku: 'b', count: 2 },
      ],
    },
  },
  {
    name: 'a map of records',
    schema: record(['m', map(inner('V', ['n', 'int']))]),
    value: { m: { k: { n: 1 } } },
    columns: { m: 'Map(String, Tuple(n Int32))' },
    row: { m: { k: { n: 1 } } },
  },
  {
    name: 'null first in unions, without values',
    schema: record(['i', ['null', 'int']], ['s', ['null', 'string']], ['b', ['null', 'boolean']], ['d', ['null', 'double']]),
    value: { i: null, s: null, b: null, d: null },
    columns: { i: 'Nullable(Int32)', s: 'Nullable(String)', b: 'Nullable(Bool)', d: 'Nullable(Float64)' },
    row: { i: null, s: null, b: null, d: null },
  },
  {
    name: 'null last in unions, with values',
    schema: record(['i', ['int', 'null']], ['s', ['string', 'null']], ['t', [logical('long', 'timestamp-millis'), 'null']]),
    value: { i: { int: 5 }, s: { string: 'x' }, t: { long: AT } },
    columns: { i: 'Nullable(Int32)', s: 'Nullable(String)', t: "Nullable(DateTime64(3, 'UTC'))" },
    row: { i: 5, s: 'x', t: '2026-01-02 03:04:05.678' },
  },
  {
    name: 'optional containers, which are empty without a value',
    schema: record(['a', ['null', array('int')]], ['m', ['null', map('string')]], ['r', ['null', inner('I', ['x', 'int'])]]),
    value: { a: null, m: null, r: null },
    columns: { a: 'Array(Int32)', m: 'Map(String, String)', r: 'Tuple(x Nullable(Int32))' },
    row: { a: [], m: {}, r: { x: null } },
  },
  {
    name: 'arrays and maps of optional values',
    schema: record(['a', array(['null', 'int'])], ['m', map(['null', 'string'])], ['r', array(['null', inner('O', ['x', 'int'])])]),
    value: { a: [{ int: 1 }, null], m: { k: null, l: { string: 'v' } }, r: [{ O: { x: 1 } }, null] },
    columns: { a: 'Array(Nullable(Int32))', m: 'Map(String, Nullable(String))', r: 'Array(Tuple(x Nullable(Int32)))' },
    row: { a: [1, null], m: { k: null, l: 'v' }, r: [{ x: 1 }, { x: null }] },
  },
  {
    name: 'unions of several types',
    schema: record(['u', ['null', 'long', 'string']], ['v', ['string', array('int')]], ['w', ['double', inner('W', ['x', 'int'])]]),
    value: { u: { long: 5 }, v: { array: [1] }, w: { W: { x: 2 } } },
    columns: { u: 'Variant(Int64, String)', v: 'Variant(Array(Int32), String)', w: 'Variant(Float64, Tuple(x Int32))' },
    row: { u: '5', v: [1], w: { x: 2 } },
  },
  {
    name: 'a union whose branches ClickHouse cannot tell apart',
    schema: record(['u', ['int', 'boolean']], ['r', [inner('P', ['p', 'int']), inner('Q', ['q', 'int'])]]),
    value: { u: { boolean: true }, r: { Q: { q: 1 } } },
    columns: { u: 'Bool', r: 'Tuple(q Int64)' },
    row: { u: true, r: { q: '1' } },
  },
  {
    name: 'enums',
    schema: record(['e', { type: 'enum', name: 'E', symbols: ['A', 'B'] }], ['n', ['null', { type: 'enum', name: 'F', symbols: ['C'] }]]),
    value: { e: 'B', n: { F: 'C' } },
    columns: { e: 'LowCardinality(String)', n: 'LowCardinality(Nullable(String))' },
    row: { e: 'B', n: 'C' },
  },
  {
    name: 'fixed and bytes',
    schema: record(['f', { type: 'fixed', name: 'F', size: 3 }], ['y', 'bytes'], ['n', ['null', 'bytes']]),
    value: { f: Buffer.from('abc'), y: Buffer.alloc(0), n: { bytes: Buffer.from('"') } },
    columns: { f: 'String', y: 'String', n: 'Nullable(String)' },
    row: { f: 'abc', y: '', n: '"' },
  },
  {
    name: 'decimals on bytes and on fixed',
    schema: record(
      ['a', logical('bytes', 'decimal', { precision: 9, scale: 2 })],
      ['b', { type: 'fixed', name: 'D', size: 8, logicalType: 'decimal', precision: 18, scale: 4 }],
      ['c', ['null', logical('bytes', 'decimal', { precision: 5 })]],
    ),
    value: { a: bytes('fb2e'), b: bytes('00000000000004d2'), c: { bytes: bytes('07') } },
    columns: { a: 'Decimal(9, 2)', b: 'Decimal(18, 4)', c: 'Nullable(Decimal(5, 0))' },
    row: { a: -12.34, b: 0.1234, c: 7 },
  },
  {
    name: 'dates, times and instants',
    schema: record(
      ['d', logical('int', 'date')],
      ['tm', logical('int', 'time-millis')],
      ['tu', logical('long', 'time-micros')],
      ['sm', logical('long', 'timestamp-millis')],
      ['su', logical('long', 'timestamp-micros')],
      ['lm', logical('long', 'local-timestamp-millis')],
      ['lu', logical('long', 'local-timestamp-micros')],
    ),
    value: { d: -1, tm: 3_723_004, tu: 3_723_004_005, sm: AT, su: AT * 1000 + 1, lm: AT, lu: AT * 1000 + 2 },
    columns: {
      d: 'Date32',
      tm: 'Time64(3)',
      tu: 'Time64(6)',
      sm: "DateTime64(3, 'UTC')",
      su: "DateTime64(6, 'UTC')",
      lm: "DateTime64(3, 'UTC')",
      lu: "DateTime64(6, 'UTC')",
    },
    row: {
      d: '1969-12-31',
      tm: '01:02:03.004',
      tu: '01:02:03.004005',
      sm: '2026-01-02 03:04:05.678',
      su: '2026-01-02 03:04:05.678001',
      lm: '2026-01-02 03:04:05.678',
      lu: '2026-01-02 03:04:05.678002',
    },
  },
  {
    name: 'uuids',
    schema: record(['u', logical('string', 'uuid')], ['n', ['null', logical('string', 'uuid')]]),
    value: { u: '0192f000-0000-7000-8000-00000000000a', n: null },
    columns: { u: 'UUID', n: 'Nullable(UUID)' },
    row: { u: '0192f000-0000-7000-8000-00000000000a', n: null },
  },
  {
    name: 'everything optional',
    schema: record(
      ['a', ['null', 'long'], { default: null }],
      ['b', ['null', array(['null', 'string'])], { default: null }],
      ['c', ['null', inner('X', ['y', ['null', 'int']])], { default: null }],
      ['d', ['null', logical('int', 'date')], { default: null }],
    ),
    value: { a: { long: 1 }, b: { array: [null, { string: 'x' }] }, c: { X: { y: { int: 2 } } }, d: { int: 0 } },
    columns: { a: 'Nullable(Int64)', b: 'Array(Nullable(String))', c: 'Tuple(y Nullable(Int32))', d: 'Nullable(Date32)' },
    row: { a: '1', b: [null, 'x'], c: { y: 2 }, d: '1970-01-01' },
  },
  {
    name: 'a recursive record, which is JSON',
    schema: record(['tree', inner('N', ['v', 'int'], ['next', ['null', 'N']])]),
    value: { tree: { v: 1, next: { N: { v: 2, next: null } } } },
    columns: { tree: 'JSON' },
    row: { tree: { v: '1', next: { v: '2' } } },
  },
  {
    name: 'names and empty containers',
    schema: record(['_a1', 'int'], ['Order', 'string'], ['select', 'long'], ['e', array('string')], ['m', map('int')]),
    value: { _a1: 1, Order: 'o', select: 2, e: [], m: {} },
    columns: { _a1: 'Int32', Order: 'String', select: 'Int64', e: 'Array(String)', m: 'Map(String, Int32)' },
    row: { _a1: 1, Order: 'o', select: '2', e: [], m: {} },
  },
];

const T =
  'import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/duration.proto";';

/** `M` is the message. */
export const PROTOBUF_SHAPES: readonly Shape[] = [
  {
    name: 'signed integers',
    schema: 'syntax = "proto3"; message M { int32 a = 1; sint32 b = 2; sfixed32 c = 3; int64 d = 4; sint64 e = 5; sfixed64 f = 6; }',
    value: { a: -1, b: -2, c: -3, d: '-4', e: '-5', f: '-9223372036854775808' },
    columns: { a: 'Int32', b: 'Int32', c: 'Int32', d: 'Int64', e: 'Int64', f: 'Int64' },
    row: { a: -1, b: -2, c: -3, d: '-4', e: '-5', f: '-9223372036854775808' },
  },
  {
    name: 'unsigned integers',
    schema: 'syntax = "proto3"; message M { uint32 a = 1; fixed32 b = 2; uint64 c = 3; fixed64 d = 4; }',
    value: { a: 4_294_967_295, b: 1, c: '18446744073709551615', d: '2' },
    columns: { a: 'UInt32', b: 'UInt32', c: 'UInt64', d: 'UInt64' },
    row: { a: 4_294_967_295, b: 1, c: '18446744073709551615', d: '2' },
  },
  {
    name: 'floats, booleans, text and bytes',
    schema: 'syntax = "proto3"; message M { float a = 1; double b = 2; bool c = 3; string d = 4; bytes e = 5; }',
    value: { a: 1.5, b: 0.1, c: true, d: 'é', e: Buffer.from('x') },
    columns: { a: 'Float32', b: 'Float64', c: 'Bool', d: 'String', e: 'String' },
    row: { a: 1.5, b: 0.1, c: true, d: 'é', e: 'x' },
  },
  {
    name: 'values that are not written',
    schema: 'syntax = "proto3"; message M { int32 a = 1; string b = 2; bool c = 3; double d = 4; bytes e = 5; repeated int32 f = 6; }',
    value: {},
    columns: { a: 'Int32', b: 'String', c: 'Bool', d: 'Float64', e: 'String', f: 'Array(Int32)' },
    row: { a: 0, b: '', c: false, d: 0, e: '', f: [] },
  },
  {
    name: 'optional fields without values',
    schema: 'syntax = "proto3"; message M { optional int32 a = 1; optional string b = 2; optional E c = 3; } enum E { A = 0; }',
    value: {},
    columns: { a: 'Nullable(Int32)', b: 'Nullable(String)', c: 'LowCardinality(Nullable(String))' },
    row: { a: null, b: null, c: null },
  },
  {
    name: 'optional fields with zero',
    schema: 'syntax = "proto3"; message M { optional int32 a = 1; optional string b = 2; optional bool c = 3; }',
    value: { a: 0, b: '', c: false },
    columns: { a: 'Nullable(Int32)', b: 'Nullable(String)', c: 'Nullable(Bool)' },
    row: { a: 0, b: '', c: false },
  },
  {
    name: 'repeated scalars',
    schema:
      'syntax = "proto3"; message M { repeated int32 a = 1; repeated string b = 2; repeated double c = 3; repeated bool d = 4; repeated bytes e = 5; }',
    value: { a: [1, -1], b: ['x', ''], c: [0.5], d: [true, false], e: [Buffer.from('y')] },
    columns: { a: 'Array(Int32)', b: 'Array(String)', c: 'Array(Float64)', d: 'Array(Bool)', e: 'Array(String)' },
    row: { a: [1, -1], b: ['x', ''], c: [0.5], d: [true, false], e: ['y'] },
  },
  {
    name: 'a message in a message',
    schema: 'syntax = "proto3"; message M { A a = 1; } message A { int32 x = 1; B b = 2; } message B { string y = 1; }',
    value: { a: { x: 1, b: { y: 'y' } } },
    columns: { a: 'Tuple(x Nullable(Int32), b Tuple(y Nullable(String)))' },
    row: { a: { x: 1, b: { y: 'y' } } },
  },
  {
    name: 'a message that is not there',
    schema: 'syntax = "proto3"; message M { int32 i = 1; A a = 2; } message A { int32 x = 1; }',
    value: { i: 1 },
    columns: { i: 'Int32', a: 'Tuple(x Nullable(Int32))' },
    row: { i: 1, a: { x: null } },
  },
  {
    name: 'repeated messages',
    schema: 'syntax = "proto3"; message M { repeated Line lines = 1; message Line { string sku = 1; int32 count = 2; } }',
    value: { lines: [{ sku: 'a', count: 1 }, {}] },
    columns: { lines: 'Array(Tuple(sku String, count Int32))' },
    row: {
      lines: [
        { sku: 'a', count: 1 },
        { sku: '', count: 0 },
      ],
    },
  },
  {
    name: 'maps to scalars',
    schema:
      'syntax = "proto3"; message M { map<string, int32> a = 1; map<string, string> b = 2; map<int32, string> c = 3; map<int64, double> d = 4; map<bool, string> e = 5; }',
    value: { a: { k: 1 }, b: {}, c: { '-5': 'x' }, d: { '7': 0.5 }, e: { true: 'y' } },
    columns: {
      a: 'Map(String, Int32)',
      b: 'Map(String, String)',
      c: 'Map(Int32, String)',
      d: 'Map(Int64, Float64)',
      e: 'Map(String, String)',
    },
    row: { a: { k: 1 }, b: {}, c: { '-5': 'x' }, d: { '7': 0.5 }, e: { true: 'y' } },
  },
  {
    name: 'a map to messages',
    schema: 'syntax = "proto3"; message M { map<string, V> m = 1; message V { int32 n = 1; } }',
    value: { m: { k: { n: 1 }, l: {} } },
    columns: { m: 'Map(String, Tuple(n Int32))' },
    row: { m: { k: { n: 1 }, l: { n: 0 } } },
  },
  {
    name: 'a oneof of scalars',
    schema: 'syntax = "proto3"; message M { oneof x { string a = 1; int64 b = 2; bool c = 3; } }',
    value: { b: '5' },
    columns: { a: 'Nullable(String)', b: 'Nullable(Int64)', c: 'Nullable(Bool)' },
    row: { a: null, b: '5', c: null },
  },
  {
    name: 'a oneof of messages',
    schema: 'syntax = "proto3"; message M { oneof x { A a = 1; B b = 2; } } message A { int32 p = 1; } message B { string q = 1; }',
    value: { b: { q: 'x' } },
    columns: { a: 'Tuple(p Nullable(Int32))', b: 'Tuple(q Nullable(String))' },
    row: { a: { p: null }, b: { q: 'x' } },
  },
  {
    name: 'enums, also inside of messages and of several names',
    schema:
      'syntax = "proto3"; message M { E a = 1; In b = 2; repeated E c = 3; enum In { option allow_alias = true; ONE = 0; UNO = 0; TWO = 5; } } enum E { ZERO = 0; MINUS = -1; }',
    value: { a: 'MINUS', b: 'TWO', c: ['ZERO', 'MINUS'] },
    columns: { a: 'LowCardinality(String)', b: 'LowCardinality(String)', c: 'Array(LowCardinality(String))' },
    row: { a: 'MINUS', b: 'TWO', c: ['ZERO', 'MINUS'] },
  },
  {
    name: 'timestamps and durations',
    schema: `syntax = "proto3"; ${T} message M { google.protobuf.Timestamp a = 1; google.protobuf.Timestamp b = 2; google.protobuf.Duration c = 3; repeated google.protobuf.Timestamp d = 4; }`,
    value: { a: { seconds: 1_767_323_045, nanos: 1 }, c: { seconds: -1, nanos: -500_000_000 }, d: [{ seconds: 0 }] },
    columns: {
      a: "Nullable(DateTime64(9, 'UTC'))",
      b: "Nullable(DateTime64(9, 'UTC'))",
      c: 'Nullable(Decimal(21, 9))',
      d: "Array(DateTime64(9, 'UTC'))",
    },
    row: { a: '2026-01-02 03:04:05.000000001', b: null, c: -1.5, d: ['1970-01-01 00:00:00.000000000'] },
  },
  {
    name: 'wrappers',
    schema: `syntax = "proto3"; ${T} message M { google.protobuf.Int64Value a = 1; google.protobuf.StringValue b = 2; google.protobuf.BoolValue c = 3; google.protobuf.DoubleValue d = 4; }`,
    value: { a: { value: '0' }, b: { value: 'x' }, c: { value: false } },
    columns: { a: 'Nullable(Int64)', b: 'Nullable(String)', c: 'Nullable(Bool)', d: 'Nullable(Float64)' },
    row: { a: '0', b: 'x', c: false, d: null },
  },
  {
    name: 'free JSON',
    schema: `syntax = "proto3"; ${T} message M { google.protobuf.Struct s = 1; }`,
    value: { s: { fields: { a: { numberValue: 1.5 }, b: { listValue: { values: [{ stringValue: 'x' }] } } } } },
    columns: { s: 'Tuple(a Float64, b Array(String))' },
    row: { s: { a: 1.5, b: ['x'] } },
  },
  {
    name: 'a recursive message, which is JSON',
    schema: 'syntax = "proto3"; message M { Node n = 1; } message Node { int32 v = 1; Node next = 2; }',
    value: { n: { v: 1, next: { v: 2 } } },
    columns: { n: 'JSON' },
    row: { n: { v: '1', next: { v: '2' } } },
  },
  {
    name: 'groups and required fields of proto2',
    schema:
      'syntax = "proto2"; message M { required int32 a = 1; optional group G = 2 { required string b = 3; } repeated int64 c = 4 [packed = true]; }',
    value: { a: 1, g: { b: 'x' }, c: ['1', '2'] },
    columns: { a: 'Int32', g: 'Tuple(b Nullable(String))', c: 'Array(Int64)' },
    row: { a: 1, g: { b: 'x' }, c: ['1', '2'] },
  },
  {
    name: 'defaults of proto2',
    schema:
      'syntax = "proto2"; message M { optional int32 a = 1 [default = 7]; optional string b = 2 [default = "x"]; optional E c = 3 [default = B]; optional bool d = 4; } enum E { A = 1; B = 2; }',
    value: {},
    columns: { a: 'Int32', b: 'String', c: 'LowCardinality(String)', d: 'Nullable(Bool)' },
    row: { a: 7, b: 'x', c: 'B', d: null },
  },
  {
    name: 'several messages in a file',
    schema:
      'syntax = "proto3"; package p; message M { Other o = 1; .p.Other.In i = 2; } message Other { int32 x = 1; message In { string y = 1; } }',
    value: { o: { x: 1 }, i: { y: 'y' } },
    columns: { o: 'Tuple(x Nullable(Int32))', i: 'Tuple(y Nullable(String))' },
    row: { o: { x: 1 }, i: { y: 'y' } },
  },
];
