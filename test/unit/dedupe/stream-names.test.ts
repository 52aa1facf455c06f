import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  coordinatePrefix,
  coordinateStream,
  deliveryStream,
  pipelinePrefix,
  placeOf,
  recordStream,
  topicPrefix,
} from '../../../src/dedupe/stream-names.ts';
import { pipelineOf } from '../../support/pipelines.ts';

const orders = pipelineOf('orders', { source: 'eu', epoch: 2 });

test('the name of a partition is made of pipeline, source, epoch, topic and partition, and read back', () => {
  const stream = coordinateStream(coordinatePrefix(orders), 'orders.new', 17);
  assert.equal(stream, 'corders\0eu\x002\0orders.new\x0017');
  assert.ok(stream.startsWith(pipelinePrefix('orders')) && stream.startsWith(topicPrefix(orders, 'orders.new')));
  assert.equal(stream.startsWith(pipelinePrefix('order')), false);
  assert.equal(stream.startsWith(topicPrefix(orders, 'orders')), false);
  assert.deepEqual(placeOf(stream), { source: 'eu', epoch: 2, topic: 'orders.new', partition: 17 });
});

test('names of keys and ids never change: the ledgers on disk have them', () => {
  assert.equal(deliveryStream(orders, 'connect', 'k1'), 'd96bd9215696d0b3c878e4d1ca43b9a0a');
  assert.equal(recordStream(orders, 'string', 'a'), 'r4f02583fdd024bea681c48d76eaa7425');
  assert.notEqual(deliveryStream(orders, 'connect', 'k1'), deliveryStream(orders, 'other', 'k1'));
  assert.notEqual(deliveryStream(orders, 'connect', 'k1'), deliveryStream({ ...orders, epoch: 3 }, 'connect', 'k1'));
  assert.equal(placeOf(deliveryStream(orders, 'connect', 'k1')), undefined);
});
