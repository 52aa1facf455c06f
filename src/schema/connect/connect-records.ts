import { type JsonTape, kindOf, nextOf, OBJECT, type Shape, shapeOf } from '../../core/json-tape.ts';
import type { RecordField, RecordType } from '../../core/schema.ts';
import { addBytes, addText, closeObject, copyValue, openContainer, type TapeBuilder } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { type Constant, constantOf } from './constants.ts';
import { located, mismatch, type Translate, type Translators } from './translate.ts';

interface Field {
  readonly field: RecordField;
  readonly translate: Translate;
  readonly fallback: Constant | undefined;
  /** Whether the fallback is being written: it can lead back to the record. */
  isFilling: boolean;
}

/** How an object of one shape becomes the record. */
interface Plan {
  /** Of each field the index of its member; −1: there is none. */
  readonly members: readonly number[];
  /** Members of no field. */
  readonly others: readonly number[];
  /** What stands before each field, and before each of the others. */
  readonly before: readonly Buffer[];
  readonly shape: Shape;
}

const NULL: Constant = constantOf('null');

/** Records: the fields of the schema in its order, and after them whatever else the object has. */
export function recordTranslator(type: RecordType, of: Translators): Translate {
  // Fields can lead back to the record, whose translator is not known before this returns.
  let fields: Field[] | undefined;
  const plans = new WeakMap<Shape, Plan>();
  return (source, node, tape) => {
    if (kindOf(source, node) !== OBJECT) throw mismatch(source, node, 'a record');
    fields ??= type.fields.map((field) => ({ field, translate: of(field.type), fallback: fallbackOf(field), isFilling: false }));
    const from = shapeOf(source, node);
    let plan = plans.get(from);
    if (plan === undefined) {
      plan = planOf(type, from);
      plans.set(from, plan);
    }
    return writeRecord(fields, plan, source, node, tape);
  };
}

function fallbackOf({ fallback, type }: RecordField): Constant | undefined {
  if (fallback !== undefined) return constantOf(fallback);
  const takesNull =
    type.kind === 'null' || type.kind === 'any' || (type.kind === 'union' && type.branches.some(({ kind }) => kind === 'null'));
  return takesNull ? NULL : undefined;
}

function planOf({ fields }: RecordType, { keys }: Shape): Plan {
  const indexes = new Map(keys.map((key, i) => [key, i]));
  const members = fields.map(({ name, aliases }) => {
    const found = indexes.has(name) ? name : aliases.find((alias) => indexes.has(alias));
    const index = found === undefined ? -1 : indexes.get(found)!;
    if (found !== undefined) indexes.delete(found);
    return index;
  });
  const names = [...fields.map(({ name }) => name), ...indexes.keys()];
  return {
    members,
    others: [...indexes.values()],
    before: names.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`)),
    shape: { keys: names },
  };
}

function writeRecord(fields: readonly Field[], plan: Plan, source: JsonTape, node: number, tape: TapeBuilder): number {
  const children: number[] = [];
  const end = nextOf(source, node);
  for (let child = node + 1; child < end; child = nextOf(source, child)) children.push(child);
  const token = openContainer(tape, OBJECT);
  if (plan.before.length === 0) addText(tape, '{');
  let i = 0;
  try {
    for (; i < fields.length; i++) {
      addBytes(tape, plan.before[i]!);
      const member = plan.members[i]!;
      if (member < 0) writeAbsent(fields[i]!, tape);
      else fields[i]!.translate(source, children[member]!, tape);
    }
  } catch (error) {
    throw located(error, `.${fields[i]!.field.name}`);
  }
  for (const other of plan.others) {
    addBytes(tape, plan.before[i++]!);
    copyValue(tape, source, children[other]!);
  }
  addText(tape, '}');
  closeObject(tape, token, plan.shape);
  return token;
}

function writeAbsent(field: Field, tape: TapeBuilder): void {
  const { fallback } = field;
  if (fallback === undefined) throw new Undecodable('is missing, and its schema has no default for it');
  if (field.isFilling) throw new Undecodable('has a default that leads back to itself');
  field.isFilling = true;
  try {
    field.translate(fallback, 0, tape);
  } finally {
    field.isFilling = false;
  }
}
