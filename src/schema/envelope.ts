import type { JsonValue } from '../core/batch.ts';
import { type JsonTape, kindOf, nextOf, OBJECT, type Shape, shapeOf } from '../core/json-tape.ts';
import { addKey, addText, closeObject, copyValue, kindIn, openContainer, shapeIn, type TapeBuilder } from '../core/tape-builder.ts';
import { Undecodable } from './undecodable.ts';

/** Adds what stands around a value in its envelope to the record at `token`, which was written last. */
export type Around = (tape: TapeBuilder, token: number) => void;

/** The member of an object; undefined when there is none. */
export function memberAt(tape: JsonTape, node: number, name: string): number | undefined {
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key === name) return child;
    child = nextOf(tape, child);
  }
  return undefined;
}

/** Shapes of records with what stood around them: the same one each time, so that what is made of a shape is made once. */
const JOINED = new WeakMap<Shape, WeakMap<Shape, Map<string, Shape>>>();

/** The members of the envelope at `node` but for `name`. */
export function openAround(source: JsonTape, node: number, name: string): Around {
  const outer = shapeOf(source, node);
  return (tape, token) => {
    if (kindIn(tape, token) !== OBJECT) throw new Undecodable('has a value that is no record, so that it has no columns');
    const inner = shapeIn(tape, token);
    const shape = joined(inner, outer, name);
    // The closing brace is written again after the others.
    tape.length -= 1;
    addMembers(tape, source, node, { name, first: inner.keys.length === 0 });
    addText(tape, '}');
    closeObject(tape, token, shape);
  };
}

/** The envelope without its value. */
export function copyAround(tape: TapeBuilder, { tape: source, node }: JsonValue, name: string): void {
  if (kindOf(source, node) !== OBJECT) {
    copyValue(tape, source, node);
    return;
  }
  const token = openContainer(tape, OBJECT);
  addText(tape, '{');
  addMembers(tape, source, node, { name, first: true });
  addText(tape, '}');
  closeObject(tape, token, { keys: shapeOf(source, node).keys.filter((key) => key !== name) });
}

function addMembers(tape: TapeBuilder, source: JsonTape, node: number, { name, first }: { name: string; first: boolean }): void {
  let child = node + 1;
  let isFirst = first;
  for (const key of shapeOf(source, node).keys) {
    if (key !== name) {
      if (!isFirst) addText(tape, ',');
      addKey(tape, key);
      copyValue(tape, source, child);
      isFirst = false;
    }
    child = nextOf(source, child);
  }
}

function joined(inner: Shape, outer: Shape, name: string): Shape {
  const byOuter = JOINED.get(inner) ?? new WeakMap<Shape, Map<string, Shape>>();
  JOINED.set(inner, byOuter);
  const byName = byOuter.get(outer) ?? new Map<string, Shape>();
  byOuter.set(outer, byName);
  let shape = byName.get(name);
  if (shape === undefined) {
    const others = outer.keys.filter((key) => key !== name);
    const twice = others.find((key) => inner.keys.includes(key));
    if (twice !== undefined) throw new Undecodable(`has the field ${twice} both in its value and beside it, in the envelope`);
    shape = { keys: [...inner.keys, ...others] };
    byName.set(name, shape);
  }
  return shape;
}
