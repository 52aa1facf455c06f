import type { PipelineConfig } from '../core/config.ts';
import type { FieldType, RecordType } from '../core/schema.ts';
import { droppedFields } from './dropped.ts';
import { fieldAt } from './schema-type.ts';

/** A field that leads to a column of this name. */
export interface SchemaColumn {
  readonly column: string;
  readonly field: FieldType;
  readonly comment?: string;
}

/** Where the fields of a schema go by the rules of a pipeline, in the order of the schema. */
export function schemaColumns(record: RecordType, pipeline: PipelineConfig): SchemaColumn[] {
  const dropped = droppedFields(pipeline);
  const rules = Object.entries(pipeline.columns).flatMap(([column, { from }]) => (from === undefined ? [] : [{ column, from }]));
  const elsewhere = new Set(rules.map(({ from }) => from.split('.')[0]));
  const moved = new Set(rules.map(({ column }) => column));
  const own = record.fields
    .filter(({ name }) => !dropped.has(name) && !elsewhere.has(name) && !moved.has(name))
    .map(({ name, type, doc }) => columnOf(name, type, doc));
  const found = rules.flatMap(({ column, from }) => {
    const at = fieldAt([record], from.split('.'));
    return at === undefined ? [] : [columnOf(column, at.type, at.comment)];
  });
  return [...own, ...found];
}

function columnOf(column: string, field: FieldType, comment: string | undefined): SchemaColumn {
  return comment === undefined ? { column, field } : { column, field, comment };
}
