/** Records in the encoding of a schema, in every place they can stand in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Decoded } from '../../../src/core/batch.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import type { RegisteredSchema, SchemaSource } from '../../../src/core/ports.ts';
import { createJsonReader } from '../../../src/decode/json-reader.ts';
import { createCodecs } from '../../../src/schema/codecs.ts';
import { createResolver } from '../../../src/schema/resolver.ts';
import { batchOf, deliveryOf, LIMITS, textsOf } from '../../support/deliveries.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { assertSameAsScanned } from '../../support/tapes.ts';

const ORDER = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'note', type: ['null', 'string'] },
  ],
};
const OTHER = { type: 'record', name: 'Other', fields: [] };

const schemaOf = (id: number, schema: unknown): RegisteredSchema => ({
  id,
  language: 'AVRO',
  text: typeof schema === 'string' ? schema : JSON.stringify(schema),
  references: [],
});

const TYPED = {
  type: 'record',
  name: 'Typed',
  fields: [
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
  ],
};

const SCHEMAS = new Map<number, RegisteredSchema>(
  [7, 8, 9, 10].map((id, i) => [id, schemaOf(id, [ORDER, OTHER, '"long"', '{"type":"nothing"}'][i])]),
);
SCHEMAS.set(12, schemaOf(12, TYPED));
SCHEMAS.set(13, { ...schemaOf(13, { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }), language: 'JSON' });
SCHEMAS.set(14, { ...schemaOf(14, 'syntax = "proto3";'), language: 'PROTOBUF' });

/** A registry in memory; `asked` are the ids it was asked for. */
function registry(failing = false): SchemaSource & { asked: Array<number | string> } {
  const asked: Array<number | string> = [];
  const answer = async (id: number | string): Promise<RegisteredSchema | undefined> => {
    asked.push(id);
    if (failing) throw new GatewayError('registry_unavailable', 'away');
    return await Promise.resolve(typeof id === 'number' ? SCHEMAS.get(id) : SCHEMAS.get(Number(`0x${id}`)));
  };
  return { asked, byId: answer, byGuid: answer, latest: async (subject) => (subject === 'orders-value' ? await answer(12) : undefined) };
}

const wire = (id: number, hex: string): Buffer => {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(hex.replaceAll(' ', ''), 'hex')]);
};

const PLAIN = pipelineOf('p');
const HOISTED = pipelineOf('p', { envelope: { value: 'v' } });

const resolver = (source: SchemaSource | undefined = registry(), limits = LIMITS): ReturnType<typeof createResolver> =>
  createResolver({ codecs: createCodecs(source, limits, createJsonReader(limits)), limits });

const framed = (...frames: Buffer[]): Decoded => ({ delivery: deliveryOf(''), frames });

function checked(batch: Batch): Batch {
  for (const { value } of batch.records) assertSameAsScanned(value.tape, value.node);
  return batch;
}

const rejectionsOf = ({ unreadable }: Batch): unknown[] => [...(unreadable?.values() ?? [])];

test('records of several schemas are read, each by its own', async () => {
  const source = registry();
  const guid = Buffer.from(`01${'0'.repeat(31)}7 0600`.replace(' ', ''), 'hex');
  const batch = checked(await resolver(source)(framed(wire(7, '02 02 04 6f6b'), wire(8, ''), wire(7, '05 00'), guid), PLAIN));
  assert.deepEqual(textsOf(batch), ['{"id":1,"note":"ok"}', '{}', '{"id":-3,"note":null}', '{"id":3,"note":null}']);
  assert.deepEqual(
    batch.schemas?.map(({ name }) => name),
    ['Order', 'Other'],
  );
  assert.deepEqual(
    batch.records.map(({ ordinal, singleLine }) => [ordinal, singleLine]),
    [0, 1, 2, 3].map((i) => [i, true]),
  );
  assert.equal(batch.unreadable, undefined);
  assert.deepEqual(source.asked, [7, 8, `${'0'.repeat(31)}7`]);
});

test('what cannot be read is a rejection, and the others are read', async () => {
  const bad = [
    wire(7, '02 04'),
    wire(11, ''),
    wire(0, ''),
    Buffer.from('02', 'hex'),
    Buffer.from('0000', 'hex'),
    wire(10, ''),
    wire(-1, ''),
    wire(9, '02'),
  ];
  const batch = checked(await resolver()(framed(wire(7, '02 00'), ...bad, wire(7, '04 00')), PLAIN));
  assert.deepEqual(textsOf(batch), ['{"id":1,"note":null}', ...Array.from({ length: 7 }, () => 'null'), '1', '{"id":2,"note":null}']);
  assert.deepEqual(rejectionsOf(batch), [
    { ordinal: 1, code: 'undecodable', column: 'note', reason: 'the record has an index outside of a union, which has 2 (schema 7)' },
    { ordinal: 2, code: 'unknown_schema', reason: 'the record is of a schema the registry does not have (schema 11)' },
    { ordinal: 3, code: 'undecodable', reason: 'the record has a schema id that no registry gives' },
    { ordinal: 4, code: 'undecodable', reason: 'the record does not begin with the magic byte of the Schema Registry, 0 or 1' },
    { ordinal: 5, code: 'undecodable', reason: 'the record ends within its schema id' },
    { ordinal: 6, code: 'unusable_schema', reason: 'the record is not a valid Avro schema (schema 10)' },
    { ordinal: 7, code: 'undecodable', reason: 'the record has a schema id that no registry gives' },
  ]);
});

test('a record over a limit is a rejection', async () => {
  const small = { ...LIMITS, record: 25 };
  const batch = await resolver(registry(), small)(framed(wire(7, `02 02 40 ${'61'.repeat(32)}`), wire(7, '02 00')), PLAIN);
  assert.deepEqual(textsOf(batch), ['null', '{"id":1,"note":null}']);
  assert.deepEqual(rejectionsOf(batch), [
    { ordinal: 0, code: 'undecodable', reason: 'the record is larger, as JSON, than limits.record allows' },
  ]);
});

test('without a registry, or with one that is away, the delivery is refused whole', async () => {
  const code = async (source: SchemaSource | undefined): Promise<unknown> =>
    await createResolver({ codecs: createCodecs(source, LIMITS, createJsonReader(LIMITS)), limits: LIMITS })(
      framed(wire(7, '0200')),
      PLAIN,
    ).catch((error: GatewayError) => [error.code, error.message]);
  assert.deepEqual(await code(undefined), [
    'registry_missing',
    'The records are in the wire format of the Schema Registry, and the configuration names none: set registry.url',
  ]);
  assert.deepEqual(await code(registry(true)), ['registry_unavailable', 'away']);
});

test('an envelope holds the bytes of a record, or an object, and says where it was', async () => {
  const at = '"__topic":"t","__partition":0,"__offset":';
  const v = (bytes: Buffer): string => `"v":"${bytes.toString('base64')}"`;
  const body = [
    `{${v(wire(7, '02 02 04 6f6b'))},${at}1}`,
    `{${at}2,\n${v(wire(8, ''))}}`,
    `{"v":{"x":[1,{"y":"\\n"}],\n"z":{}},${at}3}`,
    `{"v":{},${at}4}`,
    `{${v(wire(7, '02 02 04 6f6b'))}}`,
  ];
  const batch = checked(await resolver()(await batchOf(`[${body.join()}]`), HOISTED));
  assert.deepEqual(textsOf(batch), [
    `{"id":1,"note":"ok",${at}1}`,
    `{${at}2}`,
    `{"x":[1,{"y":"\\n"}], "z":{},${at}3}`,
    `{${at}4}`,
    '{"id":1,"note":"ok"}',
  ]);
  assert.equal(batch.unreadable, undefined);
});

test('an envelope that cannot be read still says where its record was', async () => {
  const at = '"__partition":0,"__offset":';
  const body = [
    `{"v":"####",${at}1}`,
    `{"v":null,${at}2}`,
    `{${at}3}`,
    `{"v":"${wire(7, '02 04').toString('base64')}",${at}4}`,
    `{"v":"${wire(9, '02').toString('base64')}",${at}5}`,
    `{"v":"${wire(7, '02 00').toString('base64')}","id":6}`,
    '7',
  ];
  const batch = checked(await resolver()(await batchOf(`[${body.join()}]`), HOISTED));
  assert.deepEqual(textsOf(batch), [...[1, 2, 3, 4, 5].map((i) => `{${at}${i}}`), '{"id":6}', '7']);
  const rejected = (ordinal: number, reason: string, more: object = {}): object => ({ ordinal, code: 'undecodable', ...more, reason });
  assert.deepEqual(rejectionsOf(batch), [
    rejected(0, "the record has a text in the field v that is no base64: set the connector's converter to bytes"),
    rejected(1, 'the record has something else than an object or the base64 text of bytes in the field v'),
    rejected(2, "the record has no field v, in which the pipeline's envelope has the value"),
    rejected(3, 'the record has an index outside of a union, which has 2 (schema 7)', { column: 'note' }),
    rejected(4, 'the record has a value that is no record, so that it has no columns'),
    rejected(5, 'the record has the field id both in its value and beside it, in the envelope'),
    rejected(6, "the record has no field v, in which the pipeline's envelope has the value"),
  ]);
});

test('JSON without an envelope is left as it is', async () => {
  const batch = await batchOf('[{"v":"AA=="}]');
  assert.equal(await resolver()(batch, PLAIN), batch);
});

const SUBJECT = pipelineOf('p', { subject: '${topic}-value' });

test('JSON is read by the schema of its subject', async () => {
  const batch = checked(await resolver()(await batchOf('[{"price":"Aus=","day":1,"__offset":7},{"day":-1,"price":5}]'), SUBJECT));
  assert.deepEqual(textsOf(batch), ['{"price":7.47,"day":"1970-01-02","__offset":7}', '{"price":5.00,"day":"1969-12-31"}']);
  assert.deepEqual(
    batch.schemas?.map(({ name }) => name),
    ['Typed'],
  );
});

test('JSON that is no value of its schema is a rejection, and stays what it was', async () => {
  const batch = await resolver()(await batchOf('[{"price":"Aus=","day":"x y"},{"price":"Aus="},{"price":1.234,"day":0}]'), SUBJECT);
  assert.deepEqual(textsOf(batch), ['{"price":7.47,"day":"x y"}', '{"price":"Aus="}', '{"price":1.234,"day":0}']);
  assert.deepEqual(
    rejectionsOf(batch).map((one) => {
      const { ordinal, code, column } = one as { ordinal: number; code: string; column?: string };
      return [ordinal, code, column];
    }),
    [
      [1, 'undecodable', 'day'],
      [2, 'undecodable', 'price'],
    ],
  );
});

test('JSON of a topic whose subject there is not, or of no topic, is left as it is', async () => {
  const source = registry();
  const batch = await batchOf('[{"price":"Aus="}]');
  const named = (topic: string): Batch => ({ ...batch, delivery: deliveryOf('', topic) });
  const { topic: _topic, ...without } = batch.delivery;
  for (const one of [named('other'), { ...batch, delivery: without }]) assert.equal(await resolver(source)(one, SUBJECT), one);
  const noRegistry = createResolver({ codecs: createCodecs(undefined, LIMITS, createJsonReader(LIMITS)), limits: LIMITS });
  assert.equal((await noRegistry(named('orders'), SUBJECT)).records, batch.records);
});

test('an object in an envelope is read by the schema of its subject too', async () => {
  const pipeline = pipelineOf('p', { subject: 'orders-value', envelope: { value: 'v' } });
  const batch = checked(await resolver()(await batchOf('[{"v":{"price":"Aus=","day":0},"__offset":1}]'), pipeline));
  assert.deepEqual(textsOf(batch), ['{"price":7.47,"day":"1970-01-01","__offset":1}']);
});

test('values of a JSON Schema are JSON after their id, and a Protobuf schema without a message is told from it', async () => {
  const json = (text: string): Buffer => Buffer.concat([wire(13, ''), Buffer.from(text)]);
  const batch = checked(
    await resolver()(framed(json(' {"n" : 1} '), json('{"n":1}x'), json('{"n":1,"n":2}'), json('{"n":"x"}'), wire(14, '00')), PLAIN),
  );
  assert.deepEqual(textsOf(batch), ['{"n":1}', 'null', 'null', 'null', 'null']);
  assert.deepEqual(
    rejectionsOf(batch).map((one) => (one as { reason: string }).reason),
    [
      'the record is not valid JSON (schema 13)',
      'the record has a key twice in an object (schema 13)',
      'the record is text where its schema has a whole number (schema 13)',
      'the record has no message (schema 14)',
    ],
  );
});
