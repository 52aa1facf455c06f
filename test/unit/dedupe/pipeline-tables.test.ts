import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayWriteTo, nameOf, onlyTable, tablesBy } from '../../../src/dedupe/pipeline-tables.ts';
import { resolveTable } from '../../../src/map/table-name.ts';
import { pipelineOf } from '../../support/pipelines.ts';

const tableOf = tablesBy((pattern, topic) => resolveTable(pattern, topic, 'default'));

test('a pipeline has one table when its name is fixed, or made of its only topic', () => {
  const cases: ReadonlyArray<readonly [table: string, topics: ReadonlyArray<string | RegExp>, only: string | undefined]> = [
    ['shop.orders', [/o.*/], 'shop.orders'],
    ['orders', ['a', 'b'], 'default.orders'],
    ['${topic}', ['a.b'], 'default.a_b'],
    ['${topic}', ['a', 'b'], undefined],
    ['${topic}', [/a/], undefined],
    ['${topic}', ['a'.repeat(200)], undefined],
  ];
  for (const [table, topics, only] of cases) {
    const found = onlyTable(pipelineOf('p', { table, topics }), tableOf);
    assert.equal(found === undefined ? undefined : nameOf(found), only, table);
  }
});

test('what is no GatewayError is not swallowed', () => {
  const broken = tablesBy(() => {
    throw new TypeError('a bug');
  });
  assert.throws(() => broken(pipelineOf('p'), 'a'), TypeError);
});

test('the tables a pipeline may write to', () => {
  const may = (table: string, database: string, name: string): boolean =>
    mayWriteTo(pipelineOf('p', { table }), { database, table: name }, 'default');
  assert.deepEqual(
    [may('orders', 'default', 'orders'), may('orders', 'shop', 'orders'), may('shop.orders', 'shop', 'orders')],
    [true, false, true],
  );
  assert.deepEqual([may('k_${topic}', 'default', 'k_orders'), may('k_${topic}', 'default', 'orders')], [true, false]);
  assert.deepEqual([may('shop.${topic}', 'shop', 'x'), may('shop.${topic}', 'shopx', 'x')], [true, false]);
});
