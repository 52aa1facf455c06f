/** A topic gets a new schema: records wait, somebody approves, and they go in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import { type Answer, type SchemaGateway, startSchemaGateway, wire } from '../support/schema-gateway.ts';
import type { TestRegistry } from '../support/schema-registry.ts';

const versionOf = (...fields: object[]): avsc.Schema => ({ type: 'record', name: 'Order', fields }) as avsc.Schema;
const FIRST = versionOf({ name: 'id', type: 'int' }, { name: 'count', type: 'int' });
const SECOND = versionOf(
  { name: 'id', type: 'int' },
  { name: 'count', type: 'long' },
  { name: 'note', type: ['null', 'string'], default: null },
);

let it: SchemaGateway;
let registry: TestRegistry;
const call = async (path: string, body?: Buffer | string): Promise<Answer> => await it.call(path, body);
const framed = (schema: avsc.Schema, id: number, value: unknown): Buffer =>
  wire(id, avsc.Type.forSchema(schema, { wrapUnions: true }).toBuffer(value));

before(async () => {
  it = await startSchemaGateway(
    'registry: { url: "REGISTRY", ttl: 1ms }\npipelines: { orders: { topics: [orders, /eu\\..*/], auto_evolve: approve, identity: none } }\n',
  );
  ({ registry } = it);
});
after(async () => await it.close());

test('a new version of a schema waits for its approval', async () => {
  const first = registry.register('orders-value', { schema: JSON.stringify(FIRST) });
  assert.equal((await call('/v1/topics/orders', framed(FIRST, first, { id: 1, count: 5 })))[0], 200);
  const [, same] = await call('/v1/pipelines/orders/drift');
  assert.deepEqual(same, {
    pipeline: 'orders',
    auto_evolve: 'approve',
    tables: [{ table: 'default.orders', topic: 'orders', has_schema: true, exists: true, changes: [] }],
  });

  const second = registry.register('orders-value', { schema: JSON.stringify(SECOND) });
  const record = framed(SECOND, second, { id: 2, count: 2 ** 40, note: { string: 'n' } });
  const [status, problem, headers] = await call('/v1/topics/orders', record);
  assert.deepEqual(
    [status, problem['code'], problem['retryable'], Number(headers.get('retry-after')) >= 15],
    [503, 'table_change_pending', true, true],
  );
  const [, drift] = await call('/v1/pipelines/orders/drift');
  const [table] = drift['tables'] as Array<Record<string, unknown>>;
  assert.equal(
    table?.['statement'],
    'ALTER TABLE `default`.`orders` MODIFY COLUMN IF EXISTS `count` Int64, ADD COLUMN IF NOT EXISTS `note` Nullable(String)',
  );
  const [approved, after_] = await call('/v1/pipelines/orders/drift/approve', JSON.stringify({ plan: table?.['plan'] }));
  assert.deepEqual([approved, after_['changes'], after_['waiting']], [200, [], undefined]);
  assert.equal((await call('/v1/topics/orders', record))[0], 200);
  assert.deepEqual(await it.query('SELECT id, count, note FROM orders ORDER BY id'), [
    { id: 1, count: '5', note: null },
    { id: 2, count: '1099511627776', note: 'n' },
  ]);
});

test('a topic of a regular expression is looked at when it is named, and a schema that cannot be used is said to be', async () => {
  const id = registry.register('eu.orders-value', { schema: JSON.stringify(FIRST) });
  assert.equal((await call('/v1/topics/eu.orders', framed(FIRST, id, { id: 1, count: 5 })))[0], 200);
  registry.register('eu.orders-value', { schema: '"string"' });
  const [, drift] = await call('/v1/pipelines/orders/drift?topic=eu.orders');
  assert.deepEqual(drift['tables'], [
    {
      table: 'default.eu_orders',
      topic: 'eu.orders',
      has_schema: true,
      schema_problem: 'The newest schema is not of a record',
      exists: true,
      changes: [],
    },
  ]);
  assert.deepEqual((await call('/v1/pipelines/orders/drift?topic=eu.none'))[1]['tables'], [
    { table: 'default.eu_none', topic: 'eu.none', has_schema: false, exists: false, changes: [] },
  ]);
});

test('a registry that is away is said to be, where its answer is not known from before', async () => {
  registry.before = (_request, response) => {
    response.writeHead(500).end();
    return true;
  };
  const [status, problem] = await call('/v1/pipelines/orders/drift?topic=eu.other');
  registry.before = undefined;
  assert.deepEqual([status, problem['code']], [503, 'registry_unavailable']);
});
