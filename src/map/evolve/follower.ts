import type { Batch, Rejection } from '../../core/batch.ts';
import { GatewayError } from '../../core/errors.ts';
import type { RowSet } from '../../core/insert.ts';
import type { Destination } from '../../core/ports.ts';
import type { TableName, TableSchema } from '../../core/table.ts';
import { mapRows } from '../json-rows.ts';
import type { MapPlan } from '../plan.ts';
import type { TableCatalog } from '../tables.ts';
import { alterSql, type TableChange } from './changes.ts';
import { changesFor } from './needs.ts';
import type { Pending } from './pending.ts';
import type { InTurn } from './turns.ts';

export interface FollowerDeps {
  readonly destination: Pick<Destination, 'execute'>;
  readonly catalog: TableCatalog;
  readonly pending: Pending;
  readonly inTurn: InTurn;
  readonly cluster: string | undefined;
}

/**
 * Makes a table follow a batch of which records were rejected. True when the batch is to be mapped again, because the table is another one now.
 * @throws GatewayError `table_change_pending` where somebody has to approve the change; DestinationError.
 */
export type Follow = (batch: Batch, rows: RowSet, plan: MapPlan, planFor: (table: TableSchema) => MapPlan) => Promise<boolean>;

/** Follows as pipelines say. */
export function createFollower({ destination, catalog, pending, inTurn, cluster }: FollowerDeps): Follow {
  const change = async (batch: Batch, name: TableName, planFor: (table: TableSchema) => MapPlan): Promise<boolean> => {
    // Others may have changed the table while this one waited for its turn.
    const table = await catalog.refresh(name);
    if (table === undefined) return true;
    const plan = planFor(table);
    const { rejections } = await mapRows(batch, plan);
    if (rejections.length === 0) return true;
    const changes = await changesFor(batch, plan, rejections);
    if (changes === undefined || changes.length === 0) return false;
    const { pipeline } = plan;
    if (pipeline.autoEvolve === 'approve') {
      pending.add({ pipeline: pipeline.name, table: name, topic: batch.delivery.topic, changes });
      throw waits(pipeline.name, name, changes);
    }
    await destination.execute(alterSql(name, changes, cluster));
    await catalog.refresh(name);
    return true;
  };
  return async (batch, { rejections }, plan, planFor) => {
    if (plan.pipeline.autoEvolve === 'off' || !(await needsChange(batch, plan, rejections))) return false;
    return await inTurn(plan.table.name, async () => await change(batch, plan.table.name, planFor));
  };
}

async function needsChange(batch: Batch, plan: MapPlan, rejections: readonly Rejection[]): Promise<boolean> {
  const changes = await changesFor(batch, plan, rejections);
  return changes !== undefined && changes.length > 0;
}

const MOST_NAMED = 5;

function waits(pipeline: string, { database, table }: TableName, changes: readonly TableChange[]): GatewayError {
  const names = changes.slice(0, MOST_NAMED).map(({ column }) => column);
  const more = changes.length > MOST_NAMED ? ` and ${changes.length - MOST_NAMED} more` : '';
  const what = `${names.join(', ')}${more}`;
  const detail = `The table ${database}.${table} has to change for these records, in ${what}: look at GET /v1/pipelines/${pipeline}/drift and approve it`;
  return new GatewayError('table_change_pending', detail, { retryAfterSeconds: 30 });
}
