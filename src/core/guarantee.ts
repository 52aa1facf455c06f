import type { PipelineConfig } from './config.ts';
import type { Guarantee } from './outcome.ts';
import { PROVENANCE, type TableSchema } from './table.ts';

/** What can be promised, and what stands in the way of more: one sentence each. */
export interface Promised {
  readonly guarantee: Guarantee;
  readonly reasons: readonly string[];
}

/** What a pipeline promises for a table. Without one, for the tables it will make. */
export function guaranteeOf(pipeline: PipelineConfig, table: TableSchema | undefined): Promised {
  const { identity, requireIdentity } = pipeline;
  const reasons: string[] = [];
  if (pipeline.guarantee === 'at-least-once') reasons.push('The pipeline says guarantee: at-least-once');
  if (identity.kind === 'none') reasons.push('Records are not recognised when they are sent again: set identity');
  else if (!requireIdentity)
    reasons.push('Records without identity are written too, each time they are sent: require_identity: true rejects them');
  if (table !== undefined) reasons.push(...lacksOf(table));
  return { guarantee: reasons.length === 0 ? 'exactly-once' : 'at-least-once', reasons };
}

/** Why rows of this table cannot be written exactly once. Empty when they can. */
export function lacksOf({ lacks, name: { database, table }, engine }: TableSchema): string[] {
  const where = `The table ${database}.${table}`;
  return lacks.map((lack) => {
    switch (lack) {
      case 'engine':
        return `${where} has the engine ${engine}, which does not keep rows apart: write to a MergeTree or ReplacingMergeTree, and fill it with a materialized view`;
      case 'provenance':
        return `${where} has no columns that say with which batch a row came: ${alterOf({ database, table }, lacks)}`;
      case 'fsync':
        return `${where} does not sync its rows to disk, so a power cut takes acknowledged ones: ${alterOf({ database, table }, lacks)}`;
    }
  });
}

/** The statement that makes a table fit for exactly once. Harmless when it fits already. */
export function alterOf({ database, table }: TableSchema['name'], lacks: TableSchema['lacks']): string {
  const parts: string[] = [];
  if (lacks.includes('provenance'))
    parts.push(`ADD COLUMN IF NOT EXISTS ${PROVENANCE.batch} UUID`, `ADD COLUMN IF NOT EXISTS ${PROVENANCE.row} UInt32`);
  if (lacks.includes('fsync')) parts.push('MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1');
  return `ALTER TABLE \`${database}\`.\`${table}\` ${parts.join(', ')}`;
}
