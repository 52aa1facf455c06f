import type { Insert } from './insert.ts';

/**
 * Where rows go: the embedded engine or a ClickHouse server. Two implementations, one conformance suite. Every method
 * throws {@link DestinationError} and nothing else.
 */
export interface Destination {
  readonly kind: 'embedded' | 'clickhouse';
  /**
   * Runs one INSERT as one block. Resolves when ClickHouse says the rows are stored, or that it has seen the token before.
   * Never aborted once sent.
   */
  insert(insert: Insert): Promise<void>;
  /**
   * Runs a SELECT with bound parameters (`{name:Type}`) and returns its rows; 64-bit and wider integers come as text.
   * Only for statements of the gateway's own.
   */
  select<Row>(sql: string, params?: Readonly<Record<string, string>>): Promise<Row[]>;
  /** Runs a DDL statement of the gateway's own; identifiers in it are quoted by the caller. */
  execute(sql: string): Promise<void>;
  /** Runs one read-only statement written by an administrator and returns JSONEachRow bytes. */
  queryReadOnly?(sql: string): Promise<Buffer>;
  /** The engine's version, such as `26.7.2.1`. */
  version(): Promise<string>;
  /** Waits for running statements and frees what the destination holds. */
  close(): Promise<void>;
}

/** What a failed statement means for the rows: see the classes in `insert/classify.ts`. */
export type FailureClass =
  | 'unknown-outcome'
  | 'back-off'
  | 'storage-full'
  | 'cluster-state'
  | 'schema-drift'
  | 'row'
  | 'partition-spread'
  | 'operator'
  | 'duplicate'
  | 'other';

/**
 * A statement ClickHouse or the way to it failed. The message is public and has no server text: that quotes rows.
 * `applied` says whether any row can have been written: `no` or `unknown`.
 */
export class DestinationError extends Error {
  readonly failure: FailureClass;
  readonly applied: 'no' | 'unknown';
  /** ClickHouse's numeric code; undefined when the connection failed first. */
  readonly clickhouseCode: number | undefined;
  /** 0-based row of the insert that was refused, and the column, where ClickHouse named them. */
  readonly row: number | undefined;
  readonly column: string | undefined;

  constructor(
    message: string,
    facts: { failure: FailureClass; applied: 'no' | 'unknown'; clickhouseCode?: number; row?: number; column?: string; cause?: unknown },
  ) {
    super(message);
    this.name = 'DestinationError';
    this.failure = facts.failure;
    this.applied = facts.applied;
    this.clickhouseCode = facts.clickhouseCode;
    this.row = facts.row;
    this.column = facts.column;
    Object.defineProperty(this, 'cause', { value: facts.cause, enumerable: false });
  }
}

/** Time, as the gateway sees it. Tests put virtual time in its place. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Resolves with true when the promise is fulfilled before `deadline`, a time of `now`, and with false at the deadline. Rejects as it does. */
  before(work: Promise<unknown>, deadline: number): Promise<boolean>;
}
