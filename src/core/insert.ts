import type { Rejection } from './batch.ts';
import type { TableSchema } from './table.ts';

/**
 * Rows of one table as text slices, three integers a row: index into `sources`, first byte, end byte. A row that needed no
 * change points into the body it came from; a rewritten one into a buffer of the writer's.
 */
export interface RowText {
  readonly sources: readonly Buffer[];
  readonly spans: Int32Array;
}

/** What `map/` makes of a batch for one table. `ordinals[i]` is the ordinal of row i; rejected records have no row. */
export interface RowSet {
  readonly table: TableSchema;
  /** The columns every INSERT of these rows lists. */
  readonly columns: readonly string[];
  /** One JSON object a row, without a newline outside strings (ClickHouse's JSONEachRow). */
  readonly rows: RowText;
  readonly ordinals: Int32Array;
  readonly rejections: readonly Rejection[];
  /** Columns that hold values with fewer digits than were sent, and in how many rows. */
  readonly lossy?: ReadonlyMap<string, number>;
}

/** Exactly one INSERT statement that makes one block. */
export interface Insert {
  readonly table: TableSchema['name'];
  readonly columns: readonly string[];
  /** Rows of `format` one after the other, each ended by a newline for the text formats. */
  readonly data: readonly Buffer[];
  readonly format: 'JSONEachRow';
  readonly rowCount: number;
  /** Begins with the batch's id, and is new for each try. */
  readonly queryId: string;
  /** Deduplication token: it stands for these rows and no others. */
  readonly token: string;
}

/** What became of the rows of a delivery. */
export type WriteResult =
  /** `batch` is the first one when the rows took several. */
  | { readonly kind: 'stored'; readonly batch: string }
  /** No row was written that was not before; ClickHouse said which record it does not take. */
  | { readonly kind: 'refused'; readonly rejection: Rejection };
