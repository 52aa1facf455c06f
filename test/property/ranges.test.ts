/** Interval algebra against the set of positions it stands for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Interval } from '../../src/core/identity.ts';
import { add, clip, countOf, gapsOf, missingFrom, normalize, subtract } from '../../src/dedupe/ranges.ts';

const BASE = 2n ** 53n - 20n;

/** Small intervals around 2^53, where numbers would lose a digit. */
const interval = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 6 })).map(([start, length]): Interval => {
  const from = BASE + BigInt(start);
  return { from, to: from + BigInt(length) };
});
const intervals = fc.array(interval, { maxLength: 12 });

function setOf(list: readonly Interval[]): Set<bigint> {
  const set = new Set<bigint>();
  for (const { from, to } of list) for (let p = from; p <= to; p++) set.add(p);
  return set;
}

/** The one list of a set, made the slow way. */
function listOf(set: ReadonlySet<bigint>): Interval[] {
  const list: Array<{ from: bigint; to: bigint }> = [];
  for (const p of [...set].toSorted((a, b) => Number(a - b))) {
    const last = list.at(-1);
    if (last !== undefined && last.to + 1n === p) last.to = p;
    else list.push({ from: p, to: p });
  }
  return list;
}

const check = (property: fc.IProperty<unknown>): void => fc.assert(property as fc.IProperty<[unknown]>, { numRuns: 2000 });

test('normalize gives the list of the set', () => {
  check(fc.property(intervals, (some) => assert.deepEqual(normalize(some), listOf(setOf(some)))) as fc.IProperty<unknown>);
});

test('add is union with one interval, in any order', () => {
  check(
    fc.property(intervals, (some) => {
      let list: Interval[] = [];
      for (const one of some) list = add(list, one);
      assert.deepEqual(list, listOf(setOf(some)));
    }) as fc.IProperty<unknown>,
  );
});

test('clip, missingFrom and subtract are intersection and difference', () => {
  check(
    fc.property(intervals, intervals, interval, (one, two, window) => {
      const a = normalize(one);
      const b = normalize(two);
      const [setA, setB, inWindow] = [setOf(a), setOf(b), setOf([window])];
      assert.deepEqual(clip(a, window.from, window.to), listOf(new Set([...setA].filter((p) => inWindow.has(p)))));
      assert.deepEqual(missingFrom(a, window), listOf(new Set([...inWindow].filter((p) => !setA.has(p)))));
      assert.deepEqual(subtract(a, b), listOf(new Set([...setA].filter((p) => !setB.has(p)))));
    }) as fc.IProperty<unknown>,
  );
});

test('countOf and gapsOf tell what is there and what is between', () => {
  check(
    fc.property(intervals, (some) => {
      const list = normalize(some);
      const set = setOf(list);
      assert.equal(countOf(list), BigInt(set.size));
      const first = list[0];
      const last = list.at(-1);
      const between = first === undefined || last === undefined ? [] : missingFrom(list, { from: first.from, to: last.to });
      assert.deepEqual(gapsOf(list), between);
    }) as fc.IProperty<unknown>,
  );
});
