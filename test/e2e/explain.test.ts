/** What the gateway says would become of records, beside what becomes of them: nothing is written until they are sent. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import type { Explanation } from '../../src/core/ports.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { type Answer, type SchemaGateway, startSchemaGateway, wire } from '../support/schema-gateway.ts';
import type { TestRegistry } from '../support/schema-registry.ts';

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'amount', type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }] },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};

let it: SchemaGateway;
let registry: TestRegistry;
let gateway: GatewayProcess;
const send = async (path: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Answer> =>
  await it.call(path, body, headers);

before(async () => {
  it = await startSchemaGateway(
    `registry: { url: "REGISTRY", timeout: 1s }
pipelines:
  orders: { unknown_fields: evolve }
  ruled: { columns: { city: { from: address.city }, secret: { drop: true } }, unknown_fields: { into: rest }, identity: none }
  fixed: { auto_create: off, identity: none }
  waiting: { auto_evolve: approve, identity: none, unknown_fields: evolve }
  keyed: { identity: key }
`,
    {
      statements: [
        "CREATE TABLE ruled (id UInt8, city LowCardinality(String), at DateTime64(3, 'UTC'), rest JSON) ENGINE = MergeTree ORDER BY id",
        'CREATE TABLE waiting (id Int32) ENGINE = MergeTree ORDER BY id',
      ],
    },
  );
  ({ registry, gateway } = it);
});
after(async () => await it.close());

async function explain(path: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Explanation> {
  const [status, answer] = await send(`${path}/explain`, body, headers);
  assert.equal(status, 200, JSON.stringify(answer));
  return answer as unknown as Explanation;
}

const tables = async (): Promise<unknown[]> =>
  await it.query("SELECT name, total_rows FROM system.tables WHERE database = 'default' ORDER BY name");
const NO_TABLES = [
  { name: 'ruled', total_rows: '0' },
  { name: 'waiting', total_rows: '0' },
];

test('an Avro record is explained from its schema to its table, and then becomes just that', async () => {
  const id = registry.register('orders-value', { schema: JSON.stringify(ORDER) });
  const value = { id: 7, amount: { bytes: Buffer.from([4, 210]) }, at: 1_767_323_045_678 };
  const record = wire(id, avsc.Type.forSchema(ORDER as avsc.Schema, { wrapUnions: true }).toBuffer(value));
  const told = await explain('/v1/topics/orders', record);
  assert.deepEqual(told, {
    pipeline: 'orders',
    topic: 'orders',
    guarantee: 'at-least-once',
    guarantee_reasons: ['Records without identity are written too, each time they are sent: require_identity: true rejects them'],
    would_answer: { status: 200 },
    framing: 'binary',
    records: 1,
    schemas: [{ schema: String(id), from: 'record', language: 'AVRO', record: 'shop.Order' }],
    table: { name: 'default.orders', exists: false },
    fields: [
      { field: 'id', schema: 'int64', column: 'id', column_type: 'Int64', goes: 'column', exact: 1, converted: 0, refused: 0 },
      {
        field: 'amount',
        schema: 'null or decimal(9, 2)',
        column: 'amount',
        column_type: 'Nullable(Decimal(9, 2))',
        goes: 'column',
        exact: 1,
        converted: 0,
        refused: 0,
      },
      {
        field: 'at',
        schema: 'timestamp(3)',
        column: 'at',
        column_type: "DateTime64(3, 'UTC')",
        goes: 'column',
        exact: 1,
        converted: 0,
        refused: 0,
      },
    ],
    change: { statement: told.change?.statement, waits_for_approval: false },
    identity: { kind: 'coordinates', recognised: 0, duplicates: 0 },
  });
  assert.match(
    told.change?.statement ?? '',
    /^CREATE TABLE IF NOT EXISTS `default`\.`orders` \(`id` Int64, `amount` Nullable\(Decimal\(9, 2\)\), `at` DateTime64\(3, 'UTC'\), /,
  );
  assert.deepEqual(await tables(), NO_TABLES);
  assert.equal((await send('/v1/topics/orders', record))[0], 200);
  const then = await explain('/v1/topics/orders', record);
  assert.deepEqual([then.table, then.change], [{ name: 'default.orders', exists: true }, undefined]);
});

test('JSON is explained by the schema of its subject, or the one of the URL', async () => {
  registry.register('sent-value', { schema: JSON.stringify(ORDER) });
  const pushed = '{"id":7,"amount":"BNI=","at":1767323045678}';
  const [, byUrl] = await send('/v1/topics/orders/explain?subject=sent-value', pushed);
  assert.deepEqual(
    (byUrl as unknown as Explanation).schemas?.map(({ from, language }) => [from, language]),
    [['subject', 'AVRO']],
  );
  const [, unknown] = await send('/v1/topics/orders/explain?schema_id=4711', pushed);
  const { schemas, would_answer: would, rejected } = unknown as unknown as Explanation;
  assert.deepEqual(
    [schemas, would],
    [[{ schema: '4711', from: 'url', problem: 'is of a schema the registry does not have' }], { status: 422, code: 'records_rejected' }],
  );
  assert.deepEqual(
    rejected?.map(({ index, code }) => [index, code]),
    [[0, 'unknown_schema']],
  );
});

test('rules, conversions, refusals and fields that go nowhere are told field by field', async () => {
  const body =
    '{"id":1,"address":{"city":"Ulm"},"at":"2026-01-02T03:04:05.678+02:00","secret":"s","extra":1}\n{"id":300,"address":{"city":"Bonn"},"at":"2026-01-02T00:00:00Z"}';
  const told = await explain('/v1/ingest/ruled', body);
  const none = { exact: 0, converted: 0, refused: 0 };
  assert.deepEqual(told.fields, [
    {
      field: 'id',
      column: 'id',
      column_type: 'UInt8',
      goes: 'column',
      exact: 1,
      converted: 0,
      refused: 1,
      code: 'out_of_range',
      reason: told.fields?.[0]?.reason,
    },
    { field: 'address.city', column: 'city', column_type: 'LowCardinality(String)', goes: 'column', ...none, exact: 2 },
    {
      field: 'at',
      column: 'at',
      column_type: "DateTime64(3, 'UTC')",
      goes: 'column',
      ...none,
      exact: 2,
    },
    { field: 'secret', goes: 'dropped', ...none },
    { field: 'extra', goes: 'together', ...none },
  ]);
  assert.deepEqual([told.framing, told.would_answer, told.rejected_total], ['ndjson', { status: 422, code: 'records_rejected' }, 1]);
  assert.equal(told.rejected?.[0]?.column, 'id');
  assert.doesNotMatch(JSON.stringify(told), /300|Bonn|"s"/, 'no value is repeated');
});

test('a change that waits, a table that is missing, a key that is not there: each is what the records would be told', async () => {
  const would = async (path: string, body: string, headers?: Record<string, string>): Promise<unknown> => {
    const { would_answer: answer, change } = await explain(path, body, headers);
    return [answer.status, answer.code, change?.waits_for_approval];
  };
  assert.deepEqual(await would('/v1/topics/waiting', '{"id":1,"note":"x"}'), [503, 'table_change_pending', true]);
  assert.deepEqual(await would('/v1/topics/waiting', '{"id":1}'), [200, undefined, undefined]);
  assert.deepEqual(await would('/v1/topics/fixed', '{"id":1}'), [503, 'table_missing', undefined]);
  assert.deepEqual(await would('/v1/topics/keyed', '{"id":1}', { 'Idempotency-Key': 'k1' }), [200, undefined, false]);
  assert.deepEqual(await would('/v1/topics/waiting', ''), [400, 'empty_body', undefined]);
  assert.deepEqual(await would('/v1/topics/waiting', '{"id":'), [400, 'malformed_json', undefined]);
  assert.deepEqual(await would('/v1/topics/waiting', '{a=b}'), [400, 'java_string_body', undefined]);
  const drift = await fetch(`${gateway.url}/v1/pipelines/waiting/drift`, { headers: { 'X-API-KEY': gateway.key } });
  assert.equal(JSON.stringify(await drift.json()).includes('waiting":{'), false, 'nobody waits because of an explanation');
});

test('records that were written are told to be duplicates', async () => {
  const at = (offset: number): string =>
    `{"id":${offset},"amount":null,"at":1767323045678,"__topic":"orders","__partition":0,"__offset":${offset}}`;
  assert.equal((await send('/v1/topics/orders', `[${at(5)},${at(6)}]`))[0], 200);
  const told = await explain('/v1/topics/orders', `[${at(5)},${at(6)},${at(7)},${at(7)}]`);
  assert.deepEqual(told.identity, { kind: 'coordinates', recognised: 4, duplicates: 3 });
  const key = { 'Idempotency-Key': 'k2' };
  assert.equal((await send('/v1/topics/keyed', '[{"id":1},{"id":2}]', key))[0], 200);
  assert.deepEqual((await explain('/v1/topics/keyed', '[{"id":1},{"id":2}]', key)).identity, { kind: 'key', recognised: 2, duplicates: 2 });
});

test('who may not write is told so, and a body that is too large is not read', async () => {
  assert.equal((await send('/v1/topics/orders/explain', '{}', { 'X-API-KEY': 'wrong' }))[0], 401);
  assert.equal((await send('/v1/topics/orders/explain', Buffer.alloc(8 * 2 ** 20 + 1, 0x20)))[0], 413);
  assert.equal((await send('/v1/ingest/nobody/explain', '{}'))[0], 404);
  const probe = await fetch(`${gateway.url}/v1/topics/orders/explain`, { headers: { 'X-API-KEY': gateway.key } });
  assert.equal(probe.status, 200);
});
