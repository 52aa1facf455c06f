import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../support/partitioned-log.ts';

test('offsets count per partition, with the gaps that were asked for', () => {
  const log = createLog({ topic: 'orders', partitions: 2 });
  assert.deepEqual([log.append(0, { id: 1 }), log.append(1, { id: 2 }), log.append(0, { id: 3 })], [0n, 0n, 1n]);
  log.skip(0, 10);
  assert.equal(log.append(0, { id: 4 }), 12n);
  assert.deepEqual([log.end(0), log.end(1)], [13n, 1n]);
  assert.deepEqual(log.read(0, 1n, 10), [
    { topic: 'orders', partition: 0, offset: 1n, timestamp: Date.UTC(2026, 0, 1, 0, 0, 2), value: { id: 3 } },
    { topic: 'orders', partition: 0, offset: 12n, timestamp: Date.UTC(2026, 0, 1, 0, 0, 3), value: { id: 4 } },
  ]);
});

test('every offset can be read from again, also one in a gap', () => {
  const log = createLog({ topic: 'orders', partitions: 1 });
  for (let id = 0; id < 50; id++) {
    log.append(0, { id });
    log.skip(0, id % 3);
  }
  const all = log.read(0, 0n, 1000);
  assert.equal(all.length, 50);
  for (let from = 0n; from <= log.end(0); from++) {
    assert.deepEqual(log.read(0, from, 7), all.filter(({ offset }) => offset >= from).slice(0, 7));
  }
});

test('a group goes on where it committed last, also when that was further back', () => {
  const log = createLog({ topic: 'orders', partitions: 2 });
  log.commit('a', 1, 5n);
  log.commit('a', 1, 3n);
  assert.deepEqual([log.committed('a', 0), log.committed('a', 1), log.committed('b', 1)], [0n, 3n, 0n]);
  assert.throws(() => log.append(2, {}), RangeError);
});
