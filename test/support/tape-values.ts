import {
  ARRAY,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  nextOf,
  OBJECT,
  STRING,
  shapeOf,
  stringOf,
  textOf,
} from '../../src/core/json-tape.ts';

/** The value of a token as JSON.parse would give it: an independent reading of the tape for tests. */
export function valueOf(tape: JsonTape, node: number): unknown {
  switch (kindOf(tape, node)) {
    case NULL:
      return null;
    case STRING:
      return stringOf(tape, node);
    case NUMBER:
      return Number(textOf(tape, node));
    case ARRAY:
      return children(tape, node).map((child) => valueOf(tape, child));
    case OBJECT: {
      const { keys } = shapeOf(tape, node);
      const values = children(tape, node);
      if (keys.length !== values.length) throw new Error(`${keys.length} keys for ${values.length} values`);
      const result: Record<string, unknown> = {};
      for (const [i, key] of keys.entries()) {
        Object.defineProperty(result, key, { value: valueOf(tape, values[i] ?? -1), enumerable: true, configurable: true, writable: true });
      }
      return result;
    }
    default:
      return kindOf(tape, node) !== FALSE;
  }
}

function children(tape: JsonTape, node: number): number[] {
  const nodes: number[] = [];
  for (let child = node + 1; child < nextOf(tape, node); child = nextOf(tape, child)) nodes.push(child);
  return nodes;
}
