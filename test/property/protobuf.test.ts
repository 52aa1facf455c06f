/** Random Protobuf schemas and values, written by the library and read by our reader; and bytes that were tampered with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { builtTape, TapeFull } from '../../src/core/tape-builder.ts';
import type { Codec } from '../../src/schema/codec.ts';
import { compileProtobuf } from '../../src/schema/protobuf/protobuf-schema.ts';
import { floatText } from '../../src/schema/texts.ts';
import { Undecodable } from '../../src/schema/undecodable.ts';
import { seededRandom } from '../support/random.ts';
import { assertSameAsScanned, bytesRead, roomyTape, textRead } from '../support/tapes.ts';

const RUNS = 600;
const MUTATIONS = Number(process.env['SLUICE_MUTATIONS'] ?? 10_000);

interface Kind {
  readonly type: string;
  readonly zero: string;
  /** As protobufjs takes them. */
  readonly values: fc.Arbitrary<unknown>;
  readonly text: (value: unknown) => string;
}

const integers = (min: bigint, max: bigint): fc.Arbitrary<string> => fc.bigInt({ min, max }).map(String);
const int = (type: string, bits: bigint, signed: boolean): Kind => ({
  type,
  zero: '0',
  values: signed ? integers(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n) : integers(0n, 2n ** bits - 1n),
  text: String,
});
const KINDS: readonly Kind[] = [
  ...['int32', 'sint32', 'sfixed32'].map((type) => int(type, 32n, true)),
  ...['uint32', 'fixed32'].map((type) => int(type, 32n, false)),
  ...['int64', 'sint64', 'sfixed64'].map((type) => int(type, 64n, true)),
  ...['uint64', 'fixed64'].map((type) => int(type, 64n, false)),
  { type: 'bool', zero: 'false', values: fc.boolean(), text: String },
  { type: 'double', zero: '0.0', values: fc.double(), text: (value) => floatText(Number(value)) },
  { type: 'float', zero: '0.0', values: fc.float(), text: (value) => floatText(Math.fround(Number(value))) },
  { type: 'string', zero: '""', values: fc.string({ unit: 'grapheme', maxLength: 10 }), text: (value) => JSON.stringify(value) },
  { type: 'E', zero: '"ZERO"', values: fc.constantFrom('ZERO', 'ONE', 'MINUS'), text: (value) => JSON.stringify(value) },
];

type Rule = 'plain' | 'optional' | 'repeated' | 'map' | 'message' | 'messages';

interface Field {
  readonly rule: Rule;
  readonly kind: Kind;
  readonly present: boolean;
  readonly values: readonly unknown[];
}

const field: fc.Arbitrary<Field> = fc
  .record({
    rule: fc.constantFrom<Rule>('plain', 'optional', 'repeated', 'map', 'message', 'messages'),
    kind: fc.constantFrom(...KINDS),
    present: fc.boolean(),
  })
  .chain((chosen) => fc.array(chosen.kind.values, { minLength: 1, maxLength: 4 }).map((values) => Object.assign({}, chosen, { values })));

const DECLARED: Readonly<Record<Rule, (type: string) => string>> = {
  plain: (type) => type,
  optional: (type) => `optional ${type}`,
  repeated: (type) => `repeated ${type}`,
  map: (type) => `map<string, ${type}>`,
  message: (type) => `In_${type}`,
  messages: (type) => `repeated In_${type}`,
};

function schemaOf(fields: readonly Field[]): string {
  const types = [...new Set(fields.map(({ kind }) => kind.type))];
  const inner = types.map((type) => `message In_${type} { ${type} v = 1; }`).join(' ');
  const declared = fields.map(({ rule, kind }, i) => `${DECLARED[rule](kind.type)} f${i} = ${i * 7 + 1};`).join(' ');
  return `syntax = "proto3"; message M { ${declared} } ${inner} enum E { ZERO = 0; ONE = 1; MINUS = -1; }`;
}

function valueOf({ rule, values }: Field): unknown {
  switch (rule) {
    case 'plain':
    case 'optional':
      return values[0];
    case 'repeated':
      return values;
    case 'map':
      return Object.fromEntries(values.map((value, i) => [`k${i}`, value]));
    case 'message':
      return { v: values[0] };
    case 'messages':
      return values.map((v) => ({ v }));
  }
}

function expected({ rule, kind, present, values }: Field): string {
  const texts = values.map(kind.text);
  switch (rule) {
    case 'plain':
      // Zero is not written, and minus zero is another value.
      return present ? texts[0]! : kind.zero;
    case 'optional':
      return present ? texts[0]! : 'null';
    case 'repeated':
      return present ? `[${texts.join(',')}]` : '[]';
    case 'map':
      return present ? `{${texts.map((text, i) => `"k${i}":${text}`).join(',')}}` : '{}';
    case 'message':
      return present ? `{"v":${texts[0]}}` : 'null';
    case 'messages':
      return present ? `[${texts.map((text) => `{"v":${text}}`).join(',')}]` : '[]';
  }
}

function encode(schema: string, fields: readonly Field[]): Buffer {
  const root = new protobuf.Root();
  protobuf.parse(schema, root, { keepCase: true });
  const type = root.lookupType('M');
  const value = Object.fromEntries(fields.flatMap((one, i) => (one.present ? [[`f${i}`, valueOf(one)]] : [])));
  return Buffer.concat([Buffer.from([0]), type.encode(type.fromObject(value)).finish()]);
}

test(`${RUNS} random messages are read as they were written`, () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 8 }), (fields) => {
      const schema = schemaOf(fields);
      const codec = compileProtobuf({ text: schema, references: [] }, { depth: 20 });
      const text = `{${fields.map((one, i) => `"f${i}":${expected(one)}`).join(',')}}`;
      assert.equal(textRead(codec, encode(schema, fields)), text);
    }),
    { numRuns: RUNS },
  );
});

const SEED_SCHEMA =
  'syntax = "proto3"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto"; message M { int32 a = 1; string b = 2; repeated sint64 c = 3; map<string, M> d = 4; M e = 5; google.protobuf.Struct f = 6; oneof x { bytes g = 7; double h = 8; } google.protobuf.Timestamp t = 9; repeated M r = 10; bool o = 11; E n = 12; } enum E { Z = 0; }';

/** What happened to a frame: it is read, or refused, and nothing else. */
function outcomeOf(codec: Codec, bytes: Buffer): 'read' | 'refused' {
  const tape = roomyTape();
  try {
    const node = codec.read({ bytes, from: 0, to: bytes.length }, tape);
    const built = builtTape(tape);
    // Bytes need not be text, and then there is nothing to compare with.
    if (Buffer.from(built.bytes.toString()).equals(built.bytes)) assertSameAsScanned(built, node);
    return 'read';
  } catch (error) {
    if (!(error instanceof Undecodable || error instanceof TapeFull)) throw error;
    return 'refused';
  }
}

test(`${MUTATIONS} tampered frames are read or refused`, () => {
  const codec = compileProtobuf({ text: SEED_SCHEMA, references: [] }, { depth: 20 });
  const seed = Buffer.from(
    '00 08 07 12 03 616263 1a 03 01 02 03 22 09 0a 01 6b 12 04 08 01 58 01 2a 06 08 02 2a 02 60 00 32 0b 0a 09 0a 01 61 12 04 1a 02 6869 3a 02 6869 4a 04 08 01 10 02 52 02 08 05 52 00 58 01 60 00'.replaceAll(
      ' ',
      '',
    ),
    'hex',
  );
  assert.ok(bytesRead(codec, seed).length > 100, 'the seed itself is read');
  const random = seededRandom(20_261_125);
  const seen = { read: 0, refused: 0 };
  for (let i = 0; i < MUTATIONS; i++) {
    const bytes = Buffer.from(seed.subarray(0, random() < 0.1 ? Math.floor(random() * seed.length) : seed.length));
    for (let change = 0; change < 1 + Math.floor(random() * 4) && bytes.length > 0; change++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    seen[outcomeOf(codec, bytes)] += 1;
  }
  assert.ok(seen.read > MUTATIONS / 50 && seen.refused > MUTATIONS / 5, JSON.stringify(seen));
});
