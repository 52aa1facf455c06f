/** Avro records in the registry's wire format through the built gateway: what the producer wrote is what the table holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { type Answer, type SchemaGateway, startSchemaGateway, wire } from '../support/schema-gateway.ts';
import type { TestRegistry } from '../support/schema-registry.ts';

const LINE = {
  type: 'record',
  name: 'Line',
  fields: [
    { name: 'sku', type: 'string' },
    { name: 'count', type: 'int' },
  ],
};
const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long', doc: "the order's number" },
    { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 4 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }], default: null },
    { name: 'ratio', type: 'float' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'DONE'] } },
    { name: 'lines', type: { type: 'array', items: LINE } },
    { name: 'tags', type: { type: 'map', values: 'string' } },
    { name: 'raw', type: 'bytes' },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
};

/** A producer's serializer. */
const framed = (schema: unknown, schemaId: number, value: unknown): Buffer =>
  wire(schemaId, avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true }).toBuffer(value));

const order = (number: number, more: object = {}): object => ({
  id: number,
  amount: Buffer.from('fe1dc0'.padStart(6, '0'), 'hex'),
  at: 1_767_323_045_678_901,
  day: { int: -1 },
  ratio: Math.fround(0.1),
  state: 'DONE',
  lines: [
    { sku: 'a"b', count: 2 },
    { sku: '€', count: -3 },
  ],
  tags: { k: 'v', ['__proto__']: 'x' },
  raw: Buffer.from([0, 255, 34, 10]),
  note: null,
  ...more,
});

/** 2^53 + 1, which the producer's library cannot write, in the place of an id of one byte. */
function withLargeId(record: Buffer): Buffer {
  return Buffer.concat([record.subarray(0, 5), Buffer.from('8280808080808020', 'hex'), record.subarray(6)]);
}

let it: SchemaGateway;
let registry: TestRegistry;
let gateway: GatewayProcess;
let id: number;
const post = async (path: string, body: Buffer | string): Promise<Answer> => await it.call(path, body);
const query = async (sql: string): Promise<unknown[]> => await it.query(sql);

before(async () => {
  it = await startSchemaGateway(
    `registry: { url: "REGISTRY", username: gateway, password: secret, timeout: 1s }
pipelines:
  orders: { topics: [orders, '/raw.*/'], unknown_fields: evolve, identity: none }
  hoisted: { envelope: { value: v }, unknown_fields: evolve }
  strict: { auto_create: schema, identity: none }
  rest: { framing: records, envelope: { value: value }, columns: { key: { drop: true } }, identity: none }
  named: { subject: '\${topic}-\${record}', identity: none }
`,
    { authorization: `Basic ${Buffer.from('gateway:secret').toString('base64')}` },
  );
  ({ registry, gateway } = it);
  id = registry.register('orders-value', { schema: JSON.stringify(ORDER) });
});
after(async () => await it.close());

const ROW = {
  amount: -12.3456,
  at: '2026-01-02 03:04:05.678901',
  day: '1969-12-31',
  ratio: 0.1,
  state: 'DONE',
  lines: [
    { sku: 'a"b', count: 2 },
    { sku: '€', count: -3 },
  ],
  tags: JSON.parse('{"k":"v","__proto__":"x"}') as unknown,
  raw: '00FF220A',
  note: null,
};
const COLUMNS = 'id, amount, at, day, ratio, state, lines, tags, hex(raw) AS raw, note';

test('a record makes its table by its schema, and is there as it was written', async () => {
  const [status, answer] = await post('/v1/topics/orders', withLargeId(framed(ORDER, id, order(1))));
  assert.deepEqual([status, answer['accepted']], [200, 1], JSON.stringify(answer));
  assert.deepEqual(await query(`SELECT ${COLUMNS} FROM orders`), [{ id: '9007199254740993', ...ROW }]);
  assert.deepEqual(
    await query("SELECT name, type, comment FROM system.columns WHERE table = 'orders' AND name NOT LIKE '\\_sluice%' ORDER BY position"),
    [
      { name: 'id', type: 'Int64', comment: "the order's number" },
      { name: 'amount', type: 'Decimal(20, 4)', comment: '' },
      { name: 'at', type: "DateTime64(6, 'UTC')", comment: '' },
      { name: 'day', type: 'Nullable(Date32)', comment: '' },
      { name: 'ratio', type: 'Float32', comment: '' },
      { name: 'state', type: 'LowCardinality(String)', comment: '' },
      { name: 'lines', type: 'Array(Tuple(sku String, count Int32))', comment: '' },
      { name: 'tags', type: 'Map(String, String)', comment: '' },
      { name: 'raw', type: 'String', comment: '' },
      { name: 'note', type: 'Nullable(String)', comment: '' },
    ],
  );
});

test('records in envelopes are written once, each by the schema it was written with', async () => {
  const young = { ...ORDER, fields: [...ORDER.fields, { name: 'priority', type: 'int', default: 0 }] };
  const second = registry.register('orders-value', { schema: JSON.stringify(young) });
  const envelope = (offset: number, value: Buffer): object => ({
    v: value.toString('base64'),
    __topic: 'orders',
    __partition: 1,
    __offset: offset,
  });
  const body = JSON.stringify([
    envelope(1, framed(ORDER, id, order(1))),
    envelope(2, framed(young, second, order(2, { priority: 7, note: { string: 'x' } }))),
  ]);
  for (const duplicate of [0, 2]) {
    const [status, answer] = await post('/v1/topics/hoisted', body);
    assert.deepEqual([status, answer['accepted'], answer['duplicate']], [200, 2, duplicate], JSON.stringify(answer));
  }
  assert.deepEqual(await query(`SELECT ${COLUMNS}, priority, __partition, __offset FROM hoisted ORDER BY __offset`), [
    { id: '1', ...ROW, priority: null, __partition: '1', __offset: '1' },
    { id: '2', ...ROW, note: 'x', priority: 7, __partition: '1', __offset: '2' },
  ]);
});

test('JSON of Kafka Connect is read by the schema of its topic', async () => {
  const schema = {
    type: 'record',
    name: 'Payment',
    fields: [
      { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
      { name: 'day', type: { type: 'int', logicalType: 'date' } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'raw', type: 'bytes' },
      { name: 'id', type: ['null', 'string', 'long'] },
    ],
  };
  registry.register('raw.payments-value', { schema: JSON.stringify(schema) });
  const body = [
    {
      amount: Buffer.from('ff85', 'hex').toString('base64'),
      day: 20_000,
      at: 1_767_323_045_678,
      raw: 'AP8=',
      id: { string: null, long: 7 },
    },
    { amount: 12.5, day: '2026-01-31', at: '2026-01-31T00:00:00.5Z', raw: '', id: null },
  ];
  const [status, answer] = await post('/v1/topics/raw.payments', JSON.stringify(body));
  assert.deepEqual([status, answer['accepted']], [200, 2], JSON.stringify(answer));
  assert.deepEqual(await query('SELECT toString(amount) AS amount, day, at, hex(raw) AS raw, id FROM raw_payments ORDER BY day'), [
    { amount: '-1.23', day: '2024-10-04', at: '2026-01-02 03:04:05.678', raw: '00FF', id: '7' },
    { amount: '12.5', day: '2026-01-31', at: '2026-01-31 00:00:00.500', raw: '', id: null },
  ]);
});

test('a URL can name the schema, for a bare value and for JSON', async () => {
  const bare = framed(ORDER, id, order(4)).subarray(5);
  const headers = { 'X-API-KEY': gateway.key, 'Content-Type': 'avro/binary' };
  const sent = await fetch(`${gateway.url}/v1/topics/raw.bare?schema_id=${id}`, { method: 'POST', headers, body: bare });
  assert.equal(sent.status, 200, await sent.text());
  assert.deepEqual(await query(`SELECT ${COLUMNS} FROM raw_bare`), [{ id: '4', ...ROW }]);
  const [status] = await post('/v1/topics/raw.named?subject=raw.payments-value', '{"amount":"/4U=","day":0,"at":0,"raw":"","id":null}');
  assert.equal(status, 200);
  assert.deepEqual(await query('SELECT toString(amount) AS amount, day FROM raw_named'), [{ amount: '-1.23', day: '1970-01-01' }]);
  const [refused, answer] = await post('/v1/topics/raw.named?schema_id=9999', '{"amount":"/4U="}');
  const [first] = answer['errors'] as Array<Record<string, unknown>>;
  assert.deepEqual(
    [refused, first?.['code'], first?.['message']],
    [422, 'unknown_schema', 'the record is of a schema the registry does not have'],
  );
});

test('a body of the REST Proxy holds values in base64', async () => {
  const records = [5, 6].map((number) => ({ key: null, value: framed(ORDER, id, order(number)).toString('base64') }));
  assert.equal((await post('/v1/topics/rest', JSON.stringify({ records })))[0], 200);
  assert.deepEqual(await query(`SELECT ${COLUMNS} FROM rest ORDER BY id`), [
    { id: '5', ...ROW },
    { id: '6', ...ROW },
  ]);
  for (const body of ['{"records":5}', '{"value":"x"}', '[]', '[{"records":[]}]', '{"records":[]}{"records":[]}']) {
    const [status, answer] = await post('/v1/topics/rest', body);
    assert.deepEqual([status, answer['code'], body], [400, 'wrong_framing', body]);
  }
  assert.deepEqual((await post('/v1/topics/rest', '{"records":[]}'))[1]['accepted'], 0);
});

test('a record of an older version lands where the newest one would', async () => {
  const version = (...fields: object[]): object => ({ type: 'record', name: 'Person', fields });
  const first = version({ name: 'id', type: 'int' }, { name: 'name', type: 'string' });
  const second = version(
    { name: 'id', type: 'int' },
    { name: 'full_name', type: 'string', aliases: ['name'] },
    { name: 'country', type: 'string', default: 'DE' },
  );
  const [a, b] = [first, second].map((schema) => registry.register('raw.people-value', { schema: JSON.stringify(schema) }));
  assert.equal((await post('/v1/topics/raw.people', framed(second, b!, { id: 2, full_name: 'new', country: 'FR' })))[0], 200);
  assert.equal((await post('/v1/topics/raw.people', framed(first, a!, { id: 1, name: 'old' })))[0], 200);
  assert.deepEqual(await query('SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM raw_people ORDER BY id'), [
    { id: 1, full_name: 'old', country: 'DE' },
    { id: 2, full_name: 'new', country: 'FR' },
  ]);
  // The gateway knows the second as the newest; a record of the third says otherwise, and nothing is made up for it.
  const third = version({ name: 'id', type: 'int' }, { name: 'full_name', type: 'string' });
  const c = registry.register('raw.people-value', { schema: JSON.stringify(third) });
  assert.equal((await post('/v1/topics/raw.people', framed(third, c, { id: 3, full_name: 'third' })))[0], 200);
  assert.deepEqual(await query('SELECT country FROM raw_people WHERE id = 3'), [{ country: null }]);
});

test('the newest schema is found by the name of the record too', async () => {
  const version = (...fields: object[]): object => ({ type: 'record', name: 'shop.Item', fields });
  const first = version({ name: 'id', type: 'int' });
  const second = version({ name: 'number', type: 'int', aliases: ['id'] });
  const [a] = [first, second].map((schema) => registry.register('named-shop.Item', { schema: JSON.stringify(schema) }));
  assert.equal((await post('/v1/topics/named', framed(first, a!, { id: 7 })))[0], 200);
  assert.deepEqual(await query('SELECT number FROM named'), [{ number: 7 }]);
});

test('a pipeline that makes its table by a schema makes none without', async () => {
  const [status, answer] = await post('/v1/topics/strict', '{"a":1}');
  assert.deepEqual(
    [status, answer['code'], answer['detail']],
    [
      503,
      'table_missing',
      'The table default.strict of pipeline strict does not exist, and the records have no schema to make it by: register one, create the table, or write auto_create: infer',
    ],
  );
  const later = registry.register('strict-value', {
    schema: '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}',
    schemaType: 'JSON',
  });
  // A subject that was not there is not asked for again so soon; a schema by its id is.
  assert.equal((await post('/v1/topics/strict?subject=strict-value', '{"a":1}'))[0], 422);
  assert.equal((await post(`/v1/topics/strict?schema_id=${later}`, '{"a":1}'))[0], 200);
  assert.deepEqual(await query('SELECT a, toTypeName(a) AS type FROM strict'), [{ a: '1', type: 'Int64' }]);
});

test('what cannot be read is refused with the schema and where, and makes no table', async () => {
  const good = framed(ORDER, id, order(1));
  const cases: ReadonlyArray<readonly [body: Buffer, code: string, message: string]> = [
    [good.subarray(0, 30), 'undecodable', `the record ends before it is complete (schema ${id})`],
    [Buffer.concat([good, Buffer.from([0])]), 'undecodable', `the record ends 1 bytes before the record does (schema ${id})`],
    [Buffer.from('000000270f00', 'hex'), 'unknown_schema', 'the record is of a schema the registry does not have (schema 9999)'],
    [Buffer.from('0000', 'hex'), 'undecodable', 'the record ends within its schema id'],
  ];
  for (const [body, code, message] of cases) {
    const [status, answer] = await post('/v1/topics/raw-bad', body);
    const [first] = answer['errors'] as Array<Record<string, unknown>>;
    assert.deepEqual([status, answer['code'], first?.['code'], first?.['message']], [422, 'records_rejected', code, message]);
  }
  assert.deepEqual(await query("SELECT count() AS tables FROM system.tables WHERE name = 'raw_bad'"), [{ tables: '0' }]);
});

test('with the registry away known schemas go on, and others are told to come back', async () => {
  registry.before = (_request, response) => Boolean(response.destroy());
  const [status] = await post('/v1/topics/orders', framed(ORDER, id, order(3)));
  assert.equal(status, 200);
  const [refused, answer] = await post('/v1/topics/orders', framed(ORDER, 77, order(3)));
  assert.deepEqual(
    [refused, answer['code'], answer['detail']],
    [503, 'registry_unavailable', 'The Schema Registry cannot be reached, or closed the connection'],
  );
  registry.before = undefined;
});
