import type { Batch, Rejection } from '../core/batch.ts';
import { kindOf, NULL, nextOf, OBJECT, shapeOf } from '../core/json-tape.ts';
import type { Column } from '../core/table.ts';
import type { MapPlan } from './plan.ts';
import { isUsableName } from './usable-name.ts';

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

/** Whether the record would fit if the table had a column for its field, or took NULL. */
export function canBeMended({ code, column, ordinal }: Rejection, { records }: Batch, { table }: MapPlan): boolean {
  const value = records[ordinal]?.value;
  if (value === undefined || column === undefined) return false;
  const { keys } = shapeOf(value.tape, value.node);
  if (code === 'unknown_field') return keys.includes(column) && isUsableName(column);
  // A record without any field says nothing of what the table should be.
  return code === 'missing_value' && keys.length > 0 && table.columns.some((known) => known.name === column && canBecomeNullable(known));
}

/** Whether any record has a field without a column. */
export function hasUnknown({ records }: Batch, plan: MapPlan): boolean {
  return records.some(({ value: { tape, node } }) => kindOf(tape, node) === OBJECT && plan.of(shapeOf(tape, node)).unknown.length > 0);
}

/** Columns that must have a value and for which a record has none, or null. */
export function lackingColumns({ records }: Batch, plan: MapPlan): ReadonlySet<string> {
  const lacking = new Set<string>();
  for (const { value } of records) {
    const { tape, node } = value;
    if (kindOf(tape, node) !== OBJECT) continue;
    const { actions, missing } = plan.of(shapeOf(tape, node));
    for (const column of missing) lacking.add(column);
    let child = node + 1;
    for (const action of actions) {
      if (action.do === 'store' && !action.target.optional && kindOf(tape, child) === NULL) lacking.add(action.target.column);
      child = nextOf(tape, child);
    }
  }
  return lacking;
}
