import type { Framing } from './batch.ts';
import type { PipelineConfig } from './config.ts';
import type { ErrorCode, RecordErrorCode } from './errors.ts';
import type { Insert } from './insert.ts';
import type { Guarantee } from './outcome.ts';
import type { SchemaLanguage } from './schema.ts';
import type { TableSchema } from './table.ts';

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

/** A schema as the registry has it. */
export interface RegisteredSchema {
  /** Its number in the registry; schemas that are the same have the same one. */
  readonly id: number;
  readonly language: SchemaLanguage;
  /** As it was written. */
  readonly text: string;
  /** Schemas its text refers to, also indirectly: each after those it refers to itself, and once. */
  readonly references: ReadonlyArray<{ readonly name: string; readonly text: string }>;
}

/** Where schemas come from. Every method throws GatewayError `registry_unavailable` and nothing else; undefined: the registry says there is none. */
export interface SchemaSource {
  byId(id: number): Promise<RegisteredSchema | undefined>;
  /** The form of newer serializers: a UUID in a header or after magic byte 1, as 32 hex digits with or without dashes. */
  byGuid(guid: string): Promise<RegisteredSchema | undefined>;
  /** The newest version of a subject, or one that was it a moment ago: but not from before the first time `seen`, the number of a schema, was named with it. */
  latest(subject: string, seen?: number): Promise<RegisteredSchema | undefined>;
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

/** A column that holds a partition or an offset, as a number or as text. */
export interface NumberColumn {
  readonly name: string;
  readonly isText: boolean;
}

/** Columns of a table that say where in Kafka a row's record was. A table can have several such groups: a row is in the first it has values for. */
export interface CoordinateColumns {
  readonly topic: string | undefined;
  readonly partition: NumberColumn;
  readonly offset: NumberColumn;
}

/** The rows of one topic in a table. */
export interface TopicRows {
  readonly columns: readonly CoordinateColumns[];
  readonly topic: string;
  /** Rows that name no topic are of this one. */
  readonly isOnlyTopic: boolean;
}

/** Offsets of a partition, both ends included, each of them in so many rows. */
export interface TableRange {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly copies: number;
}

/** A row by the batch it came with; undefined when it does not say. */
export interface FoundRow {
  readonly batch: string | undefined;
  readonly row: number;
}

/** What the ledger is compared with. Every method throws {@link DestinationError} and nothing else. */
export interface TableView {
  /** Every offset of a topic, in order within a partition. Ranges with the same number of copies may touch. */
  ranges(table: TableSchema, rows: TopicRows): Promise<readonly TableRange[] | 'too-many'>;
  /** Rows of one record, two at most. */
  find(table: TableSchema, rows: TopicRows, at: { readonly partition: number; readonly offset: bigint }): Promise<readonly FoundRow[]>;
  /** Rows that came with a batch, but for these. Undefined when rows do not say. */
  countWritten(table: TableSchema, except: readonly string[]): Promise<bigint | undefined>;
}

/** First and last offset, as text because they go up to 2^63 − 1. */
export type OffsetRange = readonly [from: string, to: string];

/** A partition of a topic in the ledger. Lists hold the last of their entries; `intervals` and `gap_count` say how many there are. */
export interface LedgerStream {
  readonly topic: string;
  readonly partition: number;
  readonly done: readonly OffsetRange[];
  readonly intervals: number;
  readonly records: string;
  readonly gaps: readonly OffsetRange[];
  readonly gap_count: number;
  /** The offset after the last one that is done. */
  readonly next: string;
}

/** A batch that was begun and is not settled. */
export interface BatchInDoubt {
  readonly batch: string;
  readonly table: string;
  readonly rows: number;
  readonly begun_at: string;
}

/** The answer of `GET /v1/pipelines/{pipeline}/ledger`. */
export interface LedgerAnswer {
  readonly pipeline: string;
  readonly identity: string;
  readonly source: string;
  readonly epoch: number;
  readonly guarantee: Guarantee;
  readonly streams: readonly LedgerStream[];
  /** Streams that are not listed: `topic` finds them. */
  readonly more_streams?: number;
  readonly other_epochs: ReadonlyArray<{
    readonly source: string;
    readonly epoch: number;
    readonly topic: string;
    readonly partition: number;
    readonly records: string;
  }>;
  readonly in_doubt: readonly BatchInDoubt[];
  readonly more_in_doubt?: number;
  /** What the ledger holds of all pipelines. */
  readonly ledger: { readonly streams: number; readonly in_doubt: number };
}

/** Whether a record would be a duplicate, and where the first one went. */
export interface RecordAnswer {
  readonly duplicate: boolean;
  readonly in_doubt: boolean;
  readonly landed?: { readonly table: string; readonly batch: string; readonly at: string; readonly row: number };
  /** Why it cannot be said where a duplicate went. */
  readonly landed_unknown?: string;
}

/** Whether a request with a delivery key would be a duplicate. */
export interface DeliveryAnswer {
  readonly duplicate: boolean;
  readonly in_doubt: boolean;
  /** How many records were written under the key. */
  readonly records?: string;
  readonly landed?: { readonly batch: string; readonly at: string };
  readonly expires_at?: string;
}

export interface ReconcileRange {
  readonly partition: number;
  readonly from: string;
  readonly to: string;
}

/** One topic in the ledger and in its table; `*` for all topics of a table whose rows do not name theirs. Lists are capped, totals are not. */
export interface ReconcileTopic {
  readonly topic: string;
  readonly table: string;
  readonly checked: 'offsets' | 'count' | 'none';
  readonly reason?: string;
  readonly ledger: string;
  /** Absent when the rows of the topic cannot be counted. */
  readonly table_rows?: string;
  readonly missing: readonly ReconcileRange[];
  readonly missing_total: string;
  readonly doubled: ReadonlyArray<ReconcileRange & { readonly copies: number }>;
  readonly doubled_total: string;
  readonly unknown_to_ledger: readonly ReconcileRange[];
  readonly unknown_total: string;
  /** Records in batches that are not settled. */
  readonly in_doubt: number;
}

/** The answer of `GET /v1/pipelines/{pipeline}/reconcile`. */
export interface ReconcileAnswer {
  readonly pipeline: string;
  readonly topics: readonly ReconcileTopic[];
  /** Topics that were not compared: `topic` names one. */
  readonly more_topics?: number;
  /** Nothing is missing or doubled, as far as it could be compared. */
  readonly ok: boolean;
}

/** What a person may ask about what was written. `reconcile` and `record` throw DestinationError when ClickHouse cannot be asked. */
export interface Inspection {
  ledger(pipeline: PipelineConfig, only: { readonly topic?: string; readonly partition?: number }): Promise<LedgerAnswer>;
  record(
    pipeline: PipelineConfig,
    at: { readonly topic: string; readonly partition: number; readonly offset: bigint },
  ): Promise<RecordAnswer>;
  delivery(pipeline: PipelineConfig, sender: { readonly principal: string; readonly key: string }): DeliveryAnswer;
  reconcile(pipeline: PipelineConfig, topic?: string): Promise<ReconcileAnswer>;
}

/** A column that is to be added or changed. */
export interface DriftChange {
  readonly column: string;
  readonly change: 'add' | 'null' | 'widen';
  readonly from?: string;
  readonly to: string;
  /** `rewrites the column`: ClickHouse writes it anew for all rows, `bytes` of them, compressed. */
  readonly effect: string;
  readonly bytes?: string;
}

/** A table beside the newest schema of a topic. */
export interface DriftTable {
  readonly table: string;
  readonly topic?: string;
  readonly has_schema: boolean;
  /** Why the schema says nothing of the table. */
  readonly schema_problem?: string;
  readonly exists: boolean;
  readonly changes: readonly DriftChange[];
  /** Fields without a column whose type depends on the first values. */
  readonly decided_by_records?: readonly string[];
  /** Names the changes, to approve these and no others. */
  readonly plan?: string;
  readonly statement?: string;
  readonly rows?: string;
  /** Requests that were told to come again when the columns have changed. */
  readonly waiting?: { readonly since: string; readonly deliveries: number; readonly columns: readonly string[] };
}

/** The answer of `GET /v1/pipelines/{pipeline}/drift`. */
export interface DriftAnswer {
  readonly pipeline: string;
  readonly auto_evolve: PipelineConfig['autoEvolve'];
  readonly tables: readonly DriftTable[];
  /** Tables that were not looked at: `topic` names one. */
  readonly more_tables?: number;
}

/** Tables that do not follow by themselves. Methods throw GatewayError, and DestinationError when ClickHouse cannot be asked. */
export interface Drift {
  show(pipeline: PipelineConfig, topic?: string): Promise<DriftAnswer>;
  /** Makes the changes of a plan and shows the table after. @throws GatewayError `plan_changed` when nothing has this plan any more. */
  approve(pipeline: PipelineConfig, wanted: { readonly plan: string; readonly topic?: string }): Promise<DriftTable>;
}

/** Where a field goes, and what becomes of its values. */
export interface ExplainedField {
  /** Its path in the record. */
  readonly field: string;
  /** What the schema says it is. */
  readonly schema?: string;
  readonly column?: string;
  readonly column_type?: string;
  /** `column`: each value to its column, `together`: with all other unknown ones; the others say why it goes nowhere. */
  readonly goes: 'column' | 'together' | 'dropped' | 'ignored' | 'unknown';
  /** Values ClickHouse reads as they are. */
  readonly exact: number;
  /** Values that are written otherwise, so that ClickHouse reads them as what they are. */
  readonly converted: number;
  /** Values that the column cannot hold without a change. */
  readonly refused: number;
  /** Those of the converted ones that lose digits. */
  readonly lossy?: number;
  /** Of the first one that is refused. */
  readonly code?: RecordErrorCode;
  readonly reason?: string;
}

/** What would become of a delivery. Parts are absent that could not be found out, because what comes before them failed. */
export interface Explanation {
  readonly pipeline: string;
  readonly topic?: string;
  /** Of the answer the records would get now. */
  readonly would_answer: { readonly status: number; readonly code?: ErrorCode; readonly detail?: string };
  readonly framing?: Framing;
  readonly records?: number;
  readonly schemas?: ReadonlyArray<{
    readonly schema: string;
    readonly from: 'record' | 'url' | 'subject';
    readonly language?: string;
    readonly record?: string;
    readonly problem?: string;
  }>;
  readonly table?: { readonly name: string; readonly exists: boolean };
  readonly fields?: readonly ExplainedField[];
  /** What would run before the rows are written. */
  readonly change?: { readonly statement: string; readonly waits_for_approval: boolean };
  readonly rejected?: ReadonlyArray<{
    readonly index: number;
    readonly column?: string;
    readonly code: RecordErrorCode;
    readonly message: string;
  }>;
  readonly rejected_total?: number;
  readonly identity?: {
    readonly kind: string;
    /** Records that would be recognised when they come again. */
    readonly recognised: number;
    /** Records that were written before, or that repeat others of the request. */
    readonly duplicates: number;
  };
  readonly guarantee?: Guarantee;
  readonly guarantee_reasons?: readonly string[];
}
