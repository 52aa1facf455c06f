import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { TableName } from '../core/table.ts';

/** The table of a topic, undefined when none can be told. */
export type TableOf = (pipeline: PipelineConfig, topic: string | undefined) => TableName | undefined;

/** Tables by `resolve`, which throws a GatewayError where a topic is wanting or makes no name. */
export function tablesBy(resolve: (pattern: string, topic: string | undefined) => TableName): TableOf {
  return ({ table }, topic) => {
    try {
      return resolve(table, topic);
    } catch (error) {
      if (error instanceof GatewayError) return undefined;
      throw error;
    }
  };
}

/** The table of a pipeline that has only one. */
export function onlyTable(pipeline: PipelineConfig, tableOf: TableOf): TableName | undefined {
  const [topic, ...others] = pipeline.topics;
  return tableOf(pipeline, undefined) ?? (typeof topic === 'string' && others.length === 0 ? tableOf(pipeline, topic) : undefined);
}

/** Whether records of some topic of the pipeline would go to the table. */
export function mayWriteTo({ table: pattern }: PipelineConfig, { database, table }: TableName, defaultDatabase: string): boolean {
  const full = pattern.includes('.') ? pattern : `${defaultDatabase}.${pattern}`;
  const parts = full.split('${topic}').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('\\w+')}$`).test(`${database}.${table}`);
}

/** `database.table`, to be shown. */
export function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
