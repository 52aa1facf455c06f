import type { Operation } from './batch.ts';
import type { Guarantee } from './outcome.ts';

/** The whole configuration after validation: every default filled in, every secret resolved. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  /** Directory of the embedded engine, the key store and, later, the ledger. Absolute. */
  readonly data: string;
  readonly clickhouse: ClickHouseConfig;
  /** Absent: records have no schemas. */
  readonly registry?: RegistryConfig;
  readonly auth: { readonly keys: readonly StoredKey[]; readonly keyHeader: string };
  readonly limits: Limits;
  /** Milliseconds delivery keys and record ids are remembered. */
  readonly ledger: { readonly retentionMs: number };
  readonly pipelines: readonly PipelineConfig[];
  readonly log: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export type ClickHouseConfig =
  | { readonly embedded: true; readonly database: string; readonly maxMemoryBytes: number }
  | {
      readonly embedded: false;
      readonly url: string;
      readonly username: string;
      readonly password: string;
      readonly database: string;
      /** Milliseconds a statement may take before its outcome counts as unknown. */
      readonly requestTimeoutMs: number;
      /** Tables are made and changed on all servers of this cluster. */
      readonly cluster?: string;
    };

/** The Schema Registry. */
export interface RegistryConfig {
  /** Asked in this order. */
  readonly urls: readonly string[];
  readonly auth?: { readonly username: string; readonly password: string } | { readonly token: string };
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Milliseconds one answer may take. */
  readonly timeoutMs: number;
  /** Milliseconds the newest version of a subject is taken for it. */
  readonly ttlMs: number;
}

/** A credential as it is stored: the key itself is nowhere. */
export interface StoredKey {
  readonly id: string;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  readonly grants: readonly GrantConfig[];
}

export interface GrantConfig {
  /** A pipeline's name or `*`. */
  readonly pipeline: string;
  readonly can: readonly Operation[];
}

/** Bytes unless named otherwise. */
export interface Limits {
  readonly body: number;
  readonly inflated: number;
  /** Inflated bytes allowed for each compressed byte. */
  readonly inflateRatio: number;
  readonly record: number;
  readonly records: number;
  /** JSON values of all records of a body together. */
  readonly values: number;
  readonly depth: number;
  readonly headers: number;
  readonly headerCount: number;
  /** Milliseconds. */
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Milliseconds after which a request is answered although its records are still being written. */
  readonly deadlineMs: number;
  readonly inFlight: number;
}

export interface PipelineConfig {
  readonly name: string;
  /** Which `/v1/topics/{topic}` lead here: names, or regular expressions that must match the whole topic. */
  readonly topics: ReadonlyArray<string | RegExp>;
  /** `table` or `database.table`; `${topic}` stands for the topic with `.` and `-` as `_`. */
  readonly table: string;
  readonly framing: FramingConfig;
  /** Subject whose newest schema says what the JSON of records stands for; `${topic}` is the topic. Absent: JSON is what it says. */
  readonly subject?: string;
  /** Records of a JSON Schema are checked by all of it. */
  readonly validate: boolean;
  /** Header of requests that names the schema of their records. */
  readonly schemaHeader?: string;
  /** Records are objects that hold the real one in a field, beside where it was. */
  readonly envelope?: { readonly value: string };
  readonly columns: Readonly<Record<string, ColumnRule>>;
  readonly autoCreate: 'schema' | 'infer' | 'off';
  readonly autoEvolve: 'add' | 'approve' | 'off';
  /** Sorting key of a table the pipeline creates; empty is `pkFields`. */
  readonly orderBy: readonly string[];
  /** Primary key of a table the pipeline creates: `orderBy` begins with it. Both empty is `tuple()`. */
  readonly pkFields: readonly string[];
  /** Partitions of a table the pipeline creates; absent: one. */
  readonly partitionBy?: PartitionRule;
  /** What is made for an enum of a schema, and for a record in one. */
  readonly enumColumns: 'low_cardinality' | 'enum';
  readonly recordColumns: 'tuple' | 'json';
  readonly unknownFields: UnknownFields;
  readonly onError: 'reject';
  /** What becomes of a value of which digits have to be cut: `report` cuts them, counts it and says so. */
  readonly onLossy: 'reject' | 'report';
  readonly identity: IdentityConfig;
  /** A record without identity is rejected. */
  readonly requireIdentity: boolean;
  /** Names the Kafka cluster, so that two with the same topics stay apart. */
  readonly source: string;
  /** Raised by the operator for a topic that was made anew, or to write records again on purpose. */
  readonly epoch: number;
  /** `auto`: whatever can be promised. `exactly-once`: refuse what could not be written exactly once. */
  readonly guarantee: 'auto' | Guarantee;
}

/** Rows are in one partition when the column has the same value, or a time in the same hour, day, ISO week, month or year. */
export interface PartitionRule {
  readonly column: string;
  readonly by: 'value' | 'hour' | 'day' | 'week' | 'month' | 'year';
}

/** How the records of a pipeline are recognised again. */
export type IdentityConfig =
  /** Where in Kafka the record was, from fields of the record; `auto` takes a delivery key where there are none. */
  | { readonly kind: 'coordinates' | 'auto'; readonly fields: readonly CoordinateFields[]; readonly keep: boolean }
  /** The request's Idempotency-Key or webhook-id. */
  | { readonly kind: 'key' }
  /** A field of the record, its own id. */
  | { readonly kind: 'field'; readonly field: string }
  /** The record's own text. */
  | { readonly kind: 'content' }
  | { readonly kind: 'none' };

/** Names of the fields that hold topic, partition and offset. Without the topic's, it is the one of the URL. */
export interface CoordinateFields {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
}

/** How records stand in a body. `auto` finds out. */
export interface FramingConfig {
  readonly kind: 'auto' | 'object' | 'array' | 'ndjson' | 'concatenated' | 'comma' | 'strings' | 'records' | 'binary' | 'delimited';
  /** Text the sender puts around each body, such as `batch.prefix` and `batch.suffix` of a connector. */
  readonly prefix: string;
  readonly suffix: string;
}

/** What to do for one column: the key in `columns` is the column's name. */
export interface ColumnRule {
  /** Path of the field, dotted; the column's own name when absent. */
  readonly from?: string;
  /** The field of this name is known and not stored. */
  readonly drop?: true;
  /** Unit of a number in a Date, DateTime or Time column, counted from 1970-01-01 UTC (Time: from midnight), or of an integer column that takes times. */
  readonly unit?: 'days' | 's' | 'ms' | 'us' | 'ns';
}

export type UnknownFields =
  | { readonly do: 'reject' | 'ignore' | 'evolve' }
  /** All unknown fields of a record as one object into this column (JSON, String or Map). */
  | { readonly do: 'into'; readonly column: string };
