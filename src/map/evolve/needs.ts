import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Rejection } from '../../core/batch.ts';
import { type JsonTape, kindOf, NULL, nextOf, OBJECT, shapeOf } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import type { Column } from '../../core/table.ts';
import { type Cell, createFault, FAULTY } from '../cell.ts';
import { parseColumnType } from '../column-type.ts';
import { compileCell } from '../compile-cell.ts';
import { inferColumns } from '../infer.ts';
import type { MapPlan, ShapePlan } from '../plan.ts';
import { fieldAt } from '../schema-type.ts';
import { isUsableName } from '../usable-name.ts';
import { canBecomeNullable, canChange, type TableChange } from './changes.ts';
import { widerType } from './widen.ts';

const RECORDS_A_TURN = 1000;

/** A wider type of a column, and what takes values of it. */
interface Wider {
  readonly type: string;
  readonly cell: Cell;
}

/** What is being found out for one batch and one table. */
interface Needs {
  readonly batch: Batch;
  readonly plan: MapPlan;
  readonly columns: ReadonlyMap<string, Column>;
  readonly added: Set<string>;
  readonly nulls: Set<string>;
  readonly wider: Map<string, Wider>;
  /** Of the columns looked at; undefined: there is none. */
  readonly known: Map<string, Wider | undefined>;
}

/**
 * The changes of the table after which every one of the rejected records fits; undefined where one of them would not, so that a delivery that is refused
 * all the same changes no table. A field that a schema declares is one the table follows; others it follows where the pipeline says `evolve`.
 */
export async function changesFor(batch: Batch, plan: MapPlan, rejections: readonly Rejection[]): Promise<TableChange[] | undefined> {
  const columns = new Map(plan.table.columns.map((column) => [column.name, column]));
  const needs: Needs = { batch, plan, columns, added: new Set(), nulls: new Set(), wider: new Map(), known: new Map() };
  for (let i = 0; i < rejections.length; i++) {
    if (i % RECORDS_A_TURN === RECORDS_A_TURN - 1) await nextTurn();
    if (!addNeeds(needs, rejections[i]!)) return undefined;
  }
  const { added, nulls, wider } = needs;
  const made = added.size === 0 ? [] : await inferColumns(batch, plan.pipeline, { wants: (name) => added.has(name), addToRows: true });
  const changes: TableChange[] = [];
  for (const column of made) changes.push({ change: 'add', ...column });
  for (const column of plan.table.columns) {
    const type = wider.get(column.name)?.type;
    if (type !== undefined)
      changes.push({ change: 'widen', column: column.name, from: column.typeText, type: nulls.has(column.name) ? nullable(type) : type });
    else if (nulls.has(column.name))
      changes.push({ change: 'null', column: column.name, from: column.typeText, type: nullable(column.typeText) });
  }
  return changes;
}

function nullable(type: string): string {
  return type.startsWith('Nullable(') ? type : `Nullable(${type})`;
}

/** Notes what a record needs. False where nothing would help it. */
function addNeeds(needs: Needs, rejection: Rejection): boolean {
  const { batch, plan } = needs;
  const record = batch.records[rejection.ordinal];
  if (record === undefined || batch.unreadable?.has(rejection.ordinal) === true) return false;
  const { tape, node } = record.value;
  // A record without any field says nothing of what the table should be.
  if (kindOf(tape, node) !== OBJECT || shapeOf(tape, node).keys.length === 0) return false;
  const shape = plan.of(shapeOf(tape, node));
  if (shape.conflict !== undefined) return false;
  if (!addColumns(needs, shape) || !shape.missing.every((column) => addAbsent(needs, column))) return false;
  let child = node + 1;
  for (const action of shape.actions) {
    if (action.do === 'store' && !addValue(needs, action.target.column, action.target.cell, tape, child)) return false;
    child = nextOf(tape, child);
  }
  // What was said of the record is met by now, unless it is of a value inside of a field, for which a column is filled: only null can be helped there.
  return isMet(needs, shape, rejection) || (rejection.code === 'missing_value' && addAbsent(needs, rejection.column ?? ''));
}

function isMet({ nulls, wider }: Needs, { unknown }: ShapePlan, { code, column = '' }: Rejection): boolean {
  const [top = ''] = column.split(/[.[]/);
  return (code === 'unknown_field' && unknown.length > 0) || [column, top].some((name) => nulls.has(name) || wider.has(name));
}

function addColumns({ batch, plan, added }: Needs, { unknown }: ShapePlan): boolean {
  const policy = plan.pipeline.unknownFields.do;
  if (policy === 'ignore' || policy === 'into') return true;
  for (const key of unknown) {
    if (!isUsableName(key) || (policy === 'reject' && fieldAt(batch.schemas ?? [], [key]) === undefined)) return false;
    added.add(key);
  }
  return true;
}

function addNull({ batch, plan, columns, nulls }: Needs, name: string): boolean {
  const column = columns.get(name);
  const follows = plan.pipeline.unknownFields.do === 'evolve' || (batch.schemas ?? []).length > 0;
  if (!follows || column === undefined || !canBecomeNullable(column)) return false;
  nulls.add(name);
  return true;
}

/** For a record that has no value for the column, or null. */
function addAbsent(needs: Needs, name: string): boolean {
  if (addNull(needs, name)) return true;
  const wider = widerOf(needs, name);
  if (wider === undefined || !wider.cell.optional) return false;
  needs.wider.set(name, wider);
  return true;
}

function addValue(needs: Needs, name: string, cell: Cell, tape: JsonTape, node: number): boolean {
  if (cell.check(tape, node) !== FAULTY) return true;
  if (kindOf(tape, node) === NULL && addNull(needs, name)) return true;
  const wider = widerOf(needs, name);
  if (wider === undefined || wider.cell.check(tape, node) === FAULTY) return false;
  needs.wider.set(name, wider);
  return true;
}

function widerOf({ batch, plan, columns, known }: Needs, name: string): Wider | undefined {
  if (known.has(name)) return known.get(name);
  const column = columns.get(name);
  const field = fieldOf(plan, batch, name);
  const type =
    column === undefined || field === undefined || !canChange(column) ? undefined : widerType(column.typeText, field, plan.pipeline);
  const unit = plan.pipeline.columns[name]?.unit;
  const options = { fault: createFault(), unknownNested: 'reject', ...(unit === undefined ? {} : { unit }) } as const;
  const wider = type === undefined ? undefined : { type, cell: compileCell(parseColumnType(type), options) };
  known.set(name, wider);
  return wider;
}

function fieldOf({ pipeline }: MapPlan, { schemas = [] }: Batch, column: string): FieldType | undefined {
  return fieldAt(schemas, pipeline.columns[column]?.from?.split('.') ?? [column])?.type;
}
