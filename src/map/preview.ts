/**
 * What would become of a batch, without a change to any table.
 *
 * Invariant: it takes the same steps as the mapper, on a table as it would be. Proved by `test/unit/explain.test.ts`, which sends what it explained.
 */
import type { Batch } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import type { RowSet } from '../core/insert.ts';
import type { ExplainedField } from '../core/ports.ts';
import type { Column, TableName, TableSchema } from '../core/table.ts';
import { parseColumnType } from './column-type.ts';
import { alterSql, type TableChange } from './evolve/changes.ts';
import { createTableSql, type Site } from './evolve/ddl.ts';
import { changesFor } from './evolve/needs.ts';
import { inferColumns } from './infer.ts';
import { mapRows } from './json-rows.ts';
import { missing, refuseUnsuitable, withoutTable } from './no-table.ts';
import { compilePlan } from './plan.ts';
import { previewFields } from './preview-fields.ts';
import { resolveTable } from './table-name.ts';
import type { TableCatalog } from './tables.ts';

/** A batch, mapped but not written. */
export interface Preview {
  /** Of the table as it would be. */
  readonly rows: RowSet;
  readonly exists: boolean;
  /** The statement that would run before the rows are written. */
  readonly statement?: string;
  /** The statement waits for somebody to approve it. */
  readonly waits: boolean;
  readonly fields: readonly ExplainedField[];
}

export interface PreviewDeps {
  readonly catalog: Pick<TableCatalog, 'refresh'>;
  readonly defaultDatabase: string;
  readonly site: Site;
}

/** @throws (the function) what the mapper throws. */
export function createPreview(deps: PreviewDeps): (batch: Batch, pipeline: PipelineConfig) => Promise<Preview> {
  return async (batch, pipeline) => {
    const name = resolveTable(pipeline.table, batch.delivery.topic, deps.defaultDatabase);
    const table = await deps.catalog.refresh(name);
    return table === undefined
      ? await ofNewTable(batch, pipeline, { name, site: deps.site })
      : await ofTable(batch, pipeline, { table, site: deps.site });
  };
}

async function ofNewTable(batch: Batch, pipeline: PipelineConfig, { name, site }: { name: TableName; site: Site }): Promise<Preview> {
  const none = withoutTable(batch, name, pipeline);
  const columns = none === undefined ? await inferColumns(batch, pipeline, { wants: () => true, addToRows: false }) : [];
  if (none !== undefined) return { rows: none, exists: false, waits: false, fields: [] };
  if (columns.length === 0) throw missing(name, pipeline);
  const table = { ...NEW, name, columns: columns.map(({ column, type }) => newColumn(column, type)) };
  const statement = createTableSql(name, columns, pipeline, site);
  return { ...(await mapped(batch, table, pipeline)), exists: false, waits: false, statement };
}

const NEW: Omit<TableSchema, 'name' | 'columns'> = { engine: 'MergeTree', hasProvenance: true, lacks: [], fingerprint: '' };

function newColumn(name: string, typeText: string): Column {
  return { name, typeText, type: parseColumnType(typeText), defaultKind: '', inKey: false };
}

async function ofTable(batch: Batch, pipeline: PipelineConfig, { table, site }: { table: TableSchema; site: Site }): Promise<Preview> {
  if (pipeline.guarantee === 'exactly-once') refuseUnsuitable(table, pipeline);
  const now = await mapped(batch, table, pipeline);
  const changes =
    pipeline.autoEvolve === 'off' || now.rows.rejections.length === 0
      ? []
      : ((await changesFor(batch, compilePlan(table, pipeline), now.rows.rejections)) ?? []);
  if (changes.length === 0) return { ...now, exists: true, waits: false };
  const then = await mapped(batch, { ...table, columns: changed(table.columns, changes) }, pipeline);
  return { ...then, exists: true, waits: pipeline.autoEvolve === 'approve', statement: alterSql(table.name, changes, site.cluster) };
}

async function mapped(batch: Batch, table: TableSchema, pipeline: PipelineConfig): Promise<Pick<Preview, 'rows' | 'fields'>> {
  const plan = compilePlan(table, pipeline);
  return { rows: await mapRows(batch, plan), fields: previewFields(batch, plan) };
}

function changed(columns: readonly Column[], changes: readonly TableChange[]): Column[] {
  const types = new Map(changes.map(({ column, type }) => [column, type]));
  const kept = columns.map((column) => {
    const type = types.get(column.name);
    return type === undefined ? column : { ...column, typeText: type, type: parseColumnType(type) };
  });
  return [...kept, ...changes.filter(({ change }) => change === 'add').map(({ column, type }) => newColumn(column, type))];
}
