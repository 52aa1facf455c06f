import type { TableCheck } from '../check-tables.ts';
import type { Config } from '../core/config.ts';
import { aligned } from './aligned.ts';

/** Whether a table was changed as asked, and keeps what its pipeline must promise. */
export function isAsWanted({ pipeline, guarantee, applied }: TableCheck, { pipelines }: Pick<Config, 'pipelines'>): boolean {
  const must = pipelines.find(({ name }) => name === pipeline)?.guarantee;
  return typeof applied !== 'string' && (must !== 'exactly-once' || guarantee === 'exactly-once');
}

/** What the tables of all pipelines come to, as text. */
export function tablesReport(checks: readonly TableCheck[]): string {
  const rows = checks.map((one) => [one.pipeline, one.table ?? 'made from topics', stateOf(one), one.guarantee]);
  return [aligned([['PIPELINE', 'TABLE', 'STATE', 'GUARANTEE'], ...rows]), ...checks.map(detailOf)].join('');
}

function stateOf({ table, exists, alter, applied }: TableCheck): string {
  if (table === null) return '-';
  if (!exists) return 'not there yet';
  if (typeof applied === 'string') return 'not changed';
  if (applied === true) return 'changed';
  return alter === null ? 'there' : 'to be changed';
}

function detailOf({ pipeline, table, reasons, alter, applied }: TableCheck): string {
  const lines = [
    ...reasons.map((reason) => `  ${reason}.`),
    ...(alter === null ? [] : [`  ${alter};`]),
    ...(typeof applied === 'string' ? [`  ${applied}: run the statement above yourself, as a user who may.`] : []),
    ...(alter !== null && applied === undefined ? ['  To run it, the same command with --apply.'] : []),
  ];
  return lines.length === 0 ? '' : `\n${pipeline}${table === null ? '' : ` → ${table}`}\n${lines.join('\n')}\n`;
}
