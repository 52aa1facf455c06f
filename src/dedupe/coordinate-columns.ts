import type { PipelineConfig } from '../core/config.ts';
import type { CoordinateColumns, NumberColumn } from '../core/ports.ts';
import type { Column, ColumnType, TableSchema } from '../core/table.ts';

/** The groups of columns that hold the coordinates of a pipeline's records, in the order its records are read. Empty where they are not stored. */
export function coordinateColumns(pipeline: PipelineConfig, table: TableSchema): CoordinateColumns[] {
  const { identity } = pipeline;
  if (!('fields' in identity) || !identity.keep) return [];
  const columnOf = (field: string): Column | undefined => {
    const name = columnName(field, pipeline);
    return table.columns.find((column) => column.name === name && (column.defaultKind === '' || column.defaultKind === 'DEFAULT'));
  };
  return identity.fields.flatMap((fields) => {
    const partition = numberColumn(columnOf(fields.partition));
    const offset = numberColumn(columnOf(fields.offset));
    const topic = columnOf(fields.topic);
    const isText = topic !== undefined && plainType(topic.type).kind === 'string';
    return partition === undefined || offset === undefined ? [] : [{ topic: isText ? topic.name : undefined, partition, offset }];
  });
}

/** The column a field of a record goes to; undefined when it is not stored. */
function columnName(field: string, { columns }: PipelineConfig): string | undefined {
  const moved = Object.entries(columns).find(([, rule]) => rule.from === field)?.[0];
  if (moved !== undefined) return moved;
  const own = Object.hasOwn(columns, field) ? columns[field] : undefined;
  return field === '' || own?.drop === true || own?.from !== undefined ? undefined : field;
}

function numberColumn(column: Column | undefined): NumberColumn | undefined {
  if (column === undefined) return undefined;
  const { kind } = plainType(column.type);
  return kind === 'int' || kind === 'string' ? { name: column.name, isText: kind === 'string' } : undefined;
}

function plainType(type: ColumnType): ColumnType {
  return type.kind === 'nullable' || type.kind === 'low-cardinality' ? plainType(type.inner) : type;
}
