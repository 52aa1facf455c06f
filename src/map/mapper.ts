import type { Batch } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { RowSet } from '../core/insert.ts';
import { kindOf, OBJECT, shapeOf } from '../core/json-tape.ts';
import type { Destination } from '../core/ports.ts';
import type { TableName, TableSchema } from '../core/table.ts';
import { addColumnsSql, canBecomeNullable, createDatabaseSql, createTableSql, makeNullableSql } from './evolve.ts';
import { inferColumns } from './infer.ts';
import { mapRows } from './json-rows.ts';
import { compilePlan, type MapPlan } from './plan.ts';
import { resolveTable } from './table-name.ts';
import type { TableCatalog } from './tables.ts';

/** Another request, or another gateway, may change the table at the same time; nobody does so endlessly. */
const MOST_ROUNDS = 5;

export interface MapperDeps {
  readonly destination: Pick<Destination, 'execute' | 'kind'>;
  readonly catalog: TableCatalog;
  readonly defaultDatabase: string;
}

/**
 * A stage that turns the records of a batch into rows of its table, which it makes and extends where the pipeline says so.
 * @throws (the stage) GatewayError when the table is missing or does not suit; DestinationError from ClickHouse.
 */
export function createMapper({
  destination,
  catalog,
  defaultDatabase,
}: MapperDeps): (batch: Batch, pipeline: PipelineConfig) => Promise<RowSet> {
  const plans = new WeakMap<TableSchema, Map<string, MapPlan>>();
  const planFor = (table: TableSchema, pipeline: PipelineConfig): MapPlan => {
    const ofTable = plans.get(table) ?? new Map<string, MapPlan>();
    plans.set(table, ofTable);
    let plan = ofTable.get(pipeline.name);
    if (plan === undefined) {
      plan = compilePlan(table, pipeline);
      ofTable.set(pipeline.name, plan);
    }
    return plan;
  };

  const createTable = async (name: TableName, batch: Batch, pipeline: PipelineConfig): Promise<void> => {
    const columns = await inferColumns(batch, pipeline, { wants: () => true, addToRows: false });
    if (columns.length === 0) return;
    const sql = createTableSql(name, columns, pipeline, destination.kind);
    if (destination.kind === 'embedded') await destination.execute(createDatabaseSql(name));
    await destination.execute(sql);
    await catalog.refresh(name);
  };

  /** Adds columns for fields without one; false when there is none to add. */
  const addColumns = async (plan: MapPlan, batch: Batch): Promise<boolean> => {
    const has = new Set(plan.table.columns.map(({ name }) => name));
    const columns = await inferColumns(batch, plan.pipeline, { wants: (key) => !has.has(key), addToRows: true });
    if (columns.length === 0) return false;
    await destination.execute(addColumnsSql(plan.table.name, columns));
    await catalog.refresh(plan.table.name);
    return true;
  };

  /** Lets columns hold NULL that records have no value for; false when there is none that can. */
  const admitNulls = async ({ table }: MapPlan, { rejections }: RowSet): Promise<boolean> => {
    const wanting = new Set(rejections.flatMap(({ code, column }) => (code === 'missing_value' && column !== undefined ? [column] : [])));
    const columns = table.columns.filter((column) => wanting.has(column.name) && canBecomeNullable(column));
    if (columns.length === 0) return false;
    await destination.execute(makeNullableSql(table.name, columns));
    await catalog.refresh(table.name);
    return true;
  };

  return async (batch, pipeline) => {
    const name = resolveTable(pipeline.table, batch.delivery.topic, defaultDatabase);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const table = await catalog.get(name);
      if (table === undefined) {
        if (pipeline.autoCreate === 'off') throw missing(name, pipeline);
        if (!hasFields(batch)) return withoutTable(batch, name);
        await createTable(name, batch, pipeline);
        continue;
      }
      const plan = planFor(table, pipeline);
      const evolves = pipeline.unknownFields.do === 'evolve' && pipeline.autoEvolve === 'add';
      if (evolves && hasUnknown(batch, plan) && (await addColumns(plan, batch))) continue;
      const rows = await mapRows(batch, plan);
      if (evolves && (await admitNulls(plan, rows))) continue;
      return rows;
    }
    const table = await catalog.get(name);
    if (table === undefined) throw missing(name, pipeline);
    return await mapRows(batch, planFor(table, pipeline));
  };
}

function hasFields({ records }: Batch): boolean {
  return records.some(({ value: { tape, node } }) => kindOf(tape, node) === OBJECT && shapeOf(tape, node).keys.length > 0);
}

function hasUnknown({ records }: Batch, plan: MapPlan): boolean {
  return records.some(({ value: { tape, node } }) => kindOf(tape, node) === OBJECT && plan.of(shapeOf(tape, node)).unknown.length > 0);
}

/** No record has a field to make a column of: each is refused as what it is. */
function withoutTable({ records }: Batch, name: TableName): RowSet {
  const rejections = records.map(({ ordinal, value: { tape, node } }) =>
    kindOf(tape, node) === OBJECT
      ? ({
          ordinal,
          code: 'missing_value',
          reason: 'the record is empty, and there is no table yet that could say what its columns are',
        } as const)
      : ({ ordinal, code: 'record_not_object', reason: 'the record is not a JSON object' } as const),
  );
  const table: TableSchema = { name, engine: '', columns: [], fingerprint: '' };
  return { table, columns: [], rows: { sources: [], spans: new Int32Array(0) }, ordinals: new Int32Array(0), rejections };
}

function missing({ database, table }: TableName, { name }: PipelineConfig): GatewayError {
  const detail = `The table ${database}.${table} of pipeline ${name} does not exist: create it, or let the pipeline with auto_create: infer`;
  return new GatewayError('table_missing', detail);
}
