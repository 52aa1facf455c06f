/** What is still to be written of a delivery, against sets of positions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Interval, Run } from '../../src/core/identity.ts';
import { type Busy, type Known, planRuns } from '../../src/dedupe/plan.ts';
import { clip, normalize } from '../../src/dedupe/ranges.ts';

/** Around 2^53, where numbers would lose a digit. */
const BASE = 2n ** 53n - 25n;
const SPAN = 50;
const STREAMS = ['c1', 'c2', 'd1', ''] as const;
const OWNERS = ['first', 'second', 'third'] as const;

type Place = `${string}/${bigint}`;

const place = (stream: string, position: bigint): Place => `${stream}/${position}`;

/** Who has which position: pieces that overlap nothing, of several owners. */
const holdings = fc.array(
  fc.record({
    stream: fc.integer({ min: 0, max: 2 }),
    from: fc.nat(SPAN),
    size: fc.integer({ min: 1, max: 8 }),
    owner: fc.nat(2),
    isDone: fc.boolean(),
  }),
  { maxLength: 14 },
);
/** Rows as steps: a stream, and where in it the run is. Runs of a stream that would overlap another are left out. */
const deliveries = fc.array(
  fc.record({ stream: fc.nat(STREAMS.length - 1), from: fc.nat(SPAN), size: fc.integer({ min: 1, max: 12 }), skip: fc.nat(2) }),
  { maxLength: 10 },
);

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly done: ReadonlySet<Place>;
  readonly owners: ReadonlyMap<Place, string>;
  readonly known: Known<string>;
}

function worldOf(some: Of<typeof holdings>): World {
  const done = new Set<Place>();
  const owners = new Map<Place, string>();
  const finished = new Map<string, Interval[]>();
  const busy = new Map<string, Array<Busy<string>>>();
  for (const { stream: n, from: start, size, owner: who, isDone } of some) {
    const stream = STREAMS[n]!;
    const from = BASE + BigInt(start);
    const to = from + BigInt(size) - 1n;
    const all = Array.from({ length: size }, (_, i) => place(stream, from + BigInt(i)));
    if (isDone) {
      for (const one of all) done.add(one);
      finished.set(stream, [...(finished.get(stream) ?? []), { from, to }]);
    } else if (!all.some((one) => owners.has(one))) {
      const owner = OWNERS[who]!;
      for (const one of all) owners.set(one, owner);
      busy.set(stream, [...(busy.get(stream) ?? []), { from, to, owner }]);
    }
  }
  return {
    done,
    owners,
    known: {
      done: (stream, from, to) => clip(normalize(finished.get(stream) ?? []), from, to),
      busy: (stream, from, to) => (busy.get(stream) ?? []).filter((one) => one.from <= to && one.to >= from),
    },
  };
}

function runsOf(steps: Of<typeof deliveries>): Run[] {
  const taken = new Set<Place>();
  const runs: Run[] = [];
  let row = 0;
  for (const { stream: n, from: start, size, skip } of steps) {
    const stream = STREAMS[n]!;
    const from = BASE + BigInt(start);
    const all = Array.from({ length: size }, (_, i) => place(stream, from + BigInt(i)));
    if (stream !== '' && all.some((one) => taken.has(one))) continue;
    for (const one of all) taken.add(one);
    // Rows that were rejected, or repeat others, are in no run.
    row += skip;
    runs.push({ stream, from, row, count: size });
    row += size;
  }
  return runs;
}

/** Every row of runs, in order. */
function rowsOf(runs: readonly Run[]): Array<{ place: Place; row: number; stream: string }> {
  return runs.flatMap(({ stream, from, row, count }) =>
    Array.from({ length: count }, (_, i) => ({ place: place(stream, from + BigInt(i)), row: row + i, stream })),
  );
}

test('each row is fresh, done or somebody’s, as the sets say, and fresh rows keep their numbers and order', () => {
  let [fresh, done, busy] = [0, 0, 0];
  fc.assert(
    fc.property(holdings, deliveries, (some, steps) => {
      const world = worldOf(some);
      const runs = runsOf(steps);
      const plan = planRuns(runs, world.known);
      const all = rowsOf(runs);
      const isDone = ({ place: one, stream }: (typeof all)[number]): boolean => stream !== '' && world.done.has(one);
      const ownerOf = ({ place: one, stream }: (typeof all)[number]): string | undefined =>
        stream === '' ? undefined : world.owners.get(one);
      const free = all.filter((row) => !isDone(row) && ownerOf(row) === undefined);
      const held = all.filter((row) => !isDone(row) && ownerOf(row) !== undefined);
      assert.deepEqual(rowsOf(plan.fresh), free);
      assert.equal(plan.done, all.filter(isDone).length);
      assert.deepEqual(new Set(plan.owners), new Set(held.map((row) => ownerOf(row))));
      assert.ok(plan.fresh.every(({ count }) => count > 0));
      fresh += free.length;
      done += plan.done;
      busy += held.length;
    }),
    { numRuns: 3000 },
  );
  // The model is worth something only when all three happen often.
  assert.ok(Math.min(fresh, done, busy) > 1000, `${fresh} fresh, ${done} done, ${busy} busy`);
});

test('what nothing is known of is fresh as it is, run by run', () => {
  fc.assert(
    fc.property(deliveries, (steps) => {
      const runs = runsOf(steps);
      const plan = planRuns(runs, { done: () => [], busy: () => [] });
      assert.deepEqual(plan, { fresh: runs, done: 0, owners: new Set() });
    }),
    { numRuns: 1000 },
  );
});

test('rows without identity are fresh whatever is said of their stream, and it is not asked', () => {
  fc.assert(
    fc.property(deliveries, (steps) => {
      const runs = runsOf(steps).map(({ from, row, count }) => ({ stream: '', from, row, count }));
      const known = (): never => assert.fail('it was asked');
      assert.deepEqual(planRuns(runs, { done: known, busy: known }), { fresh: runs, done: 0, owners: new Set() });
    }),
    { numRuns: 1000 },
  );
});

test('a position that is done and still held is done, and its holder is not waited for', () => {
  const everything: Interval = { from: 0n, to: 99n };
  const runs = [{ stream: 'c1', from: 5n, row: 2, count: 10 }];
  const plan = planRuns(runs, { done: () => [{ from: 5n, to: 14n }], busy: () => [{ ...everything, owner: 'first' }] });
  assert.deepEqual(plan, { fresh: [], done: 10, owners: new Set() });
});

test('positions at the very end of a stream are told apart', () => {
  const last = 2n ** 63n - 1n;
  const runs = [{ stream: 'c1', from: last - 4n, row: 0, count: 5 }];
  const known: Known<string> = {
    done: () => [{ from: last - 3n, to: last - 3n }],
    busy: () => [{ from: last, to: last, owner: 'first' }],
  };
  assert.deepEqual(planRuns(runs, known), {
    fresh: [
      { stream: 'c1', from: last - 4n, row: 0, count: 1 },
      { stream: 'c1', from: last - 2n, row: 2, count: 2 },
    ],
    done: 1,
    owners: new Set(['first']),
  });
});
