/**
 * Records of an older schema as the newest one has them: fields by their newer names, and defaults for fields there were not.
 *
 * Invariant: a value the producer wrote is never changed. Only names change, and fields are added that have no value. Proved by
 * `test/unit/schema/evolution.test.ts`.
 */
import { ARRAY, type JsonTape, kindOf, nextOf, OBJECT, type Shape, shapeOf } from '../core/json-tape.ts';
import type { FieldType, RecordField, RecordType } from '../core/schema.ts';
import { addBytes, addText, closeArray, closeObject, copyValue, openContainer, type TapeBuilder } from '../core/tape-builder.ts';
import { type Constant, constantOf } from './connect/constants.ts';
import type { Translate } from './connect/translate.ts';
import { createTranslator } from './connect-json.ts';

/**
 * What makes values of `writer` values of `reader`; undefined where they are that already. Aliases and defaults are those of Avro's schema resolution
 * (https://avro.apache.org/docs/1.12.0/specification/#schema-resolution), except that a field without value and default is left out.
 */
export function createEvolution(writer: FieldType, reader: FieldType): Translate | undefined {
  return differs(writer, reader, new Map()) ? evolve(writer, reader, new Map()) : undefined;
}

/** Whether the reader has another name or a default anywhere. Records that are being compared are the same if nothing else differs. */
function differs(writer: FieldType, reader: FieldType, known: Map<FieldType, Set<FieldType>>): boolean {
  if (writer === reader) return false;
  if (writer.kind === 'union' || reader.kind === 'union') {
    const [from, to] = [onlyBranch(writer), onlyBranch(reader)];
    return from !== undefined && to !== undefined && differs(from, to, known);
  }
  if (writer.kind === 'array' && reader.kind === 'array') return differs(writer.items, reader.items, known);
  if (writer.kind === 'map' && reader.kind === 'map') return differs(writer.values, reader.values, known);
  if (writer.kind !== 'record' || reader.kind !== 'record') return false;
  const before = known.get(writer) ?? new Set();
  known.set(writer, before);
  if (before.has(reader)) return false;
  before.add(reader);
  return matched(writer, reader).some(({ field, from }) =>
    from === undefined ? field.fallback !== undefined : from.name !== field.name || differs(from.type, field.type, known),
  );
}

/** The fields of the reader, each with the writer's field that is its value. */
function matched(
  writer: RecordType,
  reader: RecordType,
): Array<{ field: RecordField; from: (RecordField & { index: number }) | undefined }> {
  const left = new Map(writer.fields.map((field, index) => [field.name, { ...field, index }]));
  const taken = new Set(reader.fields.map(({ name }) => name));
  return reader.fields.map((field) => {
    const name = left.has(field.name) ? field.name : field.aliases.find((alias) => left.has(alias) && !taken.has(alias));
    const from = name === undefined ? undefined : left.get(name);
    if (name !== undefined) left.delete(name);
    return { field, from };
  });
}

/** What is being made; a record leads back to itself. */
type Known = Map<FieldType, Map<FieldType, { translate: Translate | undefined }>>;

function evolve(writer: FieldType, reader: FieldType, known: Known): Translate | undefined {
  if (writer === reader) return undefined;
  if (writer.kind === 'union' || reader.kind === 'union') return evolveOptional(writer, reader, known);
  if (writer.kind === 'array' && reader.kind === 'array') return lists(evolve(writer.items, reader.items, known));
  if (writer.kind === 'map' && reader.kind === 'map') return maps(evolve(writer.values, reader.values, known));
  return writer.kind === 'record' && reader.kind === 'record' ? evolveRecord(writer, reader, known) : undefined;
}

/** Of unions only those of null and one other: a value does not say which branch it is. */
function evolveOptional(writer: FieldType, reader: FieldType, known: Known): Translate | undefined {
  const [from, to] = [onlyBranch(writer), onlyBranch(reader)];
  const translate = from === undefined || to === undefined ? undefined : evolve(from, to, known);
  if (translate === undefined) return undefined;
  return (source, node, tape) => (isContainer(source, node) ? translate(source, node, tape) : copyValue(tape, source, node));
}

function isContainer(source: JsonTape, node: number): boolean {
  const kind = kindOf(source, node);
  return kind === OBJECT || kind === ARRAY;
}

function onlyBranch(type: FieldType): FieldType | undefined {
  if (type.kind !== 'union') return type;
  const [first, ...others] = type.branches.filter(({ kind }) => kind !== 'null');
  return others.length === 0 ? first : undefined;
}

function lists(item: Translate | undefined): Translate | undefined {
  if (item === undefined) return undefined;
  return (source, node, tape) => {
    const token = openContainer(tape, ARRAY);
    let count = 0;
    for (let child = node + 1; child < nextOf(source, node); child = nextOf(source, child)) {
      addText(tape, count === 0 ? '[' : ',');
      item(source, child, tape);
      count += 1;
    }
    addText(tape, count === 0 ? '[]' : ']');
    closeArray(tape, token, count);
    return token;
  };
}

function maps(value: Translate | undefined): Translate | undefined {
  if (value === undefined) return undefined;
  return (source, node, tape) => {
    const shape = shapeOf(source, node);
    const parts = shape.keys.map((name, index) => ({ name, from: { index, translate: value } }));
    return writeObject({ parts, before: keysOf(parts), shape }, source, node, tape);
  };
}

/** A member of the object that is written: one that was there, or a constant. */
interface Part {
  readonly name: string;
  readonly from:
    | { readonly index: number; readonly translate: Translate | undefined }
    | { readonly fallback: Constant; readonly translate: Translate };
}

interface Plan {
  readonly parts: readonly Part[];
  /** What stands before each. */
  readonly before: readonly Buffer[];
  readonly shape: Shape;
}

function evolveRecord(writer: RecordType, reader: RecordType, known: Known): Translate | undefined {
  const ofWriter = known.get(writer) ?? new Map<FieldType, { translate: Translate | undefined }>();
  known.set(writer, ofWriter);
  const before = ofWriter.get(reader);
  if (before !== undefined) return before.translate;
  const entry: { translate: Translate | undefined } = { translate: (source, node, tape) => writeObject(plan, source, node, tape) };
  ofWriter.set(reader, entry);
  const plan = planOf(writer, reader, known);
  return entry.translate;
}

/** A codec writes the fields of its schema in their order. */
function planOf(writer: RecordType, reader: RecordType, known: Known): Plan {
  const parts: Part[] = [];
  const used = new Set<number>();
  for (const { field, from } of matched(writer, reader)) {
    if (from !== undefined) {
      used.add(from.index);
      parts.push({ name: field.name, from: { index: from.index, translate: evolve(from.type, field.type, known) } });
    } else if (field.fallback !== undefined) {
      parts.push({ name: field.name, from: { fallback: constantOf(field.fallback), translate: createTranslator(field.type) } });
    }
  }
  // What the newest schema does not have any more is the producer's all the same.
  for (const [index, { name }] of writer.fields.entries())
    if (!used.has(index)) parts.push({ name, from: { index, translate: undefined } });
  return { parts, before: keysOf(parts), shape: { keys: parts.map(({ name }) => name) } };
}

function keysOf(parts: readonly Part[]): Buffer[] {
  return parts.map(({ name }, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`));
}

function writeObject({ parts, before, shape }: Plan, source: JsonTape, node: number, tape: TapeBuilder): number {
  const children: number[] = [];
  for (let child = node + 1; child < nextOf(source, node); child = nextOf(source, child)) children.push(child);
  const token = openContainer(tape, OBJECT);
  for (const [i, { from }] of parts.entries()) {
    addBytes(tape, before[i]!);
    if ('fallback' in from) from.translate(from.fallback, 0, tape);
    else if (from.translate === undefined) copyValue(tape, source, children[from.index]!);
    else from.translate(source, children[from.index]!, tape);
  }
  addText(tape, parts.length === 0 ? '{}' : '}');
  closeObject(tape, token, shape);
  return token;
}
