import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Interval } from '../../../src/core/identity.ts';
import type { TableRange } from '../../../src/core/ports.ts';
import { compare, countDone, listed, type PartitionState, timeOfId } from '../../../src/dedupe/inspect.ts';
import { normalize } from '../../../src/dedupe/ranges.ts';

function intervals(positions: Iterable<number>): Interval[] {
  return normalize([...positions].map((at) => ({ from: BigInt(at), to: BigInt(at) })));
}

function positions(list: readonly Interval[]): number[] {
  return list
    .flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, i) => Number(from) + i))
    .toSorted((a, b) => a - b);
}

function state(facts: Partial<PartitionState>): Map<number, PartitionState> {
  return new Map([[0, { done: [], others: [], doubt: [], ...facts }]]);
}

const range = (from: number, to: number, copies = 1, partition = 0): TableRange => ({
  partition,
  from: BigInt(from),
  to: BigInt(to),
  copies,
});

test('missing, doubled and unknown, by partition', () => {
  const done = [{ from: 0n, to: 9n }];
  const both = new Map([...state({ done }), [3, { done, others: [], doubt: [] }]]);
  const found = compare(both, [range(0, 4), range(5, 6, 3), range(9, 12), range(0, 9, 1, 3), range(7, 7, 1, 5)], both);
  assert.deepEqual(found, {
    missing: [{ partition: 0, from: 7n, to: 8n }],
    doubled: [{ partition: 0, from: 5n, to: 6n, copies: 3 }],
    unknown: [
      { partition: 0, from: 10n, to: 12n },
      { partition: 5, from: 7n, to: 7n },
    ],
  });
});

test('what lands while the table is read is neither unknown nor missing', () => {
  const before = state({ done: [{ from: 0n, to: 4n }], doubt: [{ from: 5n, to: 9n }] });
  const after = state({ done: [{ from: 0n, to: 12n }], doubt: [{ from: 13n, to: 20n }] });
  assert.deepEqual(compare(before, [range(0, 8), range(11, 15)], after), { missing: [], doubled: [], unknown: [] });
});

test('an offset may have a row for each epoch that wrote it', () => {
  const both = state({ done: intervals([0, 1, 2]), others: [intervals([2, 3]), intervals([2])] });
  assert.deepEqual(compare(both, [range(0, 0), range(1, 1, 2), range(2, 2, 3), range(3, 3)], both), {
    missing: [],
    doubled: [{ partition: 0, from: 1n, to: 1n, copies: 2 }],
    unknown: [],
  });
  assert.deepEqual(compare(both, [range(0, 1), range(2, 2, 4), range(3, 3)], both).doubled, [
    { partition: 0, from: 2n, to: 2n, copies: 4 },
  ]);
  // A topic that was made anew in a new table: rows of the old one are nobody's loss.
  assert.deepEqual(compare(both, [range(0, 2)], both).missing, []);
});

test('it agrees with sets', () => {
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 25 }), { maxLength: 20 });
  fc.assert(
    fc.property(
      some,
      some,
      some,
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 26, maxLength: 26 }),
      (done, other, doubt, copies) => {
        const both = state({ done: intervals(done), others: [intervals(other)], doubt: intervals(doubt) });
        const table = copies.flatMap((count, at) => (count === 0 ? [] : [range(at, at, count)]));
        const found = compare(both, table, both);
        const all = Array.from({ length: 26 }, (_, at) => at);
        const once = new Set([...done, ...doubt]);
        const allowed = (at: number): number => Number(once.has(at)) + Number(other.includes(at));
        assert.deepEqual(
          positions(found.missing),
          all.filter((at) => done.includes(at) && copies[at] === 0),
        );
        assert.deepEqual(
          positions(found.doubled),
          all.filter((at) => copies[at]! > Math.max(1, allowed(at))),
        );
        assert.deepEqual(
          positions(found.unknown),
          all.filter((at) => copies[at]! > 0 && allowed(at) === 0),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('counts and lists', () => {
  const both = state({ done: intervals([0, 1, 2]), others: [intervals([2, 3])], doubt: [...intervals([9]), ...intervals([9])] });
  assert.deepEqual(countDone(both), { done: 3n, any: 5n, doubt: 1n });
  const places = Array.from({ length: 250 }, (_, i) => ({ partition: 1, from: BigInt(i * 2), to: BigInt(i * 2) }));
  assert.equal(listed(places).length, 100);
  assert.deepEqual(listed(places)[99], { partition: 1, from: '198', to: '198' });
  assert.equal(timeOfId('0198c5a0-0000-7000-8000-000000000001'), new Date(0x0198c5a00000).toISOString());
});
