import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { createAdmission } from '../../../src/http/admission.ts';
import { createByteSink } from '../../../src/http/byte-sink.ts';

const MIB = 1024 * 1024;

/** Bytes that are still free, found by taking them. */
function freeOf(admission: ReturnType<typeof createAdmission>, capacity: number): number {
  let low = 0;
  let high = capacity;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    try {
      admission.reserve(middle).release();
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
}

test('pieces come out as one buffer, in order', () => {
  for (const expected of [0, 6]) {
    const admission = createAdmission(MIB);
    const sink = createByteSink(admission.reserve(expected), expected, MIB);
    for (const piece of ['ab', 'c', 'def']) sink.append(Buffer.from(piece));
    assert.equal(sink.length(), 6);
    assert.equal(sink.take().toString(), 'abcdef');
  }
});

test('a body in one piece is not copied', () => {
  const piece = Buffer.from('whole');
  const sink = createByteSink(createAdmission(MIB).reserve(5), 5, MIB);
  sink.append(piece);
  assert.equal(sink.take().buffer, piece.buffer);
});

test('without a piece there are no bytes', () => {
  assert.equal(createByteSink(createAdmission(MIB).reserve(0), 0, MIB).take().length, 0);
});

test('what was announced takes just that much room', () => {
  const admission = createAdmission(MIB);
  const sink = createByteSink(admission.reserve(1000), 1000, MIB);
  for (let i = 0; i < 1000; i++) sink.append(Buffer.from([i & 0xff]));
  assert.equal(freeOf(admission, MIB), MIB - 1000);
  assert.equal(sink.take()[999], 999 & 0xff);
});

test('what was not announced takes room before it takes memory, at most twice its size', () => {
  const admission = createAdmission(MIB);
  const room = admission.reserve(0);
  const sink = createByteSink(room, 0, 100_000);
  const piece = Buffer.alloc(1000, 1);
  for (let i = 0; i < 40; i++) sink.append(piece);
  const taken = MIB - freeOf(admission, MIB);
  assert.ok(taken >= 40_000 && taken <= 80_000, `${taken}`);
  for (let i = 40; i < 100; i++) sink.append(piece);
  // Never more than may come.
  assert.equal(MIB - freeOf(admission, MIB), 100_000);
  room.release();
  assert.equal(freeOf(admission, MIB), MIB);
});

test('without room nothing is added', () => {
  const room = createAdmission(20_000).reserve(0);
  const sink = createByteSink(room, 0, MIB);
  sink.append(Buffer.alloc(100));
  assert.throws(
    () => sink.append(Buffer.alloc(30_000)),
    (error: unknown) => error instanceof GatewayError && error.code === 'overloaded' && error.retryAfterSeconds === 2,
  );
  assert.equal(sink.length(), 100);
});
