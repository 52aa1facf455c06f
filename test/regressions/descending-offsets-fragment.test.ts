/** Each offset below the ones before it, above a chunk that was full, became a chunk of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOffsetStream } from '../../src/dedupe/ledgers/offset-stream.ts';

/** The most intervals a chunk may have. */
const CAP = 256;

test('offsets that come downwards above a full chunk are kept in few chunks', () => {
  const stream = createOffsetStream();
  const addEven = (half: number): void => {
    const offset = BigInt(half * 2);
    stream.add([{ from: offset, to: offset }]);
  };
  for (let half = 0; half < CAP; half++) addEven(half);
  for (let half = 3000; half > 300; half--) addEven(half);
  assert.equal(stream.count(), BigInt(CAP + 2700));
  assert.equal(stream.intervals().length, CAP + 2700);
  // A chunk that is split leaves halves: none is less than a quarter full.
  const most = Math.ceil((CAP + 2700) / (CAP / 4));
  assert.ok(stream.chunkCount() <= most, `${stream.chunkCount()} chunks instead of ${most} at most`);
});
