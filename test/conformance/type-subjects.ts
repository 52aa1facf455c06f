import avsc from 'avsc';
import protobuf from 'protobufjs';
import type { JsonValue } from '../../src/core/batch.ts';
import { builtTape } from '../../src/core/tape-builder.ts';
import { compileAvro } from '../../src/schema/avro/avro-schema.ts';
import type { Codec } from '../../src/schema/codec.ts';
import { compileProtobuf } from '../../src/schema/protobuf/protobuf-schema.ts';
import { roomyTape } from '../support/tapes.ts';

/** What the producer meant, said without any of the gateway's code. */
export type Meaning =
  | { readonly is: 'null' }
  | { readonly is: 'boolean'; readonly value: boolean }
  /** Digits, exact; or a binary number. */
  | { readonly is: 'number'; readonly digits: string; readonly binary?: number }
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'bytes'; readonly value: Buffer }
  /** Nanoseconds since 1970, UTC; `day`: of midnight, and no time is meant. */
  | { readonly is: 'instant'; readonly nanos: bigint; readonly day: boolean }
  /** Nanoseconds since midnight. */
  | { readonly is: 'clock'; readonly nanos: bigint }
  /** As `JSON.parse` would give it, with integers as text. */
  | { readonly is: 'tree'; readonly value: unknown };

export interface Sample {
  readonly meaning: Meaning;
  /** The value as the codec of its schema read it. */
  readonly read: JsonValue;
}

/** A type of schemas with values of it. */
export interface Subject {
  readonly name: string;
  readonly samples: readonly Sample[];
}

const number = (value: number | bigint | string): Meaning => ({ is: 'number', digits: String(value) });
const binary = (value: number): Meaning => ({ is: 'number', digits: '', binary: value });
const text = (value: string): Meaning => ({ is: 'text', value });
const instant = (nanos: bigint, day = false): Meaning => ({ is: 'instant', nanos, day });
const clock = (nanos: bigint): Meaning => ({ is: 'clock', nanos });
const tree = (value: unknown): Meaning => ({ is: 'tree', value });
const bytes = (value: Buffer): Meaning => ({ is: 'bytes', value });
const NULL: Meaning = { is: 'null' };

function readBy(codec: Codec, source: Buffer): JsonValue {
  const builder = roomyTape();
  const node = codec.read({ bytes: source, from: 0, to: source.length }, builder);
  return { tape: builtTape(builder), node };
}

/** Values as avsc writes them. Of longs it only writes those that JavaScript holds. */
function avro(name: string, schema: unknown, ...samples: ReadonlyArray<readonly [value: unknown, meaning: Meaning]>): Subject {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true });
  const codec = compileAvro({ text: JSON.stringify(schema), references: [] }, { depth: 20 });
  return { name, samples: samples.map(([value, meaning]) => ({ meaning, read: readBy(codec, type.toBuffer(value)) })) };
}

/** Values of one field as protobufjs writes them. */
function proto(name: string, type: string, ...samples: ReadonlyArray<readonly [value: unknown, meaning: Meaning]>): Subject {
  const schema = `syntax = "proto3"; message M { ${type} f = 1; }`;
  const root = new protobuf.Root();
  protobuf.parse(schema, root, { keepCase: true });
  const message = root.lookupType('M');
  const codec = compileProtobuf({ text: schema, references: [] }, { depth: 20 });
  return {
    name,
    samples: samples.map(([value, meaning]) => {
      const source = Buffer.concat([Buffer.from([0]), message.encode(message.fromObject({ f: value })).finish()]);
      const { tape, node } = readBy(codec, source);
      return { meaning, read: { tape, node: node + 1 } };
    }),
  };
}

/** Two's complement, big-endian. */
function unscaled(value: bigint, size: number): Buffer {
  return Buffer.from(
    BigInt.asUintN(size * 8, value)
      .toString(16)
      .padStart(size * 2, '0'),
    'hex',
  );
}

const logical = (on: unknown, logicalType: string, more: object = {}): object => ({ type: on, logicalType, ...more });
const MS = 1_000_000n;
const DAY = 86_400_000_000_000n;
const AT_MS = 1_767_323_045_678;
const FLAT = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string' },
  ],
};
const NODE = {
  type: 'record',
  name: 'N',
  fields: [
    { name: 'v', type: 'int' },
    { name: 'next', type: ['null', 'N'] },
  ],
};
const RAW = Buffer.from([0, 10, 34, 200, 255]);

/** Every type that schemas have, with values in its middle and at its ends. */
export const SUBJECTS: readonly Subject[] = [
  avro('boolean', 'boolean', [true, { is: 'boolean', value: true }], [false, { is: 'boolean', value: false }]),
  avro(
    'int',
    'int',
    [7, number(7)],
    [0, number(0)],
    [-1, number(-1)],
    [2_147_483_647, number(2_147_483_647)],
    [-2_147_483_648, number(-2_147_483_648)],
  ),
  avro('long', 'long', [7, number(7)], [-1, number(-1)], [2 ** 53 - 2, number(9_007_199_254_740_990n)], [-(2 ** 50), number(-(2n ** 50n))]),
  proto(
    'int64',
    'int64',
    ['7', number(7)],
    ['9007199254740993', number(9_007_199_254_740_993n)],
    ['-9223372036854775808', number(-(2n ** 63n))],
  ),
  proto('uint32', 'uint32', [7, number(7)], [4_294_967_295, number(4_294_967_295)]),
  proto('uint64', 'fixed64', ['7', number(7)], ['18446744073709551615', number(2n ** 64n - 1n)]),
  avro(
    'float',
    'float',
    [1.5, binary(1.5)],
    [Math.fround(0.1), binary(Math.fround(0.1))],
    [-3, binary(-3)],
    [Number.NaN, binary(Number.NaN)],
  ),
  avro(
    'double',
    'double',
    [1.5, binary(1.5)],
    [0.1, binary(0.1)],
    [1e300, binary(1e300)],
    [7, binary(7)],
    [Number.NEGATIVE_INFINITY, binary(Number.NEGATIVE_INFINITY)],
  ),
  avro('string', 'string', ['', text('')], ['a"b\\c\n€', text('a"b\\c\n€')], ["'); DROP TABLE x; --", text("'); DROP TABLE x; --")]),
  avro('string of digits', 'string', ['7', text('7')], ['-12.50', text('-12.50')]),
  avro('string of a time', 'string', ['2026-01-02T03:04:05Z', text('2026-01-02T03:04:05Z')], ['2026-01-02', text('2026-01-02')]),
  avro('string of an address', 'string', ['192.168.0.1', text('192.168.0.1')], ['2001:db8::1', text('2001:db8::1')]),
  avro('bytes', 'bytes', [RAW, bytes(RAW)], [Buffer.alloc(0), bytes(Buffer.alloc(0))], [Buffer.from('hi'), bytes(Buffer.from('hi'))]),
  avro('fixed', { type: 'fixed', name: 'F', size: 5 }, [RAW, bytes(RAW)]),
  avro('enum', { type: 'enum', name: 'E', symbols: ['A', 'B', 'LONG_NAME'] }, ['A', text('A')], ['LONG_NAME', text('LONG_NAME')]),
  avro(
    'decimal(9, 2)',
    logical('bytes', 'decimal', { precision: 9, scale: 2 }),
    [unscaled(-1234n, 4), number('-12.34')],
    [unscaled(700n, 4), number('7.00')],
  ),
  avro(
    'decimal(38, 10) on fixed',
    logical('fixed', 'decimal', { name: 'D', size: 16, precision: 38, scale: 10 }),
    [unscaled(12_345_678_901_234_567_890_123_456_789_012_345_678n, 16), number('1234567890123456789012345678.9012345678')],
    [unscaled(70_000_000_000n, 16), number('7.0000000000')],
  ),
  avro(
    'date',
    logical('int', 'date'),
    [0, instant(0n, true)],
    [20_455, instant(20_455n * DAY, true)],
    [-1, instant(-DAY, true)],
    [100_000, instant(100_000n * DAY, true)],
  ),
  avro('time-millis', logical('int', 'time-millis'), [0, clock(0n)], [3_723_004, clock(3_723_004n * MS)]),
  avro(
    'time-micros',
    logical('long', 'time-micros'),
    [3_723_000_000, clock(3_723_000_000_000n)],
    [86_399_999_999, clock(86_399_999_999_000n)],
  ),
  avro(
    'timestamp-millis',
    logical('long', 'timestamp-millis'),
    [AT_MS, instant(BigInt(AT_MS) * MS)],
    [1000, instant(1_000_000_000n)],
    [-1, instant(-MS)],
  ),
  avro(
    'timestamp-micros',
    logical('long', 'timestamp-micros'),
    [AT_MS * 1000 + 1, instant((BigInt(AT_MS) * 1000n + 1n) * 1000n)],
    [0, instant(0n)],
  ),
  avro('timestamp-nanos', logical('long', 'timestamp-nanos'), [1_767_323_045, instant(1_767_323_045n)], [-1, instant(-1n)]),
  avro('local-timestamp-millis', logical('long', 'local-timestamp-millis'), [AT_MS, instant(BigInt(AT_MS) * MS)]),
  avro('uuid', logical('string', 'uuid'), ['0192f000-0000-7000-8000-00000000000a', text('0192f000-0000-7000-8000-00000000000a')]),
  avro('null or long', ['null', 'long'], [null, NULL], [{ long: 7 }, number(7)]),
  avro('null or string', ['null', 'string'], [null, NULL], [{ string: 'x' }, text('x')]),
  avro('null or timestamp', ['null', logical('long', 'timestamp-millis')], [null, NULL], [{ long: AT_MS }, instant(BigInt(AT_MS) * MS)]),
  avro('long or string', ['long', 'string'], [{ long: 7 }, number(7)], [{ string: 'x' }, text('x')]),
  avro('array of int', { type: 'array', items: 'int' }, [[1, 2], tree(['1', '2'])], [[], tree([])]),
  avro('array of string', { type: 'array', items: 'string' }, [['x', ''], tree(['x', ''])]),
  avro('map of int', { type: 'map', values: 'int' }, [{ k: 1, x: 2 }, tree({ k: '1', x: '2' })], [{}, tree({})]),
  avro('map of string', { type: 'map', values: 'string' }, [{ k: 'v' }, tree({ k: 'v' })]),
  avro('record', FLAT, [{ a: 7, b: 'x' }, tree({ a: '7', b: 'x' })]),
  avro('array of records', { type: 'array', items: FLAT }, [[{ a: 7, b: 'x' }], tree([{ a: '7', b: 'x' }])]),
  avro('null or record', ['null', FLAT], [null, NULL], [{ R: { a: 7, b: 'x' } }, tree({ a: '7', b: 'x' })]),
  avro('recursive record', NODE, [{ v: 1, next: { N: { v: 2, next: null } } }, tree({ v: '1', next: { v: '2', next: null } })]),
];
