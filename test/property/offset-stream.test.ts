/** The offsets of a partition in chunks, against the list they stand for and against what is stored of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Interval, MAX_POSITION } from '../../src/core/identity.ts';
import { LedgerError } from '../../src/core/ledger.ts';
import { type ChunkChange, createOffsetStream, type OffsetStream, storedChunk } from '../../src/dedupe/ledgers/offset-stream.ts';
import { add, clip, countOf, normalize } from '../../src/dedupe/ranges.ts';
import { seededRandom } from '../support/random.ts';

/** The most intervals a chunk may have. */
const CAP = 256;
/** Beyond 2^53 numbers would lose a digit. */
const BASE = 2n ** 53n - 2000n;

/** A stream, and the chunks as they are on disk. */
interface Subject {
  stream: OffsetStream;
  readonly stored: Map<bigint, Buffer>;
  add(interval: Interval): ChunkChange[];
  /** Reads the chunks from disk again. */
  reload(): void;
}

function subjectOf(): Subject {
  const stored = new Map<bigint, Buffer>();
  const subject: Subject = {
    stream: createOffsetStream(),
    stored,
    add(interval) {
      const changes = subject.stream.add([interval]);
      for (const { from, bytes } of changes) {
        if (bytes === undefined) stored.delete(from);
        else stored.set(from, Buffer.from(bytes));
      }
      return changes;
    },
    reload() {
      subject.stream = createOffsetStream(chunksOf(stored));
    },
  };
  return subject;
}

function chunksOf(stored: ReadonlyMap<bigint, Buffer>): ReturnType<typeof storedChunk>[] {
  return [...stored].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([from, bytes]) => storedChunk(from, bytes));
}

/** Intervals of each chunk on disk, ascending. */
function sizesOf({ stored }: Subject): number[] {
  return chunksOf(stored).map((chunk) => createOffsetStream([chunk]).intervals().length);
}

/** The chunks are the list, on disk and in memory, and none has too much or nothing in it. */
function check(subject: Subject, list: readonly Interval[]): void {
  const { stream, stored } = subject;
  assert.deepEqual(stream.intervals(), list);
  assert.equal(stream.count(), countOf(list));
  assert.equal(stream.chunkCount(), stored.size);
  assert.deepEqual(createOffsetStream(chunksOf(stored)).intervals(), list);
  const sizes = sizesOf(subject);
  assert.ok(
    sizes.every((size) => size >= 1 && size <= CAP),
    `chunks of ${sizes.join()}`,
  );
}

const at = (from: number, size = 1): Interval => ({ from: BASE + BigInt(from), to: BASE + BigInt(from + size - 1) });

/** Adds intervals one by one and compares after every so many. */
function run(intervals: Iterable<Interval>, every: number): Subject {
  const subject = subjectOf();
  const all: Interval[] = [];
  for (const interval of intervals) {
    all.push(interval);
    subject.add(interval);
    if (all.length % every === 0) {
      check(subject, normalize(all));
      subject.reload();
    }
  }
  check(subject, normalize(all));
  return subject;
}

test('any intervals in any order are one list, in memory, on disk and after reading it again', () => {
  const step = fc.record({
    from: fc.nat(12_000),
    // Mostly gaps, so that there are hundreds of intervals, and now and then something that closes many.
    size: fc.oneof({ weight: 150, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.integer({ min: 50, max: 900 }) }),
    reload: fc.nat(60).map((n) => n === 0),
  });
  let most = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 300, maxLength: 1000, size: 'max' }), (steps) => {
      const subject = subjectOf();
      const all: Interval[] = [];
      for (const { from, size, reload } of steps) {
        const interval = at(from, size);
        all.push(interval);
        subject.add(interval);
        if (reload) subject.reload();
      }
      const list = normalize(all);
      check(subject, list);
      const [low, high] = [BASE + BigInt(steps[0]?.from ?? 0), BASE + BigInt((steps[0]?.from ?? 0) + 2000)];
      assert.deepEqual(subject.stream.done(low, high), clip(list, low, high));
      most = Math.max(most, subject.stream.chunkCount());
    }),
    { numRuns: 20 },
  );
  assert.ok(most > 2, `no more than ${most} chunks`);
});

test('what is done within a window is the part of the list in it', () => {
  const random = seededRandom(7);
  const intervals = Array.from({ length: 900 }, () => at(Math.floor(random() * 6000), 1 + Math.floor(random() * 4)));
  const { stream } = run(intervals, 300);
  assert.ok(stream.chunkCount() > 2);
  const list = normalize(intervals);
  for (let i = 0; i < 400; i++) {
    const from = BASE + BigInt(Math.floor(random() * 6200)) - 100n;
    const to = from + BigInt(Math.floor(random() * 3000));
    assert.deepEqual(stream.done(from, to), clip(list, from, to));
  }
});

const COUNT = 2400;
const everyOther = (i: number): Interval => at(i * 2);

/** A permutation that is the same each time. */
function shuffled(seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: COUNT }, (_, i) => ({ i, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ i }) => i);
}

const indices = Array.from({ length: COUNT }, (_, i) => i);
const ORDERS: Record<string, readonly number[]> = {
  'upwards with gaps': indices,
  downwards: indices.toReversed(),
  'in no order': shuffled(1),
  'from the middle to both sides': indices.map((i) => (i % 2 === 0 ? COUNT / 2 + i / 2 : COUNT / 2 - (i + 1) / 2)),
  'upwards, then into the gaps between': [...indices.filter((i) => i % 2 === 0), ...indices.filter((i) => i % 2 === 1)],
  'upwards in two places by turns': indices.map((i) => (i % 2 === 0 ? i / 2 : COUNT / 2 + (i - 1) / 2)),
};

for (const [name, order] of Object.entries(ORDERS)) {
  test(`offsets that come ${name} are in few chunks`, () => {
    const subject = run(order.map(everyOther), 500);
    const most = (4 * COUNT) / CAP + 4;
    const count = subject.stream.chunkCount();
    assert.ok(count >= COUNT / CAP && count <= most, `${count} chunks for ${COUNT} intervals`);
  });
}

test('when the gaps close the chunks become one', () => {
  const subject = run(shuffled(2).map(everyOther), 1000);
  assert.ok(subject.stream.chunkCount() > 9);
  for (const i of shuffled(3)) subject.add(at(i * 2 + 1));
  check(subject, [at(0, 2 * COUNT)]);
  assert.equal(subject.stored.size, 1);
});

test('one interval over many chunks takes their place', () => {
  const subject = run(indices.map(everyOther), COUNT);
  const before = subject.stored.size;
  const changes = subject.add(at(300, 4001));
  const list = add(normalize(indices.map(everyOther)), at(300, 4001));
  check(subject, list);
  assert.ok(before > 8 && subject.stored.size < 6, `${before} chunks became ${subject.stored.size}`);
  assert.ok(changes.filter(({ bytes }) => bytes === undefined).length > 5);
});

test('a stream that grows without gaps is one chunk of one interval, whatever it has written', () => {
  const subject = subjectOf();
  for (let i = 0; i < 1000; i++) {
    const changes = subject.add(at(i * 10, 10));
    assert.deepEqual(
      changes.map(({ from, bytes }) => [from, bytes === undefined]),
      [[BASE, false]],
    );
  }
  check(subject, [at(0, 10_000)]);
});

test('a commit writes one small value however long the stream is', () => {
  const subject = run(indices.map(everyOther), COUNT);
  const sizes = [0, 1, 2, 3, 4, 5].map((i) => subject.add(at((COUNT + i) * 2)));
  for (const changes of sizes) {
    assert.ok(changes.length <= 2, `${changes.length} changes`);
    assert.ok(changes.every(({ bytes }) => bytes !== undefined && bytes.length < 2048));
  }
});

test('what is done already changes nothing', () => {
  const subject = run(indices.map(everyOther), COUNT);
  const before = [...subject.stored];
  for (const i of [0, 1, 700, COUNT - 1]) subject.add(everyOther(i));
  check(subject, normalize(indices.map(everyOther)));
  assert.deepEqual(new Map(before), subject.stored);
});

test('the first and the last position of a stream are positions like all others', () => {
  const subject = subjectOf();
  const ends = [
    { from: MAX_POSITION, to: MAX_POSITION },
    { from: 0n, to: 0n },
    { from: MAX_POSITION - 2n, to: MAX_POSITION - 2n },
    { from: 2n ** 62n, to: 2n ** 62n + 1n },
  ];
  for (const interval of ends) subject.add(interval);
  check(subject, normalize(ends));
  assert.equal(subject.stream.count(), 5n);
  subject.add({ from: 0n, to: MAX_POSITION });
  check(subject, [{ from: 0n, to: MAX_POSITION }]);
  assert.equal(subject.stream.count(), 2n ** 63n);
});

test('chunks that overlap, touch or are out of order are refused', () => {
  const chunkOf = (from: number, size: number): ReturnType<typeof storedChunk> => {
    const [change] = createOffsetStream().add([at(from, size)]);
    return storedChunk(change!.from, change!.bytes!);
  };
  assert.deepEqual(createOffsetStream([chunkOf(0, 5), chunkOf(6, 5)]).intervals(), [at(0, 5), at(6, 5)]);
  for (const chunks of [
    [chunkOf(0, 5), chunkOf(5, 5)],
    [chunkOf(0, 5), chunkOf(3, 5)],
    [chunkOf(6, 5), chunkOf(0, 5)],
    [chunkOf(0, 5), chunkOf(0, 5)],
  ])
    assert.throws(
      () => createOffsetStream(chunks),
      (error) => error instanceof LedgerError && error.kind === 'broken',
    );
});
