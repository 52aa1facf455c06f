import type { Interval, KeyedEntry, Run } from './identity.ts';
import type { TableName } from './table.ts';

/**
 * A batch as it is written down before its rows are sent: who is in it. The rows of the batch are numbered in the order of `runs`,
 * so that `_sluice_row` n is always the same record, also when only the ledger and the table are left.
 */
export interface BegunBatch {
  /** UUIDv7; also `_sluice_batch` of the rows. */
  readonly id: string;
  readonly table: TableName;
  readonly rowCount: number;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  /** `row` is the row's number in the batch. */
  readonly runs: readonly Run[];
  /** Payload digests of the delivery streams among `runs`. */
  readonly digests: ReadonlyMap<string, string>;
}

/** A coordinates stream as it is shown. */
export interface StreamSummary {
  readonly stream: string;
  /** How many offsets are done. */
  readonly count: bigint;
  /** Made when they are asked for: there can be many. */
  readonly intervals: readonly Interval[];
}

/**
 * What was written, and what may have been. One process owns it.
 *
 * `done` and `keyed` see a commit as soon as `commit` returns. A batch that was begun stays begun on disk until its commit or void is:
 * after a crash in between it is verified against the table, which is the truth.
 */
export interface Ledger {
  /** Batches that were begun and neither committed nor voided, oldest first. */
  inDoubt(): readonly BegunBatch[];
  /** Positions of [from, to] that are done, ascending. */
  done(stream: string, from: bigint, to: bigint): readonly Interval[];
  /** The entry of a delivery key or record id that has not expired. */
  keyed(stream: string): KeyedEntry | undefined;
  /** Resolves when the batch is on disk: before that no byte of it may be sent. @throws LedgerError, and then nothing is begun. */
  begin(batch: BegunBatch): Promise<void>;
  /** Every row of the batch is in the table. Written in order, soon. */
  commit(batchId: string): void;
  /** No row of the batch is in the table and none will be, but for the rows `keep`, ascending, which are. */
  void(batchId: string, keep?: readonly number[]): void;
  /** Coordinates streams whose name begins so. */
  streams(prefix: string): readonly StreamSummary[];
  /** Why nothing may be acknowledged any more; undefined while all is well. */
  failure(): LedgerError | undefined;
  /** What the ledger holds, for metrics and screens. */
  size(): { readonly streams: number; readonly inDoubt: number };
  /** Removes expired entries in small steps; resolves with how many went. */
  expire(): Promise<number>;
  /** Resolves when everything is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The ledger cannot do its work. The message is one public sentence.
 * - `full`: there is no room; it goes on when there is.
 * - `broken`: nothing may be acknowledged any more until a person has looked.
 */
export class LedgerError extends Error {
  readonly kind: 'full' | 'broken';

  constructor(kind: 'full' | 'broken', message: string, cause?: unknown) {
    super(message);
    this.name = 'LedgerError';
    this.kind = kind;
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false });
  }
}
