/**
 * Which positions are done, in memory as far as they are kept for ever, and what is to be written when more are.
 *
 * Invariant: done only grows, but for keyed streams that expire. Proved by `test/conformance/ledger.test.ts`.
 */
import { type Interval, type KeyedEntry, lastOf, type Run, streamKind } from '../../core/identity.ts';
import type { BegunBatch, StreamSummary } from '../../core/ledger.ts';
import { clip, normalize } from '../ranges.ts';
import { createOffsetStream, type OffsetStream } from './offset-stream.ts';
import * as records from './records.ts';
import type { Change } from './store.ts';

/** A partition: its number in the keys of its chunks, and its offsets. */
export interface Partition {
  readonly number: number;
  readonly offsets: OffsetStream;
}

export interface Positions {
  done(stream: string, from: bigint, to: bigint): readonly Interval[];
  keyed(stream: string): KeyedEntry | undefined;
  /** Marks the positions of these runs of a batch as done, and says what is to be written for it. */
  add(batch: BegunBatch, runs: readonly Run[]): Change[];
  streams(prefix: string): StreamSummary[];
  count(): number;
}

export interface PositionsDeps {
  readonly partitions: Map<string, Partition>;
  /** The sealed value of a key, writes that are under way included. */
  readonly read: (key: Buffer) => Buffer | undefined;
  readonly now: () => number;
  readonly retentionMs: number;
}

/** Positions of the partitions in memory and the keyed streams in the store. */
export function createPositions({ partitions, read, now, retentionMs }: PositionsDeps): Positions {
  let nextNumber = 0;
  for (const { number } of partitions.values()) nextNumber = Math.max(nextNumber, number + 1);

  const partitionOf = (stream: string): Partition => {
    let partition = partitions.get(stream);
    if (partition === undefined) {
      partition = { number: nextNumber++, offsets: createOffsetStream() };
      partitions.set(stream, partition);
    }
    return partition;
  };
  const keyed = (stream: string): records.StoredKey | undefined => {
    const key = records.keyedKey(stream);
    const sealed = read(key);
    const entry = sealed === undefined ? undefined : records.decodeKeyed(key, sealed);
    return entry === undefined || entry.expiresAt <= now() ? undefined : entry;
  };
  const keyedAfter = (stream: string, batch: BegunBatch, intervals: readonly Interval[]): records.StoredKey => {
    const before = keyed(stream);
    // Also when it is committed after a restart, by another clock.
    const committedAt = before?.committedAt ?? batch.begunAt;
    return {
      digest: batch.digests.get(stream),
      batch: before?.batch ?? batch.id,
      committedAt,
      expiresAt: committedAt + retentionMs,
      done: normalize([...(before?.done ?? []), ...intervals]),
    };
  };

  return {
    keyed,
    done(stream, from, to) {
      switch (streamKind(stream)) {
        case 'coordinates':
          return partitions.get(stream)?.offsets.done(from, to) ?? [];
        case 'delivery':
        case 'record':
          return clip(keyed(stream)?.done ?? [], from, to);
        case undefined:
          return [];
      }
    },
    add(batch, runs) {
      const changes = new Map<string, Change>();
      const put = (change: Change): void => void changes.set(change.key.toString('latin1'), change);
      for (const [stream, intervals] of byStream(runs)) {
        const kind = streamKind(stream);
        if (kind === 'coordinates') {
          const { number, offsets } = partitionOf(stream);
          for (const { from, bytes } of offsets.add(intervals)) put(chunkChange(number, from, bytes));
          const facts = { number, chunks: offsets.chunkCount(), count: offsets.count() };
          put(records.keep(records.streamKey(stream), records.encodeStream(facts)));
        } else if (kind !== undefined) {
          put(records.keep(records.keyedKey(stream), records.encodeKeyed(keyedAfter(stream, batch, intervals))));
        }
      }
      return [...changes.values()];
    },
    streams: (prefix) =>
      [...partitions]
        .filter(([name]) => name.startsWith(prefix))
        .map(([stream, { offsets }]) => ({
          stream,
          count: offsets.count(),
          get intervals() {
            return offsets.intervals();
          },
        })),
    count: () => partitions.size,
  };
}

/** The positions of runs, as one list for each stream. */
function byStream(runs: readonly Run[]): Map<string, readonly Interval[]> {
  const streams = new Map<string, Interval[]>();
  for (const run of runs) {
    const interval = { from: run.from, to: lastOf(run) };
    const others = streams.get(run.stream);
    if (others === undefined) streams.set(run.stream, [interval]);
    else others.push(interval);
  }
  return new Map([...streams].map(([stream, intervals]) => [stream, normalize(intervals)]));
}

function chunkChange(stream: number, from: bigint, bytes: Buffer | undefined): Change {
  const key = records.chunkKey(stream, from);
  return bytes === undefined ? { key, value: undefined } : records.keep(key, bytes);
}
