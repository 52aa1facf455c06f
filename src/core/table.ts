/** A ClickHouse table by its two names, unquoted. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

/**
 * A parsed ClickHouse column type. Aliases and wrappers are resolved by the parser: geo types arrive as the tuples and arrays
 * they are, `SimpleAggregateFunction(f, T)` as T. `Nullable` and `LowCardinality` stay visible.
 */
export type ColumnType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64 | 128 | 256; readonly signed: boolean }
  | { readonly kind: 'float'; readonly format: 'Float32' | 'Float64' | 'BFloat16' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'string' }
  | { readonly kind: 'fixed-string'; readonly bytes: number }
  | { readonly kind: 'date'; readonly wide: boolean }
  /** `timezone` absent: the server's. */
  | { readonly kind: 'datetime'; readonly timezone?: string }
  | { readonly kind: 'datetime64'; readonly precision: number; readonly timezone?: string }
  | { readonly kind: 'time' }
  | { readonly kind: 'time64'; readonly precision: number }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'ipv4' }
  | { readonly kind: 'ipv6' }
  | { readonly kind: 'enum'; readonly values: ReadonlyMap<string, number> }
  | { readonly kind: 'nullable'; readonly inner: ColumnType }
  | { readonly kind: 'low-cardinality'; readonly inner: ColumnType }
  | { readonly kind: 'array'; readonly inner: ColumnType }
  | { readonly kind: 'map'; readonly key: ColumnType; readonly value: ColumnType }
  /** `name` absent: the tuple is unnamed and written as an array. */
  | { readonly kind: 'tuple'; readonly elements: ReadonlyArray<{ readonly name?: string; readonly type: ColumnType }> }
  | { readonly kind: 'variant'; readonly members: readonly ColumnType[] }
  | { readonly kind: 'dynamic' }
  /** `paths`: typed sub-columns declared in the type, by dotted path. */
  | { readonly kind: 'json'; readonly paths: ReadonlyMap<string, ColumnType> }
  /** A type no value may be written to (AggregateFunction, an unknown future type). The column can still be left to its default. */
  | { readonly kind: 'unsupported' };

/** One column as `system.columns` tells it. */
export interface Column {
  readonly name: string;
  /** The type as ClickHouse spells it. */
  readonly typeText: string;
  readonly type: ColumnType;
  /** '' where the table declares no default. MATERIALIZED and ALIAS columns can't be written. */
  readonly defaultKind: '' | 'DEFAULT' | 'MATERIALIZED' | 'ALIAS' | 'EPHEMERAL';
  /** Part of the sorting or partition key, so that its type cannot change. */
  readonly inKey: boolean;
}

/** What the gateway knows of a table; cached until its fingerprint is seen to change. */
export interface TableSchema {
  readonly name: TableName;
  readonly engine: string;
  readonly columns: readonly Column[];
  /** Whether rows can say which batch they came with: see {@link PROVENANCE}. */
  readonly hasProvenance: boolean;
  /** What keeps rows from being written exactly once. */
  readonly lacks: ReadonlyArray<'engine' | 'version' | 'provenance' | 'window' | 'fsync'>;
  /** Changes whenever a column, type, default or the engine does. */
  readonly fingerprint: string;
}

/** Columns that say of a row with which batch it came, and as which of its rows. Nothing of a record is ever stored in them. */
export const PROVENANCE = { batch: '_sluice_batch', row: '_sluice_row' } as const;

/** Names of the gateway's own columns begin so. */
export const OWN_PREFIX = '_sluice_';
