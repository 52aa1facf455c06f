import type { Batch } from '../core/batch.ts';
import { type JsonTape, kindOf, nextOf, OBJECT, shapeOf } from '../core/json-tape.ts';
import type { ExplainedField } from '../core/ports.ts';
import { FAULTY, REWRITE, VERBATIM } from './cell.ts';
import { fieldPart } from './cells/containers.ts';
import { describeType } from './describe-type.ts';
import type { Action, MapPlan, PathTree, Target } from './plan.ts';
import { fieldAt } from './schema-type.ts';

/** Records whose fields are looked at. */
const MOST_RECORDS = 1000;
const MOST_FIELDS = 1000;

type Growing = { -readonly [K in keyof ExplainedField]: ExplainedField[K] };

/** The fields of a batch in the order they are first seen. */
export function previewFields(batch: Batch, plan: MapPlan): ExplainedField[] {
  const fields = new Map<string, Growing>();
  for (const { value, ordinal } of batch.records.slice(0, MOST_RECORDS)) {
    const { tape, node } = value;
    if (kindOf(tape, node) !== OBJECT || batch.unreadable?.has(ordinal) === true) continue;
    const { shape, actions } = plan.of(shapeOf(tape, node));
    let child = node + 1;
    for (const [i, key] of shape.keys.entries()) {
      addField(fields, { batch, plan, path: [key] }, actions[i]!, { tape, node: child });
      child = nextOf(tape, child);
    }
  }
  return [...fields.values()];
}

interface Where {
  readonly batch: Batch;
  readonly plan: MapPlan;
  readonly path: readonly string[];
}

interface Value {
  readonly tape: JsonTape;
  readonly node: number;
}

function addField(fields: Map<string, Growing>, where: Where, action: Action, value: Value): void {
  const policy = where.plan.pipeline.unknownFields.do;
  switch (action.do) {
    case 'store':
      count(entry(fields, where, action.target), where.plan, action.target, value);
      return;
    case 'paths':
      if (action.target !== undefined) count(entry(fields, where, action.target), where.plan, action.target, value);
      addBelow(fields, where, action.tree, value);
      return;
    case 'spread':
      for (const target of action.targets) count(entry(fields, where, target), where.plan, target, value);
      return;
    case 'drop':
      noteNowhere(fields, where, 'dropped');
      return;
    case 'unknown':
      noteNowhere(fields, where, policy === 'ignore' ? 'ignored' : policy === 'into' ? 'together' : 'unknown');
  }
}

function addBelow(fields: Map<string, Growing>, where: Where, { below }: PathTree, { tape, node }: Value): void {
  if (kindOf(tape, node) !== OBJECT) return;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    const tree = below.get(key);
    if (tree !== undefined) {
      const at = { ...where, path: [...where.path, key] };
      if (tree.target !== undefined) count(entry(fields, at, tree.target), where.plan, tree.target, { tape, node: child });
      addBelow(fields, at, tree, { tape, node: child });
    }
    child = nextOf(tape, child);
  }
}

function entry(fields: Map<string, Growing>, { batch, plan, path }: Where, target: Target | undefined): Growing {
  const name = path.map(fieldPart).join('').slice(1);
  const key = `${name}\0${target?.column ?? ''}`;
  const known = fields.get(key);
  if (known !== undefined) return known;
  const schema = fieldAt(batch.schemas ?? [], path)?.type;
  const column = plan.table.columns.find((one) => one.name === target?.column);
  const made: Growing = {
    field: name,
    ...(schema === undefined ? {} : { schema: describeType(schema) }),
    ...(column === undefined ? {} : { column: column.name, column_type: column.typeText.replaceAll(/\s+/g, ' ') }),
    goes: 'column',
    exact: 0,
    converted: 0,
    refused: 0,
  };
  if (fields.size < MOST_FIELDS) fields.set(key, made);
  return made;
}

function noteNowhere(fields: Map<string, Growing>, where: Where, goes: ExplainedField['goes']): void {
  entry(fields, where, undefined).goes = goes;
}

function count(field: Growing, { fault, losses }: MapPlan, { cell }: Target, { tape, node }: Value): void {
  if (losses !== undefined) losses.seen = false;
  const verdict = cell.check(tape, node);
  if (verdict === REWRITE && losses?.seen === true) field.lossy = (field.lossy ?? 0) + 1;
  if (verdict === VERBATIM) field.exact += 1;
  else if (verdict !== FAULTY) field.converted += 1;
  else {
    field.refused += 1;
    field.code ??= fault.code;
    field.reason ??= fault.reason;
  }
}
