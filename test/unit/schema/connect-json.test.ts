/** What JSON of Kafka Connect, of Avro, and of no encoding at all stands for by a schema, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf, type JsonTape, startOf } from '../../../src/core/json-tape.ts';
import type { FieldType, RecordField, RecordType } from '../../../src/core/schema.ts';
import { builtTape, TapeFull } from '../../../src/core/tape-builder.ts';
import { beginRecord, scanOn } from '../../../src/decode/json-scanner.ts';
import { startScan, tapeOf } from '../../../src/decode/scan.ts';
import { createShapeTrie } from '../../../src/decode/shape-trie.ts';
import { createTranslator } from '../../../src/schema/connect-json.ts';
import { readJsonSchema } from '../../../src/schema/json/json-schema.ts';
import { Undecodable } from '../../../src/schema/undecodable.ts';
import { seededRandom } from '../../support/random.ts';
import { assertSameAsScanned, roomyTape } from '../../support/tapes.ts';

function scanned(text: string): JsonTape {
  const limits = { record: 1 << 24, records: 1, values: 1_000_000, depth: 64 };
  const scan = startScan(Buffer.from(text), 'body', createShapeTrie(), limits);
  beginRecord(scan, 0);
  while (!scanOn(scan));
  return tapeOf(scan);
}

/** The bytes of the value after something else on the tape: nothing may hang on where it begins. */
function translatedBytes(type: FieldType, text: string, isUtf8 = true): Buffer {
  const tape = roomyTape();
  const translate = createTranslator(type);
  createTranslator({ kind: 'any' })(scanned('{"before":[1]}'), 0, tape);
  const node = translate(scanned(text), 0, tape);
  const built = builtTape(tape);
  if (isUtf8) assertSameAsScanned(built, node);
  return built.bytes.subarray(startOf(built, node), endOf(built, node));
}

const translated = (type: FieldType, text: string): string => translatedBytes(type, text).toString();

const NULL: FieldType = { kind: 'null' };
const ANY: FieldType = { kind: 'any' };
const BOOLEAN: FieldType = { kind: 'boolean' };
const STRING: FieldType = { kind: 'string' };
const BYTES: FieldType = { kind: 'bytes' };
const DATE: FieldType = { kind: 'date' };
const UUID: FieldType = { kind: 'uuid' };
const INT: FieldType = { kind: 'int', bits: 32, signed: true };
const LONG: FieldType = { kind: 'int', bits: 64, signed: true };
const DOUBLE: FieldType = { kind: 'float', bits: 64 };
const ENUM: FieldType = { kind: 'enum', name: 'x.E', names: ['A', 'B\n'] };
const decimal = (scale: number): FieldType => ({ kind: 'decimal', scale });
const time = (digits: 3 | 6 | 9): FieldType => ({ kind: 'time', digits });
const timestamp = (digits: 3 | 6 | 9, local = false): FieldType => ({ kind: 'timestamp', digits, local });
const array = (items: FieldType): FieldType => ({ kind: 'array', items });
const map = (values: FieldType, keys: FieldType = STRING): FieldType => ({ kind: 'map', keys, values });
const union = (...branches: FieldType[]): FieldType => ({ kind: 'union', branches });
const field = (name: string, type: FieldType, more: Partial<RecordField> = {}): RecordField => ({ name, aliases: [], type, ...more });
const record = (name: string, ...fields: RecordField[]): RecordType => ({ kind: 'record', name, fields });

const POINT = record('geo.Point', field('x', INT), field('y', union(NULL, INT)), field('z', DOUBLE, { fallback: '1', aliases: ['depth'] }));
const CIRCLE = record('geo.Circle', field('x', INT), field('r', DOUBLE));

test('scalars as the text that says them exactly', () => {
  const cases: ReadonlyArray<readonly [type: FieldType, text: string, expected: string]> = [
    [NULL, 'null', 'null'],
    [BOOLEAN, 'true', 'true'],
    [BOOLEAN, 'false', 'false'],
    [INT, '-2147483648', '-2147483648'],
    [{ kind: 'int', bits: 8, signed: false }, '255', '255'],
    [LONG, '9223372036854775807', '9223372036854775807'],
    [LONG, '"-9223372036854775808"', '-9223372036854775808'],
    [{ kind: 'int', bits: 64, signed: false }, '18446744073709551615', '18446744073709551615'],
    [DOUBLE, '0.10', '0.10'],
    [DOUBLE, '1e5', '1e5'],
    [DOUBLE, '7', '7.0'],
    [DOUBLE, '-0', '-0.0'],
    [DOUBLE, '9007199254740992', '9007199254740992.0'],
    [DOUBLE, '"NaN"', '"NaN"'],
    [DOUBLE, '"-Infinity"', '"-Infinity"'],
    [STRING, '"a\\u0041\\n€"', '"a\\u0041\\n€"'],
    [UUID, '"0a1b2c3d-0000-4000-8000-000000000000"', '"0a1b2c3d-0000-4000-8000-000000000000"'],
    [ENUM, '"A"', '"A"'],
    [ENUM, '"B\\u000a"', '"B\\u000a"'],
    [{ kind: 'enum', name: 'E', names: ['A'], fallback: 'A' }, '"Z"', '"A"'],
    [BYTES, '"aGk="', '"hi"'],
    [BYTES, '""', '""'],
    [BYTES, '"hi"', '"hi"'],
    [BYTES, '"\\u0001\\"."', '"\\u0001\\"."'],
    [{ kind: 'bytes', size: 4 }, '"abcd"', '"abcd"'],
    [{ kind: 'bytes', size: 3 }, '"YWJj"', '"abc"'],
    [decimal(2), '"BNI="', '12.34'],
    [decimal(2), '"/w=="', '-0.01'],
    [decimal(0), '"BNI="', '1234'],
    [decimal(2), '12.3', '12.30'],
    [decimal(2), '5', '5.00'],
    [decimal(2), '1.5e1', '15.00'],
    [decimal(1), '1.50', '1.5'],
    [decimal(2), '"-12.34"', '-12.34'],
    [decimal(2), '"12.34"', '12.34'],
    [decimal(2), '"-0.001e1"', '-0.01'],
    [decimal(2), '"12345"', '12345.00'],
    [decimal(2), '"\\u0004\\u00d2"', '12.34'],
    [decimal(30), '1.000000000000000000000000000001', '1.000000000000000000000000000001'],
    [DATE, '0', '"1970-01-01"'],
    [DATE, '-1', '"1969-12-31"'],
    [DATE, '"2024-02-29"', '"2024-02-29"'],
    [time(3), '3723004', '"01:02:03.004"'],
    [time(6), '1', '"00:00:00.000001"'],
    [time(9), '"01:02:03"', '"01:02:03"'],
    [timestamp(3), '1700000000123', '"2023-11-14T22:13:20.123Z"'],
    [timestamp(6), '1700000000123456', '"2023-11-14T22:13:20.123456Z"'],
    [timestamp(9), '1700000000123456789', '"2023-11-14T22:13:20.123456789Z"'],
    [timestamp(3, true), '-1', '"1969-12-31T23:59:59.999"'],
    [timestamp(9), '"2023-11-14T22:13:20+01:00"', '"2023-11-14T22:13:20+01:00"'],
    [ANY, '{"a":[1,\n {"b":null}]}', '{"a":[1,  {"b":null}]}'],
  ];
  for (const [type, text, expected] of cases) assert.equal(translated(type, text), expected, `${JSON.stringify(type)} ${text}`);
});

test('bytes that are no UTF-8', () => {
  assert.deepEqual(translatedBytes(BYTES, '"/wA="', false), Buffer.from([0x22, 0xff, ...Buffer.from('\\u0000'), 0x22]));
  assert.deepEqual(translatedBytes(BYTES, '"\\u00ff"', false), Buffer.from([0x22, 0xff, 0x22]));
});

test('arrays, maps, records and unions', () => {
  const choice = union(NULL, STRING, LONG, POINT);
  const recursive: { kind: 'record'; name: string; fields: RecordField[] } = { kind: 'record', name: 'Node', fields: [] };
  recursive.fields.push(field('next', union(NULL, recursive)), field('v', LONG, { fallback: '0' }));
  const cases: ReadonlyArray<readonly [type: FieldType, text: string, expected: string]> = [
    [array(DATE), '[]', '[]'],
    [array(DATE), '[ 0 , "x" ]', '["1970-01-01","x"]'],
    [array(array(DOUBLE)), '[[1],[],[2.5]]', '[[1.0],[],[2.5]]'],
    [map(DATE), '{}', '{}'],
    [map(DATE), '{"a":0, "b\\n":1}', '{"a":"1970-01-01","b\\n":"1970-01-02"}'],
    [map(DOUBLE, INT), '[[1,2],[2,3]]', '{"1":2.0,"2":3.0}'],
    [map(DOUBLE, DATE), '[[0,2]]', '{"1970-01-01":2.0}'],
    [map(STRING), '[{"key":"a","value":"b"},{"value":"d","key":"c"}]', '{"a":"b","c":"d"}'],
    [map(STRING), '[]', '{}'],
    [POINT, '{"x":1,"y":null,"z":2}', '{"x":1,"y":null,"z":2.0}'],
    [POINT, '{"z":2.5,"y":3,"x":1}', '{"x":1,"y":3,"z":2.5}'],
    [POINT, '{"x":1}', '{"x":1,"y":null,"z":1.0}'],
    [POINT, '{"depth":4,"x":1}', '{"x":1,"y":null,"z":4.0}'],
    [POINT, '{"depth":4,"z":5,"x":1}', '{"x":1,"y":null,"z":5.0,"depth":4}'],
    [POINT, '{"_id":{"a": [1]},"x":1,"k":7}', '{"x":1,"y":null,"z":1.0,"_id":{"a": [1]},"k":7}'],
    [record('E'), '{}', '{}'],
    [record('E'), '{"a":1}', '{"a":1}'],
    [record('E', field('a', ANY)), '{}', '{"a":null}'],
    [record('E', field('"\n', INT)), '{"\\"\\n":1}', '{"\\"\\n":1}'],
    [record('E', field('a', DATE, { fallback: '1' })), '{}', '{"a":"1970-01-02"}'],
    [
      record('E', field('a', array(POINT), { fallback: '[{"x":1},{"x":2,"q":[]}]' })),
      '{}',
      '{"a":[{"x":1,"y":null,"z":1.0},{"x":2,"y":null,"z":1.0,"q":[]}]}',
    ],
    [recursive, '{"next":{"next":{"v":3}}}', '{"next":{"next":{"next":null,"v":3},"v":0},"v":0}'],
    [choice, 'null', 'null'],
    [choice, '"a"', '"a"'],
    [choice, '"12"', '"12"'],
    [choice, '12', '12'],
    [choice, '{"string":"a"}', '"a"'],
    [choice, '{"long":5}', '5'],
    [choice, '{"geo.Point":{"x":1}}', '{"x":1,"y":null,"z":1.0}'],
    [choice, '{"Point":{"x":1}}', '{"x":1,"y":null,"z":1.0}'],
    [choice, '{"x":1}', '{"x":1,"y":null,"z":1.0}'],
    [choice, '{"string":null,"long":5,"Point":null}', '5'],
    [choice, '{"io.confluent.connect.json.OneOf.field.0":null,"io.confluent.connect.json.OneOf.field.1":5}', '5'],
    [choice, '{"connect_union_field_2":{"x":2}}', '{"x":2,"y":null,"z":1.0}'],
    [union(NULL, timestamp(3)), '{"long":0}', '"1970-01-01T00:00:00.000Z"'],
    [union(NULL, timestamp(3)), '{"long.timestamp-millis":0}', '"1970-01-01T00:00:00.000Z"'],
    [union(NULL, decimal(2)), '{"bytes":"BNI="}', '12.34'],
    [union(NULL, BYTES), '"aGk="', '"hi"'],
    [union(NULL, array(DATE)), '{"array":[0]}', '["1970-01-01"]'],
    [union(NULL, array(DATE)), '[0]', '["1970-01-01"]'],
    [union(NULL, map(STRING)), '{"map":{"a":"b"}}', '{"a":"b"}'],
    [union(NULL, map(STRING)), '{"map":"b"}', '{"map":"b"}'],
    [union(INT, DOUBLE), '5', '5'],
    [union(INT, DOUBLE), '5.5', '5.5'],
    [union(INT, DOUBLE), '5000000000', '5000000000.0'],
    [union(INT, LONG), '5000000000', '5000000000'],
    [union(STRING, UUID, timestamp(3)), '"2024-01-01T00:00:00Z"', '"2024-01-01T00:00:00Z"'],
    [union(ENUM, LONG), '"7"', '7'],
    [union(ENUM, DOUBLE), '"NaN"', '"NaN"'],
    [union(POINT, CIRCLE), '{"x":1,"r":2}', '{"x":1,"r":2.0}'],
    [union(POINT, CIRCLE), '{"x":1,"y":2}', '{"x":1,"y":2,"z":1.0}'],
    [union(STRING, ANY), '{"string":"a"}', '{"string":"a"}'],
  ];
  for (const [type, text, expected] of cases) assert.equal(translated(type, text), expected, text);
});

test('one translator reads objects of many shapes', () => {
  const translate = createTranslator(array(POINT));
  const tape = roomyTape();
  const node = translate(scanned('[{"x":1},{"y":1,"x":2},{"x":3},{"q":0,"x":4}]'), 0, tape);
  const built = builtTape(tape);
  assertSameAsScanned(built, node);
  const rest = '"y":null,"z":1.0';
  assert.equal(built.bytes.toString(), `[{"x":1,${rest}},{"x":2,"y":1,"z":1.0},{"x":3,${rest}},{"x":4,${rest},"q":0}]`);
});

test('values that are none of their schema', () => {
  const loop: { kind: 'record'; name: string; fields: RecordField[] } = { kind: 'record', name: 'L', fields: [] };
  loop.fields.push(field('a', union(NULL, loop), { fallback: '{}' }));
  const none = 'fits no branch of its union';
  const more = 'fits more than one branch of its union';
  const tooFine = 'has more digits after the point than the 2 of its schema';
  const cases: ReadonlyArray<readonly [type: FieldType, text: string, message: string, path?: string]> = [
    [NULL, '1', 'is a number where its schema has null'],
    [BOOLEAN, '"true"', 'is text where its schema has a boolean'],
    [STRING, 'null', 'is null where its schema has text'],
    [UUID, '1', 'is a number where its schema has a UUID'],
    [INT, '2147483648', 'is outside of 32 bits'],
    [INT, '1.0', 'is a number where its schema has a whole number'],
    [INT, '"1"', 'is text where its schema has a whole number'],
    [LONG, '"01"', 'is text where its schema has a whole number'],
    [LONG, '9223372036854775808', 'is outside of 64 bits'],
    [LONG, '1'.repeat(10_000), 'is outside of 64 bits'],
    [{ kind: 'int', bits: 8, signed: false }, '-1', 'is outside of unsigned 8 bits'],
    [DOUBLE, '9007199254740993', 'is a whole number that no binary number of 64 bits is'],
    [DOUBLE, '1'.repeat(400), 'is a whole number that no binary number of 64 bits is'],
    [DOUBLE, '"nan"', 'is text where its schema has a number'],
    [ENUM, '"C"', 'is none of the names of its schema'],
    [ENUM, '0', 'is a number where its schema has a name'],
    [BYTES, '"€"', 'is text that is neither base64 nor one byte a character'],
    [BYTES, '[1]', 'is an array where its schema has bytes'],
    [{ kind: 'bytes', size: 5 }, '"abcd"', 'has not the 5 bytes of its schema'],
    [decimal(2), '1.234', tooFine],
    [decimal(2), '"1.234"', tooFine],
    [decimal(2), '1e-3', tooFine],
    [decimal(2), '1e-999999', tooFine],
    [decimal(2), '1e999999', 'has a decimal of more than 200 digits'],
    [decimal(2), `"${'A'.repeat(400)}"`, 'has a decimal of more than 64 bytes'],
    [decimal(2), '"€"', 'is text that is neither a decimal nor its bytes'],
    [decimal(2), 'true', 'is a boolean where its schema has a decimal'],
    [DATE, '1.5', 'is a number where its schema has a date'],
    [DATE, '2147483648', 'is a number where its schema has a date, and outside of those'],
    [time(3), '86400000', 'is a number where its schema has a time of day, and outside of those'],
    [timestamp(3), '9223372036854775808', 'is a number where its schema has a timestamp, and outside of those'],
    [timestamp(3), 'null', 'is null where its schema has a timestamp'],
    [array(INT), '{}', 'is an object where its schema has an array'],
    [array(INT), '[1,2,null]', 'is null where its schema has a whole number', '[2]'],
    [map(INT), '1', 'is a number where its schema has a map'],
    [map(INT), '{"a":"b"}', 'is text where its schema has a whole number', '[…]'],
    [map(INT), '[["a",1],["a",2]]', 'has a key twice in a map', '[1]'],
    [map(INT), '[{"key":"a","value":1},{"key":"a","value":1}]', 'has a key twice in a map', '[1]'],
    [map(INT), '[["a"]]', 'is no entry of a map', '[0]'],
    [map(INT), '[{"key":"a"}]', 'is no entry of a map', '[0]'],
    [map(INT), '[{"key":"a","value":1,"more":1}]', 'is no entry of a map', '[0]'],
    [map(INT, ANY), '[[null,1]]', 'has a key in a map that is no scalar', '[0]'],
    [POINT, '[]', 'is an array where its schema has a record'],
    [POINT, '{"y":1}', 'is missing, and its schema has no default for it', '.x'],
    [
      array(record('R', field('a', map(array(POINT))))),
      '[{"a":{"k":[{"x":1},{"x":"q"}]}}]',
      'is text where its schema has a whole number',
      '[0].a[…][1].x',
    ],
    [loop, '{}', 'has a default that leads back to itself', '.a.a'],
    [union(NULL, STRING), '1', none],
    [union(INT, STRING), 'null', none],
    [union(NULL, STRING), '{"int":1}', none],
    [union(STRING, INT), '{"string":"a","int":1}', none],
    [union(STRING, INT), '{"string":null,"int":null}', none],
    [union(NULL, { kind: 'int', bits: 8, signed: true }), '300', 'is outside of 8 bits'],
    [union(NULL, POINT), '{"y":1}', 'is missing, and its schema has no default for it', '.x'],
    [union(NULL, POINT), '{"Point":{"y":1}}', 'is missing, and its schema has no default for it', '.Point.x'],
    [union(STRING, BYTES), '"aGk="', more],
    [union(DATE, INT), '5', more],
    [union(POINT, CIRCLE), '{"x":1,"r":1,"z":1}', more],
    [union(STRING, map(STRING)), '{"string":"a"}', 'is a branch of its union, or names one'],
  ];
  for (const [type, text, message, path = ''] of cases) {
    assert.throws(
      () => translated(type, text),
      (error) => {
        assert.ok(error instanceof Undecodable, String(error));
        assert.deepEqual([error.message, error.path.toReversed().join(''), error.code], [message, path, 'undecodable']);
        return true;
      },
      `${text.slice(0, 60)}: ${message}`,
    );
  }
});

test('a record of JsonSchemaConverter by its schema', () => {
  const name = (last: string): string => `org.apache.kafka.connect.data.${last}`;
  const orNull = (schema: object, index: number): object => ({ 'connect.index': index, oneOf: [{ type: 'null' }, schema] });
  const schema = {
    title: 'shop.Order',
    type: 'object',
    properties: {
      paid: orNull({ type: 'number', title: name('Decimal'), 'connect.type': 'bytes', 'connect.parameters': { scale: '2' } }, 1),
      id: { type: 'integer', 'connect.index': 0, 'connect.type': 'int64' },
      at: { type: 'integer', title: name('Timestamp'), 'connect.index': 2, 'connect.type': 'int64' },
      blob: { type: 'string', 'connect.index': 3, 'connect.type': 'bytes' },
      tags: orNull({ type: 'object', 'connect.type': 'map', additionalProperties: { type: 'number', 'connect.type': 'float32' } }, 4),
      lines: {
        type: 'array',
        'connect.index': 5,
        items: { type: 'object', title: 'Line', properties: { day: { type: 'integer', title: name('Date') } } },
      },
    },
  };
  const type = readJsonSchema({ text: JSON.stringify(schema), references: [] });
  const sent = '{"lines":[{"day":1},{}],"tags":{"a":1},"blob":"aGk=","at":0,"paid":"BNI=","id":7,"__deleted":"false"}';
  assert.equal(
    translated(type, sent),
    '{"id":7,"paid":12.34,"at":"1970-01-01T00:00:00.000Z","blob":"hi","tags":{"a":1.0},"lines":[{"day":"1970-01-02"},{"day":null}],"__deleted":"false"}',
  );
});

test('defaults that double at every step end at the limit of a record', () => {
  let type: RecordType = record('R', field('s', STRING, { fallback: '""' }));
  for (let i = 0; i < 40; i++) type = record('R', field('a', type, { fallback: '{}' }), field('b', type, { fallback: '{}' }));
  assert.throws(() => translated(type, '{}'), TapeFull);
});

test('random values come back from every encoding', () => {
  const random = seededRandom(20_251_125);
  const below = (n: number): number => Math.floor(random() * n);
  /** A type, and a value of it: as the tape has it, and in Connect's and Avro's encodings. */
  const make = (depth: number): { type: FieldType; canonical: string; sent: string } => {
    const pick = below(depth > 3 ? 6 : 10);
    const number = below(1_000_000) - 500_000;
    if (pick === 0) return { type: LONG, canonical: String(number), sent: random() < 0.5 ? String(number) : `"${number}"` };
    if (pick === 1) return { type: STRING, canonical: `"s${number}\\n"`, sent: `"s${number}\\n"` };
    if (pick === 2) return { type: DOUBLE, canonical: `${number}.0`, sent: String(number) };
    if (pick === 3)
      return { type: DATE, canonical: `"${new Date(number * 864e5).toISOString().replace(/T.*/, '')}"`, sent: String(number) };
    if (pick === 4) {
      const sent = Buffer.from(`b${number}`).toString('base64');
      return { type: BYTES, canonical: `"b${number}"`, sent: `"${sent}"` };
    }
    if (pick === 5) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(number);
      const digits = String(Math.abs(number)).padStart(4, '0');
      const canonical = `${number < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
      return { type: decimal(3), canonical, sent: random() < 0.5 ? `"${bytes.toString('base64')}"` : canonical };
    }
    const inner = make(depth + 1);
    const { type, canonical, sent } = inner;
    if (pick === 6) return { type: array(type), canonical: `[${canonical},${canonical}]`, sent: `[ ${sent},\n${sent}]` };
    if (pick === 7) {
      return {
        type: map(type),
        canonical: `{"k":${canonical},"l":${canonical}}`,
        sent: random() < 0.5 ? `{"k":${sent},"l":${sent}}` : `[["k",${sent}],["l",${sent}]]`,
      };
    }
    if (pick === 8) {
      if (type.kind === 'union') return inner;
      const wrapped = `{"connect_union_field_0":${sent}}`;
      // A bare map could be one of these objects.
      return { type: union(NULL, type), canonical, sent: type.kind === 'map' || random() < 0.5 ? sent : wrapped };
    }
    const other = make(depth + 1);
    const fields = random() < 0.5 ? `{"b":${other.sent},"more":1,"a":${sent}}` : `{"a":${sent},"b":${other.sent},"more":1}`;
    return {
      type: record(`r.R${depth}`, field('a', type), field('b', other.type)),
      canonical: `{"a":${canonical},"b":${other.canonical},"more":1}`,
      sent: fields,
    };
  };
  for (let i = 0; i < 2000; i++) {
    const { type, canonical, sent } = make(0);
    assert.equal(translated(type, sent), canonical, `value ${i}`);
  }
});
