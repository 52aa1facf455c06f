import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIds } from '../../../src/ops/ids.ts';

test('ids are version 7 UUIDs that carry their millisecond', () => {
  const id = createIds(() => 0x0198c5a01234)();
  assert.match(id, /^0198c5a0-1234-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('ids of one maker sort as they were made, over a full millisecond and a clock that goes back', () => {
  let now = 1_800_000_000_000;
  const next = createIds(() => now);
  const made: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    if (i === 15_000) now -= 86_400_000;
    made.push(next());
  }
  assert.deepEqual(made, made.toSorted());
  assert.equal(new Set(made).size, made.length);
});
