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
  // A record always has its own text.
  else if (!requireIdentity && identity.kind !== 'content')
    reasons.push('Records without identity are written too, each time they are sent: require_identity: true rejects them');
  if (table !== undefined) reasons.push(...lacksOf(table));
  return { guarantee: reasons.length === 0 ? 'exactly-once' : 'at-least-once', reasons };
}

/** Why rows of this table cannot be written exactly once. Empty when they can. */
export function lacksOf({ lacks, name: { database, table }, engine }: TableSchema): string[] {
  const where = `The table ${database}.${table}`;
  let isTold = false;
  /** One statement mends all of them, so it is told once. */
  const mend = (): string => {
    if (isTold) return '';
    isTold = true;
    return `: ${alterOf({ database, table }, lacks)}`;
  };
  return lacks.map((lack) => {
    switch (lack) {
      case 'engine':
        return `${where} has the engine ${engine}, which does not keep rows apart: write to a MergeTree or ReplacingMergeTree, and fill it with a materialized view`;
      case 'version':
        return `${where} keeps the row that was inserted last, and a batch that is finished after a failure would bring older ones back: give its ReplacingMergeTree a version column`;
      case 'window':
        return `${where} remembers no insert, so one that the network delivers late could land twice${mend()}`;
      case 'provenance':
        return `${where} has no columns that say with which batch a row came${mend()}`;
      case 'fsync':
        return `${where} does not sync its rows to disk, so a power cut takes acknowledged ones${mend()}`;
    }
  });
}

/** The statement that makes a table fit for exactly once. Harmless when it fits already. */
export function alterOf({ database, table }: TableSchema['name'], lacks: TableSchema['lacks']): string {
  const parts: string[] = [];
  if (lacks.includes('provenance'))
    parts.push(`ADD COLUMN IF NOT EXISTS ${PROVENANCE.batch} UUID`, `ADD COLUMN IF NOT EXISTS ${PROVENANCE.row} UInt32`);
  const settings = [
    ...(lacks.includes('window') ? ['non_replicated_deduplication_window = 10000'] : []),
    ...(lacks.includes('fsync') ? ['fsync_after_insert = 1', 'fsync_part_directory = 1'] : []),
  ];
  if (settings.length > 0) parts.push(`MODIFY SETTING ${settings.join(', ')}`);
  return `ALTER TABLE \`${database}\`.\`${table}\` ${parts.join(', ')}`;
}
