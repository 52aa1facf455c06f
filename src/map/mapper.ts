import type { Batch } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { lacksOf } from '../core/guarantee.ts';
import type { RowSet } from '../core/insert.ts';
import type { Destination } from '../core/ports.ts';
import type { TableName, TableSchema } from '../core/table.ts';
import { createDatabaseSql, createTableSql } from './evolve/ddl.ts';
import { createFollower, type FollowerDeps } from './evolve/follower.ts';
import { inferColumns } from './infer.ts';
import { mapRows } from './json-rows.ts';
import { missing, refuseUnsuitable, withoutTable } from './no-table.ts';
import { compilePlan, type MapPlan } from './plan.ts';
import { resolveTable } from './table-name.ts';

/** Another request, or another gateway, may change the table at the same time; nobody does so endlessly. */
const MOST_ROUNDS = 5;

export interface MapperDeps extends FollowerDeps {
  readonly destination: Pick<Destination, 'execute' | 'kind'>;
  readonly defaultDatabase: string;
  /** Rows of this pipeline can be written twice, for reasons that lie in their table. Told once for each. */
  readonly onLowered?: (pipeline: string, reasons: readonly string[]) => void;
  /** Values of a batch are stored with fewer digits, in so many records, by column. */
  readonly onCut?: (pipeline: string, columns: ReadonlyMap<string, number>) => void;
}

/**
 * A stage that turns the records of a batch into rows of its table, which it makes and extends where the pipeline says so.
 * @throws (the stage) GatewayError when the table is missing or does not suit; DestinationError from ClickHouse.
 */
export function createMapper(deps: MapperDeps): (batch: Batch, pipeline: PipelineConfig) => Promise<RowSet> {
  const { destination, catalog, defaultDatabase, onLowered, onCut, cluster } = deps;
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
        const rows = withoutTable(batch, name, pipeline);
        if (rows !== undefined) return rows;
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
      } else if (rows.lossy !== undefined) onCut?.(pipeline.name, rows.lossy);
      return rows;
    }
    const table = await catalog.get(name);
    if (table === undefined) throw missing(name, pipeline);
    return await mapRows(batch, planFor(table, pipeline));
  };
}
