import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Destination } from '../core/ports.ts';
import { type Column, PROVENANCE, type TableName } from '../core/table.ts';
import type { InferredColumn } from './infer.ts';
import { quote, quoteTable } from './table-name.ts';

/** How many blocks back a table of ours remembers their tokens. */
const DEDUPLICATION_WINDOW = 10_000;

/** On the embedded engine an insert returns when its rows are on disk: the operating system's cache does not survive a power cut. */
const EMBEDDED_SETTINGS = ', fsync_after_insert = 1, fsync_part_directory = 1';

/** Every row says with which batch it came: after a crash that tells what is there. Both compress to almost nothing. */
const PROVENANCE_COLUMNS = [`${quote(PROVENANCE.batch)} UUID`, `${quote(PROVENANCE.row)} UInt32`];

/**
 * The statement that makes the table of a pipeline. Harmless when somebody else made it meanwhile.
 * @throws GatewayError `table_unsuitable` when `order_by` names a column there is none for.
 */
export function createTableSql(
  name: TableName,
  columns: readonly InferredColumn[],
  { name: pipeline, orderBy }: PipelineConfig,
  kind: Destination['kind'],
): string {
  const absent = orderBy.find((column) => !columns.some((found) => found.name === column));
  if (absent !== undefined)
    throw new GatewayError(
      'table_unsuitable',
      `Pipeline ${pipeline}, order_by: the records have no field for the column ${absent}, so the table cannot be made`,
    );
  const lines = [...columns.map(columnSql), ...PROVENANCE_COLUMNS];
  const key = orderBy.length === 0 ? 'tuple()' : `(${orderBy.map(quote).join(', ')})`;
  const settings = `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}${kind === 'embedded' ? EMBEDDED_SETTINGS : ''}`;
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(name)} (${lines.join(', ')}) ENGINE = MergeTree ORDER BY ${key} SETTINGS ${settings}`;
}

/** The statement that adds columns. Harmless when somebody else added them meanwhile. */
export function addColumnsSql(name: TableName, columns: readonly InferredColumn[]): string {
  const parts = columns.map((column) => `ADD COLUMN IF NOT EXISTS ${columnSql(column)}`);
  return `ALTER TABLE ${quoteTable(name)} ${parts.join(', ')}`;
}

/** Longer documentation is cut. */
const LONGEST_COMMENT = 1000;

function columnSql({ name, type, comment }: InferredColumn): string {
  return `${quote(name)} ${type}${comment === undefined ? '' : ` COMMENT ${literal(comment.slice(0, LONGEST_COMMENT))}`}`;
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The statement that lets columns hold NULL. Harmless when they do already, as each is named with its type at the time of the call. */
export function makeNullableSql(name: TableName, columns: readonly Column[]): string {
  const parts = columns.map(({ name: column, typeText }) => `MODIFY COLUMN IF EXISTS ${quote(column)} Nullable(${typeText})`);
  return `ALTER TABLE ${quoteTable(name)} ${parts.join(', ')}`;
}

/** The statement that makes the database of a table. */
export function createDatabaseSql({ database }: TableName): string {
  return `CREATE DATABASE IF NOT EXISTS ${quote(database)}`;
}
