import { ARRAY, FALSE, type JsonTape, NULL, NUMBER, NUMBER_INTEGER, NUMBER_REAL, OBJECT, TRUE } from '../../core/json-tape.ts';
import {
  addKey,
  addScalar,
  addStringText,
  addText,
  builtTape,
  closeArray,
  closeObject,
  createTapeBuilder,
  openContainer,
  type TapeBuilder,
} from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';

/** A value that is the same each time, as node 0 of a tape. */
export type Constant = JsonTape;

const DEEPEST = 200;

/** JSON text of a schema, whose numbers have to be ones that JavaScript holds. @throws Undecodable `unusable_schema` */
export function constantOf(text: string): Constant {
  const tape = createTapeBuilder(text.length, Number.MAX_SAFE_INTEGER);
  add(tape, JSON.parse(text), 0);
  return builtTape(tape);
}

function add(tape: TapeBuilder, value: unknown, depth: number): void {
  if (depth > DEEPEST) throw new Undecodable(`has a default that is nested deeper than ${DEEPEST} levels`, 'unusable_schema');
  if (value === null) addScalar(tape, NULL, 'null');
  else if (typeof value === 'boolean') addScalar(tape, value ? TRUE : FALSE, String(value));
  else if (typeof value === 'string') addStringText(tape, value);
  else if (Array.isArray(value)) addArray(tape, value, depth);
  else if (typeof value === 'object') addObject(tape, value, depth);
  else addNumber(tape, JSON.stringify(value));
}

function addNumber(tape: TapeBuilder, text: string): void {
  addScalar(tape, NUMBER | ((/^-?\d+$/.test(text) ? NUMBER_INTEGER : NUMBER_REAL) << 4), text);
}

function addArray(tape: TapeBuilder, value: readonly unknown[], depth: number): void {
  const token = openContainer(tape, ARRAY);
  for (const [i, one] of value.entries()) {
    addText(tape, i === 0 ? '[' : ',');
    add(tape, one, depth + 1);
  }
  addText(tape, value.length === 0 ? '[]' : ']');
  closeArray(tape, token, value.length);
}

function addObject(tape: TapeBuilder, value: object, depth: number): void {
  const token = openContainer(tape, OBJECT);
  const members = Object.entries(value);
  for (const [i, [key, one]] of members.entries()) {
    addText(tape, i === 0 ? '{' : ',');
    addKey(tape, key);
    add(tape, one, depth + 1);
  }
  addText(tape, members.length === 0 ? '{}' : '}');
  closeObject(tape, token, { keys: members.map(([key]) => key) });
}
