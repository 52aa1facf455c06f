import type { PartitionRule, PipelineConfig } from '../../core/config.ts';
import { GatewayError } from '../../core/errors.ts';
import { PROVENANCE, type TableName } from '../../core/table.ts';
import type { InferredColumn } from '../infer.ts';
import { quote, quoteTable } from '../table-name.ts';
import { columnSql, onCluster } from './changes.ts';

/** How many blocks back a table of ours remembers their tokens. */
const DEDUPLICATION_WINDOW = 10_000;

/** On the embedded engine an insert returns when its rows are on disk: the operating system's cache does not survive a power cut. */
const EMBEDDED_SETTINGS = ', fsync_after_insert = 1, fsync_part_directory = 1';

/** Every row says with which batch it came: after a crash that tells what is there. Both compress to almost nothing. */
const PROVENANCE_COLUMNS = [`${quote(PROVENANCE.batch)} UUID`, `${quote(PROVENANCE.row)} UInt32`];

/** Where tables are made. `cluster`: on all its servers, replicated. */
export interface Site {
  readonly kind: 'embedded' | 'clickhouse';
  readonly cluster?: string;
}

/**
 * The statement that makes the table of a pipeline. Harmless when somebody else made it meanwhile.
 * @throws GatewayError `table_unsuitable` when a key names a column there is none for.
 */
export function createTableSql(name: TableName, columns: readonly InferredColumn[], pipeline: PipelineConfig, site: Site): string {
  checkKeys(columns, pipeline);
  const { orderBy, pkFields, partitionBy } = pipeline;
  const lines = [...columns.map(columnSql), ...PROVENANCE_COLUMNS];
  const settings =
    site.kind === 'embedded'
      ? `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}${EMBEDDED_SETTINGS}`
      : `${site.cluster === undefined ? 'non_' : ''}replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`;
  return [
    `CREATE TABLE IF NOT EXISTS ${quoteTable(name)}${onCluster(site.cluster)} (${lines.join(', ')})`,
    `ENGINE = ${site.cluster === undefined ? '' : 'Replicated'}MergeTree`,
    ...(partitionBy === undefined ? [] : [`PARTITION BY ${partitionSql(partitionBy)}`]),
    ...(pkFields.length === 0 || orderBy.length === 0 ? [] : [`PRIMARY KEY ${keySql(pkFields)}`]),
    `ORDER BY ${keySql(orderBy.length === 0 ? pkFields : orderBy)}`,
    `SETTINGS ${settings}`,
  ].join(' ');
}

function checkKeys(columns: readonly InferredColumn[], { name, orderBy, pkFields, partitionBy }: PipelineConfig): void {
  const keys = { order_by: orderBy, pk_fields: pkFields, partition_by: partitionBy === undefined ? [] : [partitionBy.column] };
  for (const [key, names] of Object.entries(keys)) {
    const absent = names.find((column) => !columns.some((found) => found.column === column));
    if (absent === undefined) continue;
    const detail = `Pipeline ${name}, ${key}: the records have no field for the column ${absent}, so the table cannot be made`;
    throw new GatewayError('table_unsuitable', detail);
  }
}

function keySql(columns: readonly string[]): string {
  return columns.length === 0 ? 'tuple()' : `(${columns.map(quote).join(', ')})`;
}

/** Functions that do not clamp dates beyond those of the type Date. */
function partitionSql({ column, by }: PartitionRule): string {
  const name = quote(column);
  switch (by) {
    case 'value':
      return name;
    case 'hour':
      return `toYYYYMMDD(${name}) * 100 + toHour(${name})`;
    case 'day':
      return `toYYYYMMDD(${name})`;
    case 'week':
      return `toISOYear(${name}) * 100 + toISOWeek(${name})`;
    case 'month':
      return `toYYYYMM(${name})`;
    case 'year':
      return `toYear(${name})`;
  }
}

/** The statement that makes the database of a table. */
export function createDatabaseSql({ database }: TableName): string {
  return `CREATE DATABASE IF NOT EXISTS ${quote(database)}`;
}
