import type { Batch } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { lacksOf } from '../core/guarantee.ts';
import type { RowSet } from '../core/insert.ts';
import { kindOf, OBJECT, shapeOf } from '../core/json-tape.ts';
import type { TableName, TableSchema } from '../core/table.ts';

/**
 * The rows of records that make no table; undefined when they make one.
 * @throws GatewayError `table_missing` where the pipeline does not make it of them.
 */
export function withoutTable(batch: Batch, name: TableName, pipeline: PipelineConfig): RowSet | undefined {
  if (pipeline.autoCreate === 'off') throw missing(name, pipeline);
  if (pipeline.autoCreate === 'schema' && (batch.schemas ?? []).length === 0 && batch.unreadable === undefined)
    throw withoutSchema(name, pipeline);
  return !hasFields(batch) || batch.unreadable !== undefined ? rejected(batch, name) : undefined;
}

function hasFields({ records }: Batch): boolean {
  return records.some(({ value: { tape, node } }) => kindOf(tape, node) === OBJECT && shapeOf(tape, node).keys.length > 0);
}

/** A record cannot be read, or none has a field to make a column of: what is refused makes no table. */
function rejected({ records, unreadable }: Batch, name: TableName): RowSet {
  const known = unreadable === undefined ? undefined : [...unreadable.values()];
  const rejections =
    known ??
    records.map(({ ordinal, value: { tape, node } }) =>
      kindOf(tape, node) === OBJECT
        ? ({
            ordinal,
            code: 'missing_value',
            reason: 'the record is empty, and there is no table yet that could say what its columns are',
          } as const)
        : ({ ordinal, code: 'record_not_object', reason: 'the record is not a JSON object' } as const),
    );
  const table: TableSchema = { name, engine: '', columns: [], hasProvenance: false, lacks: [], fingerprint: '' };
  return { table, columns: [], rows: { sources: [], spans: new Int32Array(0) }, ordinals: new Int32Array(0), rejections };
}

/** @throws GatewayError `table_unsuitable` when rows could be written twice to the table. */
export function refuseUnsuitable(table: TableSchema, { name }: PipelineConfig): void {
  const [reason] = lacksOf(table);
  if (reason !== undefined) throw new GatewayError('table_unsuitable', `Pipeline ${name}, guarantee: exactly-once. ${reason}`);
}

function withoutSchema({ database, table }: TableName, { name }: PipelineConfig): GatewayError {
  const detail = `The table ${database}.${table} of pipeline ${name} does not exist, and the records have no schema to make it by: register one, create the table, or write auto_create: infer`;
  return new GatewayError('table_missing', detail);
}

/** There is no table, and the pipeline may not make one. */
export function missing({ database, table }: TableName, { name }: PipelineConfig): GatewayError {
  const detail = `The table ${database}.${table} of pipeline ${name} does not exist: create it, or let the pipeline with auto_create: infer`;
  return new GatewayError('table_missing', detail);
}
