/** What JSON Schemas say of values, and which schemas are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldType, RecordType } from '../../../src/core/schema.ts';
import { readJsonSchema } from '../../../src/schema/json/json-schema.ts';
import { Undecodable } from '../../../src/schema/undecodable.ts';

type References = ReadonlyArray<{ name: string; text: string }>;

const read = (schema: unknown, references: References = []): FieldType => readJsonSchema({ text: JSON.stringify(schema), references });

const NULL: FieldType = { kind: 'null' };
const ANY: FieldType = { kind: 'any' };
const STRING: FieldType = { kind: 'string' };
const LONG: FieldType = { kind: 'int', bits: 64, signed: true };
const DOUBLE: FieldType = { kind: 'float', bits: 64 };
const int = (bits: 8 | 16 | 32 | 64): FieldType => ({ kind: 'int', bits, signed: true });
const orNull = (type: FieldType): FieldType => ({ kind: 'union', branches: [NULL, type] });
const union = (...branches: FieldType[]): FieldType => ({ kind: 'union', branches });
const record = (name: string, fields: Record<string, FieldType>): FieldType => ({
  kind: 'record',
  name,
  fields: Object.entries(fields).map(([key, type]) => ({ name: key, aliases: [], type })),
});

test('each schema as the type it says', () => {
  const connect = (name: string, more: object = {}): object => ({ title: `org.apache.kafka.connect.data.${name}`, ...more });
  const parameters = { scale: '2', 'connect.decimal.precision': '9' };
  const cases: ReadonlyArray<readonly [schema: unknown, type: FieldType]> = [
    [true, ANY],
    [false, ANY],
    [{}, ANY],
    [{ type: 'null' }, NULL],
    [{ type: 'boolean' }, { kind: 'boolean' }],
    [{ type: 'integer' }, LONG],
    [
      { type: 'integer', minimum: 0, maximum: 2 ** 64 },
      { kind: 'int', bits: 64, signed: false },
    ],
    [{ type: 'number' }, DOUBLE],
    [{ type: 'string' }, STRING],
    [{ type: ['string'] }, STRING],
    [{ type: ['string', 'null'] }, orNull(STRING)],
    [{ type: ['null', 'string', 'integer'] }, union(NULL, STRING, LONG)],
    [
      { type: 'string', format: 'date-time' },
      { kind: 'timestamp', digits: 9, local: false },
    ],
    [{ type: ['string', 'null'], format: 'date' }, orNull({ kind: 'date' })],
    [
      { type: 'string', format: 'time' },
      { kind: 'time', digits: 9 },
    ],
    [{ type: 'string', format: 'uuid' }, { kind: 'uuid' }],
    [{ type: 'string', format: 'email' }, STRING],
    [{ type: 'string', format: 'constructor' }, STRING],
    [{ type: 'constructor' }, ANY],
    [
      { type: 'string', title: 'Colour', enum: ['a', 'b', 'a'] },
      { kind: 'enum', name: 'Colour', names: ['a', 'b'] },
    ],
    [{ enum: ['a', null] }, orNull({ kind: 'enum', name: 'enum', names: ['a'] })],
    [{ type: ['string', 'null'], enum: ['a', null] }, orNull({ kind: 'enum', name: 'enum', names: ['a'] })],
    [{ const: 'x' }, { kind: 'enum', name: 'enum', names: ['x'] }],
    [{ enum: [1, 'a'] }, ANY],
    [{ type: 'integer', enum: [1, 2] }, LONG],
    [
      { type: 'array', items: { type: 'string' } },
      { kind: 'array', items: STRING },
    ],
    [{ type: 'array' }, { kind: 'array', items: ANY }],
    [
      { type: 'array', items: [{ type: 'string' }] },
      { kind: 'array', items: ANY },
    ],
    [
      { type: 'array', prefixItems: [{ type: 'string' }] },
      { kind: 'array', items: ANY },
    ],
    [{ type: 'object' }, ANY],
    [{ type: 'object', additionalProperties: true }, ANY],
    [{ type: 'object', additionalProperties: false }, record('object', {})],
    [{ type: 'object', properties: {} }, record('object', {})],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { kind: 'map', keys: STRING, values: LONG },
    ],
    [{ additionalProperties: {} }, { kind: 'map', keys: STRING, values: ANY }],
    [{ type: 'integer', 'connect.type': 'int8' }, int(8)],
    [{ type: 'integer', 'connect.type': 'int16' }, int(16)],
    [{ type: 'integer', 'connect.type': 'int32' }, int(32)],
    [{ type: 'integer', 'connect.type': 'int64' }, int(64)],
    [
      { type: 'number', 'connect.type': 'float32' },
      { kind: 'float', bits: 32 },
    ],
    [{ type: 'number', 'connect.type': 'float64' }, DOUBLE],
    [{ type: 'string', 'connect.type': 'bytes' }, { kind: 'bytes' }],
    [
      { type: 'object', 'connect.type': 'map', additionalProperties: { type: 'string' } },
      { kind: 'map', keys: STRING, values: STRING },
    ],
    [
      {
        type: 'array',
        'connect.type': 'map',
        items: { type: 'object', properties: { key: { type: 'integer', 'connect.type': 'int32' }, value: { type: 'number' } } },
      },
      { kind: 'map', keys: int(32), values: DOUBLE },
    ],
    [
      { type: 'number', ...connect('Decimal'), 'connect.type': 'bytes', 'connect.parameters': parameters },
      { kind: 'decimal', precision: 9, scale: 2 },
    ],
    [
      { type: 'string', 'connect.name': connect('Decimal'), ...connect('Decimal') },
      { kind: 'decimal', scale: 0 },
    ],
    [{ type: 'integer', ...connect('Date'), 'connect.type': 'int32' }, { kind: 'date' }],
    [
      { type: 'integer', ...connect('Time'), 'connect.type': 'int32' },
      { kind: 'time', digits: 3 },
    ],
    [
      { type: 'integer', 'connect.name': 'org.apache.kafka.connect.data.Timestamp', 'connect.type': 'int64' },
      { kind: 'timestamp', digits: 3, local: false },
    ],
    [{ oneOf: [{ type: 'null' }, { type: 'string' }] }, orNull(STRING)],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, orNull(STRING)],
    [{ anyOf: [{ type: 'string' }, { type: 'string', maxLength: 3 }] }, STRING],
    [{ oneOf: [{ type: 'string' }, { oneOf: [{ type: 'null' }, { type: 'integer' }] }] }, union(NULL, STRING, LONG)],
    [{ oneOf: [{ type: 'string' }, {}] }, ANY],
    [{ allOf: [{ type: 'string' }, { minLength: 1 }] }, STRING],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, ANY],
    [{ type: 'object', properties: { a: {} }, oneOf: [{ required: ['a'] }] }, record('object', { a: ANY })],
  ];
  for (const [schema, type] of cases) assert.deepEqual(read(schema), type, JSON.stringify(schema));
});

test('records: order, what is required, defaults and documentation', () => {
  const schema = {
    title: 'shop.Order',
    type: 'object',
    required: ['id', 'count', 'price', 'huge'],
    properties: {
      note: { type: 'string', 'connect.index': 2, description: 'Free text' },
      id: { type: 'integer', 'connect.index': 0 },
      count: { type: 'integer', default: 3, 'connect.index': 1 },
      price: { type: 'number', default: 0.5 },
      huge: { type: 'integer', default: 2 ** 60 },
      maybe: { oneOf: [{ type: 'null' }, { type: 'string', default: 'x' }] },
      nothing: { type: ['null', 'string'], default: null },
      __proto__x: { type: 'object', properties: { toString: { type: 'string' } } },
    },
  };
  assert.deepEqual(read(schema), {
    kind: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'id', aliases: [], type: LONG },
      { name: 'count', aliases: [], type: LONG, fallback: '3' },
      { name: 'note', aliases: [], doc: 'Free text', type: orNull(STRING) },
      { name: 'price', aliases: [], type: DOUBLE, fallback: '0.5' },
      { name: 'huge', aliases: [], type: LONG },
      { name: 'maybe', aliases: [], type: orNull(STRING), fallback: '"x"' },
      { name: 'nothing', aliases: [], type: orNull(STRING), fallback: 'null' },
      { name: '__proto__x', aliases: [], type: orNull(record('__proto__x', { toString: orNull(STRING) })) },
    ],
  });
});

test('references: within the text, by anchor, to other texts and back', () => {
  const references = [
    {
      name: 'money.json',
      text: JSON.stringify({
        $id: 'http://x/money.json',
        title: 'Money',
        type: 'object',
        properties: { n: { $ref: '#/$defs/n' } },
        $defs: { n: { type: 'integer' } },
      }),
    },
  ];
  const schema = {
    $id: 'http://x/order.json',
    type: 'object',
    required: ['a', 'b', 'c', 'd', 'e', 'f'],
    properties: {
      a: { $ref: '#/definitions/a~1b%25' },
      b: { $ref: 'money.json' },
      c: { $ref: 'http://x/money.json#/$defs/n' },
      d: { $ref: '#here' },
      e: { $ref: '#/properties/d' },
      f: { $ref: '#there' },
    },
    definitions: { 'a/b%': { type: 'string' }, anchored: { $anchor: 'here', type: 'boolean' }, old: { id: '#there', type: 'null' } },
  };
  assert.deepEqual(
    read(schema, references),
    record('object', {
      a: STRING,
      b: record('Money', { n: orNull(LONG) }),
      c: LONG,
      d: { kind: 'boolean' },
      e: { kind: 'boolean' },
      f: NULL,
    }),
  );
});

test('objects that all hold are one record', () => {
  const schema = {
    title: 'Both',
    allOf: [{ $ref: '#/$defs/base' }, { properties: { b: { type: 'string' } }, required: ['a'] }],
    $defs: { base: { type: 'object', properties: { a: { type: 'integer' } } } },
  };
  assert.deepEqual(read(schema), record('Both', { a: LONG, b: orNull(STRING) }));
});

test('a recursive object leads back to the same record', () => {
  const next = { oneOf: [{ type: 'null' }, { $ref: '#' }] };
  const type = read({
    title: 'Node',
    type: 'object',
    required: ['next', 'all'],
    properties: { next, all: { type: 'array', items: { $ref: '#' } } },
  });
  const { fields } = type as RecordType;
  assert.equal((fields[0]!.type as Extract<FieldType, { kind: 'union' }>).branches[1], type);
  assert.equal((fields[1]!.type as Extract<FieldType, { kind: 'array' }>).items, type);
  // Entered by the union rather than by the record.
  const defs = {
    next: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/node' }] },
    node: { type: 'object', properties: { next: { $ref: '#/$defs/next' } } },
  };
  const entered = read({ $ref: '#/$defs/next', $defs: defs }) as Extract<FieldType, { kind: 'union' }>;
  assert.deepEqual((entered.branches[1] as RecordType).fields[0]!.type, entered);
});

test('a schema of more kinds than a table could follow is any JSON', () => {
  assert.deepEqual(read({ oneOf: Array.from({ length: 101 }, (_, i) => ({ const: `c${i}` })) }), ANY);
  assert.deepEqual(read({ type: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'string'] }), ANY);
});

test('lists of themselves end in any JSON', () => {
  assert.deepEqual(read({ type: 'array', items: { $ref: '#' } }), { kind: 'array', items: ANY });
});

test('schemas that cannot be used', () => {
  const nested = (open: string, close: string): string => `${open.repeat(5000)}{}${close.repeat(5000)}`;
  const loop = 'refers to itself without a type';
  const deep = 'is nested deeper than 200 levels';
  const chain = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`d${i}`, { $ref: `#/$defs/d${i + 1}` }]));
  const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, {}]));
  const many = {
    type: 'array',
    prefixItems: [],
    oneOf: [],
    anyOf: Array.from({ length: 200 }, () => ({ allOf: [{ $ref: '#/$defs/wide' }] })),
  };
  const cases: ReadonlyArray<readonly [text: string, message: string]> = [
    ['{', 'is not valid JSON'],
    ['{"$ref":"#"}', loop],
    ['{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}', loop],
    ['{"oneOf":[{"type":"null"},{"$ref":"#"}]}', loop],
    ['{"allOf":[{"$ref":"#"}]}', loop],
    ['{"$ref":"#/$defs/none"}', 'refers to a schema it does not have'],
    ['{"$ref":"#/toString"}', 'refers to a schema it does not have'],
    ['{"$ref":"other.json"}', 'refers to a schema it does not have'],
    [nested('{"type":"array","items":', '}'), deep],
    [nested('{"type":"object","properties":{"a":', '}}'), deep],
    [nested('{"oneOf":[', ']}'), deep],
    [nested('{"allOf":[', ']}'), deep],
    [JSON.stringify({ $ref: '#/$defs/d0', $defs: chain }), deep],
    [
      JSON.stringify({ ...many, type: undefined, oneOf: undefined, $defs: { wide: { properties: wide } } }),
      'has more than 200000 objects and properties',
    ],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => readJsonSchema({ text, references: [] }),
      (error) => error instanceof Undecodable && error.code === 'unusable_schema' && error.message === message,
      `${text.slice(0, 60)}: ${message}`,
    );
  }
});

test('references that double at every step cost no more than they are', () => {
  const $defs = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => {
      const next = { $ref: `#/$defs/d${i + 1}` };
      return [`d${i}`, i < 59 ? { type: 'object', properties: { a: next, b: next, c: { allOf: [next, next] } } } : { type: 'string' }];
    }),
  );
  assert.equal(read({ $ref: '#/$defs/d0', $defs }).kind, 'record');
});
