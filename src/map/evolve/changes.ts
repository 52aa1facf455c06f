import type { Column, TableName } from '../../core/table.ts';
import { quote, quoteTable } from '../table-name.ts';
import { literal } from './type-text.ts';

/** What is to be done to a table so that records fit. Types are as ClickHouse spells them. */
export type TableChange =
  | { readonly change: 'add'; readonly column: string; readonly type: string; readonly comment?: string }
  /** `null`: the column takes NULL too. `widen`: it takes more values; perhaps NULL among them. */
  | { readonly change: 'null' | 'widen'; readonly column: string; readonly from: string; readonly type: string };

/** Longer documentation is cut. */
const LONGEST_COMMENT = 1000;

/** A column in a statement that makes it. */
export function columnSql({ column, type, comment }: { column: string; type: string; comment?: string }): string {
  return `${quote(column)} ${type}${comment === undefined ? '' : ` COMMENT ${literal(comment.slice(0, LONGEST_COMMENT))}`}`;
}

/** ` ON CLUSTER …`, or nothing where tables are on one server. */
export function onCluster(cluster: string | undefined): string {
  return cluster === undefined ? '' : ` ON CLUSTER ${quote(cluster)}`;
}

/**
 * The statement that makes the changes. Harmless when somebody else made the same ones meanwhile; a type, however, is set, whatever the column has become
 * since it was looked at.
 */
export function alterSql(name: TableName, changes: readonly TableChange[], cluster: string | undefined): string {
  const parts = changes.map((change) =>
    change.change === 'add'
      ? `ADD COLUMN IF NOT EXISTS ${columnSql(change)}`
      : `MODIFY COLUMN IF EXISTS ${quote(change.column)} ${change.type}`,
  );
  return `ALTER TABLE ${quoteTable(name)}${onCluster(cluster)} ${parts.join(', ')}`;
}

/** Whether ClickHouse has to write the column anew. It only notes a column that is added, and names that are added to an enum of the same width. */
export function rewritesRows(change: TableChange): boolean {
  if (change.change === 'add') return false;
  const enums = ['Enum8(', 'Enum16('];
  return !enums.some((begin) => change.from.startsWith(begin) && change.type.startsWith(begin));
}

const ALREADY_EMPTY: ReadonlySet<Column['type']['kind']> = new Set([
  'nullable',
  'low-cardinality',
  'array',
  'map',
  'tuple',
  'json',
  'variant',
  'dynamic',
  'unsupported',
]);

/** Whether a column can be made to hold NULL without touching what is in it. */
export function canBecomeNullable({ type, defaultKind, inKey }: Column): boolean {
  return defaultKind === '' && !inKey && !ALREADY_EMPTY.has(type.kind);
}

/** Whether the type of a column may change. */
export function canChange({ defaultKind, inKey }: Column): boolean {
  return !inKey && (defaultKind === '' || defaultKind === 'DEFAULT');
}
