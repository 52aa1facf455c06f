import type { RecordEnvelope, Rejection } from '../core/batch.ts';
import type { RecordErrorCode } from '../core/errors.ts';
import { endOf, type JsonTape, kindOf, NULL, nextOf, OBJECT, shapeOf, startOf } from '../core/json-tape.ts';
import type { ByteWriter } from './byte-writer.ts';
import { FAULTY, REWRITE, VERBATIM } from './cell.ts';
import { fieldPart } from './cells/containers.ts';
import type { UnknownField } from './into.ts';
import type { Action, MapPlan, PathTree, ShapePlan, Target } from './plan.ts';
import { isUsableName } from './usable-name.ts';

/** The record's own text is its row; or its row was appended to the writer; or it has none, and this is why. */
export type RowResult = typeof VERBATIM | typeof REWRITE | Rejection;

/** A value that goes to a column of another name than its key, found inside the record. */
interface Found {
  readonly target: Target;
  readonly node: number;
}

/** One record → one row of `plan.table`. `lossy` counts the columns that hold a value with fewer digits. */
export function mapRecord(
  { value: { tape, node }, ordinal, singleLine }: RecordEnvelope,
  plan: MapPlan,
  out: ByteWriter,
  lossy?: Map<string, number>,
): RowResult {
  if (kindOf(tape, node) !== OBJECT) return { ordinal, code: 'record_not_object', reason: 'the record is not a JSON object' };
  const shape = plan.of(shapeOf(tape, node));
  const found: Found[] = [];
  const unknown: UnknownField[] = [];
  let rewrite = !shape.verbatim || !singleLine;
  let lack: RecordFault | undefined;
  let child = node + 1;
  for (let i = 0; i < shape.actions.length; i++) {
    const action = shape.actions[i]!;
    if (action.do === 'store') {
      const verdict = action.target.cell.check(tape, child);
      if (verdict === REWRITE) rewrite = true;
      else if (verdict === FAULTY) {
        const fault = cellFault(plan, action.target.column);
        // A null may be mended by the table; anything else that is wrong with the record must be known before.
        if (!isLack(fault, action.target)) return { ordinal, ...fault };
        lack ??= fault;
      }
    } else if (action.do !== 'drop') {
      const fault = checkSpecial(tape, child, action, shape.shape.keys[i]!, { plan, found, unknown });
      if (fault !== undefined) return { ordinal, ...fault };
    }
    child = nextOf(tape, child);
  }
  const wrong = shapeFault(shape, plan) ?? lack ?? missingPath(plan, found);
  if (wrong !== undefined) return { ordinal, ...wrong };
  if (!rewrite) return VERBATIM;
  if (plan.losses !== undefined && lossy !== undefined) countLosses(tape, node, { plan, shape, found, unknown }, lossy);
  const start = out.length;
  if (shape.verbatim && !shapeNeedsCells(shape, tape, node)) out.copy(tape.bytes, startOf(tape, node), endOf(tape, node));
  else writeRow(tape, node, { shape, plan, found, unknown }, out);
  if (!singleLine) out.joinLines(start);
  return REWRITE;
}

/** A value that loses digits is rewritten, so that only such records are looked at again. */
function countLosses(tape: JsonTape, node: number, { plan, shape, found }: Row, lossy: Map<string, number>): void {
  const look = ({ column, cell }: Target, at: number): void => {
    plan.losses!.seen = false;
    cell.check(tape, at);
    if (plan.losses!.seen) lossy.set(column, (lossy.get(column) ?? 0) + 1);
  };
  let child = node + 1;
  for (const action of shape.actions) {
    if (action.do === 'spread') for (const target of action.targets) look(target, child);
    else if ('target' in action && action.target !== undefined) look(action.target, child);
    child = nextOf(tape, child);
  }
  for (const { target, node: at } of found) look(target, at);
}

type RecordFault = Omit<Rejection, 'ordinal'>;

function misfit(code: RecordErrorCode, column: string, reason: string): RecordFault {
  return { code, column, reason };
}

/** The last check's fault, under its column. */
function cellFault({ fault: { code, path, reason } }: MapPlan, column: string): RecordFault {
  return misfit(code, `${column}${path.join('')}`, reason);
}

function shapeFault({ conflict, missing, unknown }: ShapePlan, { pipeline }: MapPlan): RecordFault | undefined {
  if (conflict !== undefined)
    return misfit('column_conflict', conflict, 'two fields of the record lead to this column: drop one of them in the pipeline');
  const [first] = unknown;
  const policy = pipeline.unknownFields.do;
  if (first !== undefined && (policy === 'reject' || policy === 'evolve'))
    return misfit(
      'unknown_field',
      first === '' ? '""' : fieldPart(first).slice(1),
      isUsableName(first)
        ? 'the table has no column for this field: add one, drop the field in the pipeline, or set unknown_fields'
        : 'no column can have this name: rename the field, or drop it in the pipeline',
    );
  const [absent] = missing;
  return absent === undefined ? undefined : missingFault(absent);
}

/** Whether the value of a column as a whole is null where it can't be. */
function isLack({ code, column: path }: RecordFault, { column }: Target): boolean {
  return code === 'missing_value' && path === column;
}

function missingFault(column: string): RecordFault {
  return misfit('missing_value', column, 'the record has no value for this column: make it Nullable or give it a DEFAULT');
}

interface Special {
  readonly plan: MapPlan;
  readonly found: Found[];
  readonly unknown: UnknownField[];
}

function checkSpecial(tape: JsonTape, node: number, action: Action, key: string, special: Special): RecordFault | undefined {
  const { plan } = special;
  if (action.do === 'paths') {
    if (action.target !== undefined && action.target.cell.check(tape, node) === FAULTY) return cellFault(plan, action.target.column);
    return checkPaths(tape, node, { tree: action.tree, path: fieldPart(key).slice(1), stored: action.target !== undefined }, special);
  }
  if (action.do === 'spread') return checkSpread(tape, node, action.targets, plan);
  if (action.do !== 'unknown' || plan.into === undefined) return undefined;
  special.unknown.push({ key, node });
  if (plan.into.check(tape, { key, node }) !== FAULTY) return undefined;
  plan.fault.path.unshift(fieldPart(key));
  return cellFault(plan, plan.into.column);
}

function checkSpread(tape: JsonTape, node: number, targets: readonly Target[], plan: MapPlan): RecordFault | undefined {
  for (const { cell, column } of targets) if (cell.check(tape, node) === FAULTY) return cellFault(plan, column);
  return undefined;
}

/** Takes the parts of an object that have columns. `stored`: the whole of it is stored too, so no other part of it is lost. */
function checkPaths(
  tape: JsonTape,
  node: number,
  { tree, path, stored }: { tree: PathTree; path: string; stored: boolean },
  special: Special,
): RecordFault | undefined {
  const kind = kindOf(tape, node);
  if (kind === NULL) return undefined;
  if (kind !== OBJECT)
    return stored ? undefined : misfit('wrong_type', path, 'columns are filled from inside this field, and it is not an object');
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    const below = tree.below.get(key);
    const inner = `${path}${fieldPart(key)}`;
    if (below === undefined) {
      if (!stored && special.plan.pipeline.unknownFields.do !== 'ignore')
        return misfit('unknown_field', inner, 'no column is filled from this field: give it one, or set unknown_fields: ignore');
    } else {
      const problem = checkPath(tape, child, { tree: below, path: inner, stored }, special);
      if (problem !== undefined) return problem;
    }
    child = nextOf(tape, child);
  }
  return undefined;
}

function checkPath(
  tape: JsonTape,
  node: number,
  at: { tree: PathTree; path: string; stored: boolean },
  special: Special,
): RecordFault | undefined {
  const { target, below } = at.tree;
  if (target !== undefined) {
    if (target.cell.check(tape, node) === FAULTY) return cellFault(special.plan, target.column);
    special.found.push({ target, node });
  }
  return below.size === 0 ? undefined : checkPaths(tape, node, { ...at, stored: at.stored || target !== undefined }, special);
}

function missingPath({ requiredPaths }: MapPlan, found: readonly Found[]): RecordFault | undefined {
  for (const column of requiredPaths) if (!found.some(({ target }) => target.column === column)) return missingFault(column);
  return undefined;
}

/** Whether a value has to be written by its cell. Asked only of records that are rewritten for another reason. */
function shapeNeedsCells({ actions }: ShapePlan, tape: JsonTape, node: number): boolean {
  let child = node + 1;
  for (const action of actions) {
    if (action.do === 'store' && action.target.cell.check(tape, child) === REWRITE) return true;
    child = nextOf(tape, child);
  }
  return false;
}

interface Row extends Special {
  readonly shape: ShapePlan;
}

function writeRow(tape: JsonTape, node: number, { shape, plan, found, unknown }: Row, out: ByteWriter): void {
  let separator = '{';
  const write = ({ column, cell }: Target, at: number): void => {
    out.utf8(`${separator}${JSON.stringify(column)}:`);
    separator = ',';
    if (cell.check(tape, at) === VERBATIM) out.copy(tape.bytes, startOf(tape, at), endOf(tape, at));
    else cell.write(tape, at, out);
  };
  let child = node + 1;
  for (const action of shape.actions) {
    if (action.do === 'spread') for (const target of action.targets) write(target, child);
    else if ('target' in action && action.target !== undefined) write(action.target, child);
    child = nextOf(tape, child);
  }
  for (const { target, node: at } of found) write(target, at);
  if (plan.into !== undefined && unknown.length > 0) {
    out.utf8(`${separator}${JSON.stringify(plan.into.column)}:`);
    separator = ',';
    plan.into.write(tape, unknown, out);
  }
  out.ascii(separator === '{' ? '{}' : '}');
}
