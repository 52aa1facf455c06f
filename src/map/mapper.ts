import type { Batch } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { lacksOf } from '../core/guarantee.ts';
import type { RowSet } from '../core/insert.ts';
import { kindOf, OBJECT, shapeOf } from '../core/json-tape.ts';
import type { Destination } from '../core/ports.ts';
import type { TableName, TableSchema } from '../core/table.ts';
import { createDatabaseSql, createTableSql } from './evolve/ddl.ts';
import { createFollower, type FollowerDeps } from './evolve/follower.ts';
import { inferColumns } from './infer.ts';
import { mapRows } from './json-rows.ts';
import { compilePlan, type MapPlan } from './plan.ts';
import { resolveTable } from './table-name.ts';

/** Another request, or another gateway, may change the table at the same time; nobody does so endlessly. */
const MOST_ROUNDS = 5;

export interface MapperDeps extends FollowerDeps {
  readonly destination: Pick<Destination, 'execute' | 'kind'>;
  readonly defaultDatabase: string;
  /** Rows of this pipeline can be written twice, for reasons that lie in their table. Told once for each. */
  readonly onLowered?: (pipeline: string, reasons: readonly string[]) => void;
}

/**
 * A stage that turns the records of a batch into rows of its table, which it makes and extends where the pipeline says so.
 * @throws (the stage) GatewayError when the table is missing or does not suit; DestinationError from ClickHouse.
 */
export function createMapper(deps: MapperDeps): (batch: Batch, pipeline: PipelineConfig) => Promise<RowSet> {
  const { destination, catalog, defaultDatabase, onLowered, cluster } = deps;
  const follow = createFollower(deps);
  const plans = new WeakMap<TableSchema, Map<string, MapPlan>>();
  const planFor = (table: TableSchema, pipeline: PipelineConfig): MapPlan => {
    const ofTable = plans.get(table) ?? new Map<string, MapPlan>();
    plans.set(table, ofTable);
    let plan = ofTable.get(pipeline.name);
    if (plan === undefined) {
      plan = compilePlan(table, pipeline);
      if (pipeline.guarantee === 'auto' && pipeline.identity.kind !== 'none' && table.lacks.length > 0)
        onLowered?.(pipeline.name, lacksOf(table));
      ofTable.set(pipeline.name, plan);
    }
    return plan;
  };

  const createTable = async (name: TableName, batch: Batch, pipeline: PipelineConfig): Promise<void> => {
    const columns = await inferColumns(batch, pipeline, { wants: () => true, addToRows: false });
    if (columns.length === 0) return;
    const sql = createTableSql(name, columns, pipeline, { kind: destination.kind, ...(cluster === undefined ? {} : { cluster }) });
    if (destination.kind === 'embedded') await destination.execute(createDatabaseSql(name));
    await destination.execute(sql);
    await catalog.refresh(name);
  };

  return async (batch, pipeline) => {
    const name = resolveTable(pipeline.table, batch.delivery.topic, defaultDatabase);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const table = await catalog.get(name);
      if (table === undefined) {
        if (pipeline.autoCreate === 'off') throw missing(name, pipeline);
        if (pipeline.autoCreate === 'schema' && (batch.schemas ?? []).length === 0 && batch.unreadable === undefined)
          throw withoutSchema(name, pipeline);
        if (!hasFields(batch) || batch.unreadable !== undefined) return withoutTable(batch, name);
        await createTable(name, batch, pipeline);
        continue;
      }
      if (pipeline.guarantee === 'exactly-once') refuseUnsuitable(table, pipeline);
      const plan = planFor(table, pipeline);
      const rows = await mapRows(batch, plan);
      if (rows.rejections.length > 0) {
        // Another gateway, or a person, may have changed the table since it was read.
        if ((await catalog.recent(name))?.fingerprint !== table.fingerprint) continue;
        if (await follow(batch, rows, plan, (other) => planFor(other, pipeline))) continue;
      }
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

/** A record cannot be read, or none has a field to make a column of: what is refused makes no table. */
function withoutTable({ records, unreadable }: Batch, name: TableName): RowSet {
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

function refuseUnsuitable(table: TableSchema, { name }: PipelineConfig): void {
  const [reason] = lacksOf(table);
  if (reason !== undefined) throw new GatewayError('table_unsuitable', `Pipeline ${name}, guarantee: exactly-once. ${reason}`);
}

function withoutSchema({ database, table }: TableName, { name }: PipelineConfig): GatewayError {
  const detail = `The table ${database}.${table} of pipeline ${name} does not exist, and the records have no schema to make it by: register one, create the table, or write auto_create: infer`;
  return new GatewayError('table_missing', detail);
}

function missing({ database, table }: TableName, { name }: PipelineConfig): GatewayError {
  const detail = `The table ${database}.${table} of pipeline ${name} does not exist: create it, or let the pipeline with auto_create: infer`;
  return new GatewayError('table_missing', detail);
}
