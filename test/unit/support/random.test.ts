import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../support/random.ts';

const draw = (seed: number, count: number): number[] => Array.from({ length: count }, seededRandom(seed));

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(draw(7, 100), draw(7, 100));
  assert.notDeepEqual(draw(7, 5), draw(8, 5));
  // Two values of the published algorithm.
  assert.deepEqual(draw(0, 2), [0.26642920868471265, 0.0003297457005828619]);
});

test('the numbers are spread evenly from 0 to below 1', () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const number of draw(42, 10_000)) tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] ?? Number.NaN) + 1;
  assert.equal(tenths.length, 10);
  for (const count of tenths) assert.ok(count > 900 && count < 1100, `${count} of 10,000`);
});
