import type { Rejection } from './batch.ts';

/**
 * How records are recognised again. Whatever the identity is, it has one shape: a stream, and a position in it.
 *
 * - coordinates: the stream is a partition of a topic, the position an offset;
 * - delivery key: the stream is the key, the position the record's ordinal in the request;
 * - record id, content: the stream is the id, the position 0.
 */

/** Positions of a stream, both ends included, from 0 to 2^63 − 1. */
export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/** The largest position: offsets are Kafka's signed 64-bit integers. */
export const MAX_POSITION = 2n ** 63n - 1n;

/** The stream of records without identity. It is never remembered. */
export const ANONYMOUS = '';

/** What keeps a stream apart for ever, and what lets it expire: the first letter of its name. */
export type StreamKind = 'coordinates' | 'delivery' | 'record';

/** The kind of a stream by its name; undefined for {@link ANONYMOUS}. */
export function streamKind(stream: string): StreamKind | undefined {
  switch (stream[0]) {
    case 'c':
      return 'coordinates';
    case 'd':
      return 'delivery';
    case 'r':
      return 'record';
    default:
      return undefined;
  }
}

/** Rows row … row + count − 1 of a row set, at the positions from … from + count − 1 of one stream. */
export interface Run {
  readonly stream: string;
  readonly from: bigint;
  readonly row: number;
  readonly count: number;
}

/** The last position of a run. */
export function lastOf({ from, count }: Run): bigint {
  return from + BigInt(count) - 1n;
}

/** A delivery key as a stream, and the SHA-256 of the payload in hex. */
export interface DeliveryKey {
  readonly stream: string;
  readonly digest: string;
}

/** What is known of the rows of one delivery before the ledger is asked. */
export interface Identities {
  /** Every row that is to be written, in runs, in the order of the rows. */
  readonly runs: readonly Run[];
  /** Records that repeat one before them in the same delivery, value included. */
  readonly repeats: number;
  /** The delivery key that is in play: another payload under it is a conflict. */
  readonly key?: DeliveryKey;
}

/** Identities of the rows, or the records that cannot be written under any. */
export interface Identified {
  readonly identities: Identities;
  readonly rejections: readonly Rejection[];
}

/** What is remembered of a stream that expires. */
export interface KeyedEntry {
  readonly digest: string | undefined;
  /** The batch that landed first under the key. */
  readonly batch: string;
  /** Milliseconds since the epoch. */
  readonly committedAt: number;
  readonly expiresAt: number;
}

/** The right to write records of one delivery: nobody else writes them until it is given back. */
export interface Claim {
  /** To be written, in the order of the rows. */
  readonly fresh: readonly Run[];
  /** Rows that were written before, and records that repeat others of the delivery. */
  readonly duplicates: number;
  /** What is known of the delivery's key, when everything of it was written before. */
  readonly replayed: KeyedEntry | undefined;
  readonly digest: string | undefined;
  /** Gives the positions to others. To be called once, when it is known what became of every fresh row. */
  release(): void;
}
