import type { PipelineConfig } from '../../core/config.ts';
import type { FieldType, RecordType } from '../../core/schema.ts';
import type { Column, TableSchema } from '../../core/table.ts';
import { schemaColumns } from '../schema-columns.ts';
import { columnTypeOf } from '../schema-type.ts';
import { isUsableName } from '../usable-name.ts';
import { canChange, type TableChange } from './changes.ts';
import { widerType } from './widen.ts';

/** What a table lacks of a schema. */
export interface SchemaChanges {
  readonly changes: readonly TableChange[];
  /** Fields without a column whose type the first records decide, or that no column can be named after. */
  readonly undecided: readonly string[];
}

/** The changes after which the table has a column for every field of a schema, wide enough for all its values. */
export function changesBySchema(table: TableSchema, record: RecordType, pipeline: PipelineConfig): SchemaChanges {
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  const takesUnknown = pipeline.unknownFields.do === 'reject' || pipeline.unknownFields.do === 'evolve';
  const changes: TableChange[] = [];
  const undecided: string[] = [];
  for (const { column: name, field, comment } of schemaColumns(record, pipeline)) {
    const column = columns.get(name);
    if (column !== undefined) {
      const type = widerOf(column, field, pipeline);
      if (type !== undefined) changes.push({ change: 'widen', column: name, from: column.typeText, type });
      continue;
    }
    if (!takesUnknown) continue;
    const type = columnTypeOf(field, true, pipeline);
    if (type === undefined || !isUsableName(name)) undecided.push(name);
    else changes.push({ change: 'add', column: name, type, ...(comment === undefined ? {} : { comment }) });
  }
  return { changes, undecided };
}

function widerOf(column: Column, field: FieldType, pipeline: PipelineConfig): string | undefined {
  return canChange(column) ? widerType(column.typeText, field, pipeline) : undefined;
}
