import type { PipelineConfig } from '../core/config.ts';
import { guaranteeOf, type Promised } from '../core/guarantee.ts';
import { DestinationError, type Timers } from '../core/ports.ts';
import type { TableName } from '../core/table.ts';
import { onlyTable, type TableOf } from '../dedupe/pipeline-tables.ts';
import { type TableCatalog } from '../map/tables.ts';

/** A question about guarantees waits so long for ClickHouse. */
const PATIENCE_MS = 2000;

/** What a pipeline promises for the table it has; for the tables it will make, where that depends on the topic. */
export async function promisedFor(
  pipeline: PipelineConfig,
  { tableOf, catalog, timers }: { tableOf: TableOf; catalog: TableCatalog; timers: Timers },
): Promise<Promised> {
  const name = onlyTable(pipeline, tableOf);
  if (name === undefined) return guaranteeOf(pipeline, undefined);
  const reading = catalog.refresh(name);
  try {
    if (await timers.before(reading, timers.now() + PATIENCE_MS)) return guaranteeOf(pipeline, await reading);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
  }
  const { reasons } = guaranteeOf(pipeline, undefined);
  return {
    guarantee: 'at-least-once',
    reasons: [...reasons, `ClickHouse does not answer, so it is not known what the table ${nameOf(name)} allows`],
  };
}

function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
