/** Protobuf records in the registry's wire format through the built gateway: what the producer wrote is what the table holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import protobuf from 'protobufjs';
import { type Answer, type SchemaGateway, startSchemaGateway, wire } from '../support/schema-gateway.ts';

const COMMON = 'syntax = "proto3"; package shop; message Money { string currency = 1; sint64 cents = 2; }';
const ORDER = `syntax = "proto3"; package shop;
import "common.proto"; import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
message Other { int32 x = 1; }
message Order {
  // the order's number
  uint64 id = 1;
  Money total = 2;
  google.protobuf.Timestamp at = 3;
  State state = 4;
  repeated Line lines = 5;
  map<string, int32> tags = 6;
  bytes raw = 7;
  optional string note = 8;
  google.protobuf.Int64Value weight = 9;
  oneof paid { string card = 10; bool cash = 11; }
  message Line { string sku = 1; int32 count = 2; }
}
enum State { NEW = 0; DONE = 1; }`;
const TREE = 'syntax = "proto3"; message Tree { int32 v = 1; repeated Tree below = 2; }';

const root = new protobuf.Root();
protobuf.parse(COMMON, root, { keepCase: true });
protobuf.parse(ORDER, root, { keepCase: true });
for (const file of ['timestamp', 'wrappers']) root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)?.nested ?? {});
const message = (value: object): Buffer => {
  const type = root.lookupType('shop.Order');
  return Buffer.from(type.encode(type.fromObject(value)).finish());
};

const order = (id: string): object => ({
  id,
  total: { currency: 'EUR', cents: '-9007199254740993' },
  at: { seconds: 1_767_323_045, nanos: 678_901_234 },
  state: 'DONE',
  lines: [
    { sku: 'a"b', count: 2 },
    { sku: '€', count: -3 },
  ],
  tags: { k: 1, 'a.b': -2 },
  raw: Buffer.from([0, 255, 34, 10]),
  weight: { value: 0 },
  cash: false,
});
const ROW = {
  total: { currency: 'EUR', cents: '-9007199254740993' },
  at: '2026-01-02 03:04:05.678901234',
  state: 'DONE',
  lines: [
    { sku: 'a"b', count: 2 },
    { sku: '€', count: -3 },
  ],
  tags: { k: 1, 'a.b': -2 },
  raw: '00FF220A',
  note: null,
  weight: '0',
  card: null,
  cash: false,
};
const COLUMNS = 'id, total, at, state, lines, tags, hex(raw) AS raw, note, weight, card, cash';

let it: SchemaGateway;
let id: number;
const post = async (path: string, body: Buffer | string, type = 'application/json'): Promise<Answer> =>
  await it.call(path, body, { 'Content-Type': type });
const query = async (sql: string): Promise<unknown[]> => await it.query(sql);
/** The second message of the file. */
const framed = (value: Buffer, indexes = [2, 2]): Buffer => wire(id, Buffer.from(indexes), value);

before(async () => {
  it = await startSchemaGateway(`registry: { url: "REGISTRY", timeout: 1s }
pipelines:
  orders: { topics: [orders, '/raw.*/'], unknown_fields: evolve, identity: none }
  hoisted: { envelope: { value: v }, unknown_fields: evolve }
  batches: { framing: delimited, identity: none }
`);
  it.registry.register('common', { schema: COMMON, schemaType: 'PROTOBUF' });
  const references = [{ name: 'common.proto', subject: 'common', version: 1 }];
  id = it.registry.register('orders-value', { schema: ORDER, schemaType: 'PROTOBUF', references });
});
after(async () => await it.close());

test('a record makes its table by its message, and is there as it was written', async () => {
  const [status, answer] = await post('/v1/topics/orders', framed(message(order('18446744073709551615'))));
  assert.deepEqual([status, answer['accepted']], [200, 1], JSON.stringify(answer));
  assert.deepEqual(await query(`SELECT ${COLUMNS} FROM orders`), [{ id: '18446744073709551615', ...ROW }]);
  assert.deepEqual(
    await query(
      "SELECT name, replaceRegexpAll(type, '\\\\s+', ' ') AS type, comment FROM system.columns WHERE table = 'orders' AND name NOT LIKE '\\_sluice%' ORDER BY position",
    ),
    [
      { name: 'id', type: 'UInt64', comment: "the order's number" },
      { name: 'total', type: 'Tuple(currency Nullable(String), cents Nullable(Int64))', comment: '' },
      { name: 'at', type: "Nullable(DateTime64(9, 'UTC'))", comment: '' },
      { name: 'state', type: 'LowCardinality(String)', comment: '' },
      { name: 'lines', type: 'Array(Tuple(sku String, count Int32))', comment: '' },
      { name: 'tags', type: 'Map(String, Int32)', comment: '' },
      { name: 'raw', type: 'String', comment: '' },
      { name: 'note', type: 'Nullable(String)', comment: '' },
      { name: 'weight', type: 'Nullable(Int64)', comment: '' },
      { name: 'card', type: 'Nullable(String)', comment: '' },
      { name: 'cash', type: 'Nullable(Bool)', comment: '' },
    ],
  );
});

test('in an envelope, after each other, and as a bare message it is the same', async () => {
  const envelope = (offset: number): object => ({
    v: framed(message(order(String(offset)))).toString('base64'),
    __topic: 'hoisted',
    __partition: 0,
    __offset: offset,
  });
  // The subject of another topic has no schema: the record says by which it is read.
  assert.equal((await post('/v1/topics/hoisted', JSON.stringify([envelope(1), envelope(2)])))[0], 200);
  assert.deepEqual(await query(`SELECT ${COLUMNS}, __offset FROM hoisted ORDER BY id`), [
    { id: '1', ...ROW, __offset: '1' },
    { id: '2', ...ROW, __offset: '2' },
  ]);
  const parts = ['3', '4'].map((one) => framed(message(order(one))));
  const body = Buffer.concat(parts.flatMap((part) => [Buffer.from(protobuf.Writer.create().uint32(part.length).finish()), part]));
  assert.equal((await post('/v1/topics/batches', body))[0], 200);
  assert.deepEqual(await query(`SELECT ${COLUMNS} FROM batches ORDER BY id`), [
    { id: '3', ...ROW },
    { id: '4', ...ROW },
  ]);
  const other = it.registry.register('raw.bare-value', { schema: TREE, schemaType: 'PROTOBUF' });
  const tree = Buffer.from('0801 1202 0802 1204 1202 0803'.replaceAll(' ', ''), 'hex');
  assert.equal((await post(`/v1/topics/raw.bare?schema_id=${other}`, tree, 'application/x-protobuf'))[0], 200);
  assert.equal((await post('/v1/topics/raw.bare?subject=raw.bare-value', tree, 'application/x-protobuf'))[0], 200);
  assert.deepEqual(
    await query('SELECT v, below FROM raw_bare'),
    Array.from({ length: 2 }, () => ({
      v: 1,
      below: [
        { v: '2', below: [] },
        { v: '0', below: [{ v: '3', below: [] }] },
      ],
    })),
  );
});

test('what cannot be read is refused with the schema and where', async () => {
  const good = message(order('1'));
  const cases: ReadonlyArray<readonly [body: Buffer, column: string | undefined, text: string]> = [
    [framed(good.subarray(0, 20)), undefined, `the record ends before it is complete (schema ${id})`],
    [framed(good, [2, 4]), undefined, `the record names a message that its schema does not have (schema ${id})`],
    [framed(Buffer.from('2a040a02c328', 'hex')), 'lines[0].sku', `the record has a string that is not UTF-8 (schema ${id})`],
  ];
  for (const [body, column, text] of cases) {
    const [status, answer] = await post('/v1/topics/raw-bad', body);
    const [first] = answer['errors'] as Array<Record<string, unknown>>;
    assert.deepEqual([status, first?.['code'], first?.['column'], first?.['message']], [422, 'undecodable', column, text]);
  }
});
