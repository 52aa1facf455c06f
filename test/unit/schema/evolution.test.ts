/** Records of an older schema as the newest one has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avsc from 'avsc';
import { builtTape } from '../../../src/core/tape-builder.ts';
import { compileAvro } from '../../../src/schema/avro/avro-schema.ts';
import { createEvolution } from '../../../src/schema/evolution.ts';
import { assertSameAsScanned, roomyTape } from '../../support/tapes.ts';

const record = (fields: readonly object[], name = 'R'): object => ({ type: 'record', name, fields });
const field = (name: string, type: unknown, more: object = {}): object => ({ name, type, ...more });

/** The text of a value written by one schema, as the other has it; undefined when they do not differ. */
function evolved(writer: object, reader: object, value: unknown): string | undefined {
  const [from, to] = [writer, reader].map((schema) => compileAvro({ text: JSON.stringify(schema), references: [] }, { depth: 20 }));
  const translate = createEvolution(from!.type, to!.type);
  if (translate === undefined) return undefined;
  const bytes = avsc.Type.forSchema(writer as avsc.Schema, { wrapUnions: true }).toBuffer(value);
  const source = roomyTape();
  const node = from!.read({ bytes, from: 0, to: bytes.length }, source);
  const tape = roomyTape();
  const written = translate(builtTape(source), node, tape);
  const built = builtTape(tape);
  assertSameAsScanned(built, written);
  return built.bytes.toString();
}

const DECIMAL = { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 };

test('names are the newest, and what there was not has its default', () => {
  const id = field('id', 'long');
  const cases: ReadonlyArray<readonly [writer: object, reader: object, value: unknown, text: string | undefined]> = [
    [record([id]), record([id]), { id: 1 }, undefined],
    [record([id, field('old', 'string')]), record([id]), { id: 1, old: 'x' }, undefined],
    [record([id]), record([id, field('b', 'string')]), { id: 1 }, undefined],
    [record([id]), record([id, field('b', 'string', { default: 'd"' })]), { id: 1 }, '{"id":1,"b":"d\\""}'],
    [record([id]), record([field('b', ['null', 'string'], { default: null }), id]), { id: 1 }, '{"b":null,"id":1}'],
    [record([id]), record([id, field('n', 'double', { default: 1 })]), { id: 1 }, '{"id":1,"n":1.0}'],
    [record([id]), record([id, field('d', DECIMAL, { default: '\u0001\u0000' })]), { id: 1 }, '{"id":1,"d":2.56}'],
    [
      record([id]),
      record([id, field('day', { type: 'int', logicalType: 'date' }, { default: 1 })]),
      { id: 1 },
      '{"id":1,"day":"1970-01-02"}',
    ],
    [record([id]), record([id, field('l', { type: 'array', items: 'int' }, { default: [1, 2] })]), { id: 1 }, '{"id":1,"l":[1,2]}'],
    [
      record([field('name', 'string'), id]),
      record([id, field('full', 'string', { aliases: ['x', 'name'] })]),
      { id: 1, name: 'n' },
      '{"id":1,"full":"n"}',
    ],
    [
      record([field('name', 'string'), field('full', 'string')]),
      record([field('full', 'string', { aliases: ['name'] })]),
      { name: 'n', full: 'f' },
      undefined,
    ],
    [
      record([field('a', 'string'), field('b', 'string')]),
      record([field('a', 'string'), field('c', 'string', { aliases: ['a'], default: 'd' })]),
      { a: '1', b: '2' },
      '{"a":"1","c":"d","b":"2"}',
    ],
    [record([id]), record([field('id', ['null', 'string', 'int'], { default: null })]), { id: 1 }, undefined],
    [
      record([field('e', { type: 'enum', name: 'E', symbols: ['A', 'B'] })]),
      record([field('e', { type: 'enum', name: 'E', symbols: ['A'], default: 'A' })]),
      { e: 'B' },
      undefined,
    ],
  ];
  for (const [writer, reader, value, text] of cases) assert.equal(evolved(writer, reader, value), text, JSON.stringify(reader));
});

test('records inside of others, of lists, maps and optional fields change too, and other values stay as they are', () => {
  const before = record([field('a', 'bytes')], 'In');
  const after = record([field('b', 'bytes', { aliases: ['a'] }), field('c', 'int', { default: 7 })], 'In');
  const outer = (inner: object): object =>
    record([
      field('one', inner),
      field('list', { type: 'array', items: 'In' }),
      field('map', { type: 'map', values: ['null', 'In'] }),
      field('maybe', ['null', 'In']),
      field('raw', 'bytes'),
    ]);
  const a = Buffer.from([0, 10, 34, 255]);
  const value = {
    one: { a },
    list: [{ a: Buffer.from('x') }],
    map: { __proto__k: { In: { a: Buffer.from('y') } }, n: null },
    maybe: null,
    raw: a,
  };
  const text = evolved(outer(before), outer(after), value);
  assert.equal(
    text,
    Buffer.from(
      '{"one":{"b":"\\u0000\\n\\"\u00ff","c":7},"list":[{"b":"x","c":7}],"map":{"__proto__k":{"b":"y","c":7},"n":null},"maybe":null,"raw":"\\u0000\\n\\"\u00ff"}',
      'latin1',
    ).toString(),
  );
  assert.equal(
    evolved(outer(before), outer(after), { one: { a }, list: [], map: {}, maybe: { In: { a: Buffer.alloc(0) } }, raw: Buffer.alloc(0) }),
    Buffer.from('{"one":{"b":"\\u0000\\n\\"\u00ff","c":7},"list":[],"map":{},"maybe":{"b":"","c":7},"raw":""}', 'latin1').toString(),
  );
});

test('records that lead back to themselves change on every level', () => {
  const node = (name: string, more: readonly object[] = []): object =>
    record([field(name, 'int', { aliases: ['v'] }), field('next', ['null', 'R']), ...more]);
  assert.equal(evolved(node('v'), node('v'), { v: 1, next: null }), undefined);
  assert.equal(
    evolved(node('v'), node('value', [field('w', 'boolean', { default: true })]), { v: 1, next: { R: { v: 2, next: null } } }),
    '{"value":1,"next":{"value":2,"next":null,"w":true},"w":true}',
  );
});
