import type { JsonValue } from '../core/batch.ts';
import { type JsonTape, kindOf, nextOf, OBJECT, type Shape, shapeOf } from '../core/json-tape.ts';
import { addBytes, addText, closeObject, copyValue, kindIn, openContainer, shapeIn, type TapeBuilder } from '../core/tape-builder.ts';
import { Undecodable } from './undecodable.ts';

/** Takes records out of their envelopes: objects that hold them in one field, beside others. */
export interface Envelope {
  /** The field of an object that holds the record; undefined when there is none. */
  valueOf(source: JsonTape, node: number): number | undefined;
  /**
   * Adds the other fields of the envelope at `node` to the record at `token`, which was written last.
   * @throws Undecodable when the value is no record, or has one of these fields itself; TapeFull
   */
  addOthers(source: JsonTape, node: number, tape: TapeBuilder, token: number): void;
  /** Writes the envelope without the record. */
  copyOthers(value: JsonValue, tape: TapeBuilder): void;
}

/** A record's shape with what stood around it. */
interface Joined {
  readonly shape: Shape;
  /** What stands before each member of the envelope, `,"key":`; undefined for the record. */
  readonly before: ReadonlyArray<Buffer | undefined>;
}

/** Envelopes whose record is in the field `name`. What is made of shapes is made once, so that mapping finds the same ones again. */
export function createEnvelope(name: string): Envelope {
  const joined = new WeakMap<Shape, WeakMap<Shape, Joined>>();
  const places = new WeakMap<Shape, number>();

  const join = (inner: Shape, outer: Shape): Joined => {
    const byOuter = joined.get(inner) ?? new WeakMap<Shape, Joined>();
    joined.set(inner, byOuter);
    let found = byOuter.get(outer);
    if (found === undefined) {
      found = joinShapes(inner, outer, name);
      byOuter.set(outer, found);
    }
    return found;
  };
  const placeIn = (shape: Shape): number => {
    let place = places.get(shape);
    if (place === undefined) {
      place = shape.keys.indexOf(name);
      places.set(shape, place);
    }
    return place;
  };

  return {
    valueOf(source, node) {
      const place = placeIn(shapeOf(source, node));
      if (place === -1) return undefined;
      let child = node + 1;
      for (let i = 0; i < place; i++) child = nextOf(source, child);
      return child;
    },
    addOthers(source, node, tape, token) {
      if (kindIn(tape, token) !== OBJECT) throw new Undecodable('has a value that is no record, so that it has no columns');
      const { shape, before } = join(shapeIn(tape, token), shapeOf(source, node));
      // The closing brace is written again after the others.
      tape.length -= 1;
      addMembers(tape, source, node, before);
      closeObject(tape, token, shape);
    },
    copyOthers({ tape: source, node }, tape) {
      if (kindOf(source, node) !== OBJECT) {
        copyValue(tape, source, node);
        return;
      }
      const { shape, before } = join(EMPTY, shapeOf(source, node));
      const token = openContainer(tape, OBJECT);
      addText(tape, '{');
      addMembers(tape, source, node, before);
      closeObject(tape, token, shape);
    },
  };
}

const EMPTY: Shape = { keys: [] };

function addMembers(tape: TapeBuilder, source: JsonTape, node: number, before: Joined['before']): void {
  let child = node + 1;
  for (let i = 0; i < before.length; i++) {
    const text = before[i];
    if (text !== undefined) {
      addBytes(tape, text);
      copyValue(tape, source, child);
    }
    child = nextOf(source, child);
  }
  addText(tape, '}');
}

function joinShapes(inner: Shape, outer: Shape, name: string): Joined {
  const others = outer.keys.filter((key) => key !== name);
  const twice = others.find((key) => inner.keys.includes(key));
  if (twice !== undefined) throw new Undecodable(`has the field ${twice} both in its value and beside it, in the envelope`);
  let isFirst = inner.keys.length === 0;
  const before = outer.keys.map((key) => {
    if (key === name) return undefined;
    const text = Buffer.from(`${isFirst ? '' : ','}${JSON.stringify(key)}:`);
    isFirst = false;
    return text;
  });
  return { shape: { keys: [...inner.keys, ...others] }, before };
}
