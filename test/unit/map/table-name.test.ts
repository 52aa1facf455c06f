import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { quote, resolveTable } from '../../../src/map/table-name.ts';

const named = (pattern: string, topic?: string): string => {
  try {
    const { database, table } = resolveTable(pattern, topic, 'default');
    return `${database}.${table}`;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

test('a table is named by its pattern and the topic', () => {
  assert.equal(named('orders'), 'default.orders');
  assert.equal(named('shop.orders', 'x'), 'shop.orders');
  assert.equal(named('${topic}', 'orders'), 'default.orders');
  assert.equal(named('shop.t_${topic}_raw', 'eu.orders-v2'), 'shop.t_eu_orders_v2_raw');
  assert.equal(named('${topic}', '2026.orders'), 'default._2026_orders');
  assert.equal(named('t${topic}', '2026'), 'default.t2026');
});

test('what is no topic names no table', () => {
  assert.equal(named('${topic}'), 'topic_required');
  for (const topic of ['', '.', '..', 'a/b', 'a b', 'a;DROP TABLE x', 'a\0b', 'é', 'x'.repeat(250), '`a`', "a'b"])
    assert.equal(named('${topic}', topic), 'invalid_topic', topic);
  assert.equal(named('${topic}', 'x'.repeat(129)), 'invalid_topic');
});

test('names are quoted whatever they hold', () => {
  assert.equal(quote('a`b\\c'), '`a\\`b\\\\c`');
});
