/**
 * The done offsets of one partition, kept as chunks of intervals so that a commit rewrites one small value however long the stream is.
 *
 * Invariant: read in order, the chunks are one list as `ranges.ts` defines it, and no chunk is empty.
 * Proved by `test/property/offset-stream.test.ts`.
 */
import type { Interval } from '../../core/identity.ts';
import { add, clip, countOf, normalize } from '../ranges.ts';
import { createReader, createWriter, damaged } from './codec.ts';

/** A chunk is about 1 KB when every interval is a gap of one in a hundred. */
const MOST_INTERVALS = 256;

/** Intervals as they are stored: in this form all of a ledger's streams stay in memory. */
export interface Chunk {
  /** First and last position. */
  readonly from: bigint;
  readonly to: bigint;
  readonly bytes: Buffer;
}

/** A chunk to be written under its first position, or to be removed from there. */
export interface ChunkChange {
  readonly from: bigint;
  readonly bytes: Buffer | undefined;
}

export interface OffsetStream {
  done(from: bigint, to: bigint): Interval[];
  /** Adds positions, a list that is not empty, and says what is to be written for it. */
  add(intervals: readonly Interval[]): ChunkChange[];
  intervals(): Interval[];
  /** How many positions are done, and in how many chunks. */
  count(): bigint;
  chunkCount(): number;
}

/** A stream of the chunks that were written before, ascending. @throws LedgerError when they are no such list. */
export function createOffsetStream(stored: readonly Chunk[] = []): OffsetStream {
  const chunks: Chunk[] = [...stored];
  let count = 0n;
  for (const [i, chunk] of chunks.entries()) {
    const before = chunks[i - 1];
    if (before !== undefined && chunk.from <= before.to + 1n) throw damaged();
    count += countOf(intervalsOf(chunk));
  }
  /** The chunk used last, decoded: most of the time the next call is for it again. */
  let hot: { readonly chunk: Chunk; readonly intervals: readonly Interval[] } | undefined;
  const read = (chunk: Chunk): readonly Interval[] => {
    if (hot?.chunk !== chunk) hot = { chunk, intervals: intervalsOf(chunk) };
    return hot.intervals;
  };

  /** The first chunk that ends at or after the position. */
  const find = (position: bigint): number => {
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (chunks[middle]!.to < position) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    count: () => count,
    chunkCount: () => chunks.length,
    intervals: () => chunks.flatMap(intervalsOf),
    done(from, to) {
      const parts: Interval[] = [];
      for (let i = find(from); i < chunks.length && chunks[i]!.from <= to; i++) parts.push(...clip(read(chunks[i]!), from, to));
      return parts;
    },
    add(intervals) {
      const first = intervals[0]!;
      const last = intervals.at(-1)!;
      let start = find(first.from - 1n);
      let end = start;
      while (end < chunks.length && chunks[end]!.from <= last.to + 1n) end++;
      // Nothing touches them: they join the smaller chunk beside them, so that none stays small.
      if (start === end && chunks.length > 0) {
        const [left, right] = [chunks[start - 1], chunks[start]];
        const joinsLeft = right === undefined || (left !== undefined && left.bytes.length <= right.bytes.length);
        if (joinsLeft) start -= 1;
        else end += 1;
      }
      const before = chunks.slice(start, end);
      const old = before.flatMap(read);
      const list = intervals.length === 1 ? add(old, first) : normalize([...old, ...intervals]);
      const after = split(list, list.at(-1)!.to === last.to);
      chunks.splice(start, before.length, ...after);
      count += countOf(list) - countOf(old);
      const kept = new Set(after.map(({ from }) => from));
      const gone = before.filter(({ from }) => !kept.has(from));
      return [...gone.map(({ from }) => ({ from, bytes: undefined })), ...after];
    },
  };
}

/** A list that grew at its end leaves full chunks behind, one that grew inside two halves. */
function split(list: readonly Interval[], atEnd: boolean): Chunk[] {
  if (list.length <= MOST_INTERVALS) return [chunkOf(list)];
  const size = atEnd ? MOST_INTERVALS : Math.ceil(list.length / Math.ceil((2 * list.length) / MOST_INTERVALS));
  const chunks: Chunk[] = [];
  for (let i = 0; i < list.length; i += size) chunks.push(chunkOf(list.slice(i, i + size)));
  return chunks;
}

/** Intervals as distances: the length of each, and the gap before each but the first, which is the key's. */
function chunkOf(intervals: readonly Interval[]): Chunk {
  const writer = createWriter();
  let last: bigint | undefined;
  for (const { from, to } of intervals) {
    if (last !== undefined) writer.big(from - last);
    writer.big(to - from);
    last = to;
  }
  return { from: intervals[0]!.from, to: last!, bytes: writer.bytes() };
}

function intervalsOf({ from, bytes }: Chunk): Interval[] {
  const reader = createReader(bytes);
  const intervals = [{ from, to: from + reader.big() }];
  while (!reader.isAtEnd()) {
    const next = intervals.at(-1)!.to + reader.big();
    intervals.push({ from: next, to: next + reader.big() });
  }
  return intervals;
}

/** The chunk that was stored under its first position. @throws LedgerError */
export function storedChunk(from: bigint, bytes: Buffer): Chunk {
  return { from, bytes, to: intervalsOf({ from, to: from, bytes }).at(-1)!.to };
}
