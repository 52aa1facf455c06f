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
}

/** Exactly one INSERT statement that makes one block. */
export interface Insert {
  readonly table: TableSchema['name'];
  readonly columns: readonly string[];
  /** Rows of `format`, each ended by a newline for the text formats. */
  readonly data: Buffer;
  readonly format: 'JSONEachRow';
  readonly rowCount: number;
  /** UUIDv7; also the query id. */
  readonly batchId: string;
  /** Deduplication token: the same for each try of the same rows, and of no other rows. */
  readonly token: string;
}
