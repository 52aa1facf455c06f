/**
 * A parsed JSON text that keeps the text: a flat list of tokens over the bytes they were read from.
 *
 * Nothing is converted, so nothing can be lost: a number is its digits, a string its escapes. `decode/` writes a tape in
 * one pass; `map/` checks it against column types and, where no column needs a change, hands the bytes on as they are.
 *
 * Layout: four 32-bit integers a token, `[head, start, end, next]`.
 * - `head` = kind in the low 4 bits, `extra` in the rest.
 * - `start`, `end`: the value's bytes, end exclusive; a string includes its quotes.
 * - `next`: the token index (not the array position) after this value and all inside it.
 * A container's children follow it directly. An object has no key tokens: its keys, in order, are its {@link Shape}.
 */
export interface JsonTape {
  readonly bytes: Buffer;
  readonly tokens: Int32Array;
  readonly shapes: readonly Shape[];
}

/**
 * The keys of an object in the order they were written, unescaped and without duplicates. Objects with the same keys in the
 * same order share one Shape, across requests too, so work done per shape (key → column) is done once.
 */
export interface Shape {
  readonly keys: readonly string[];
}

/** Integers a token takes in {@link JsonTape.tokens}. */
export const TOKEN_WIDTH = 4;

/** Token kinds. */
export const NULL = 0;
export const FALSE = 1;
export const TRUE = 2;
/**
 * `extra` is {@link NUMBER_INTEGER} for digits with an optional minus, {@link NUMBER_REAL} with a fraction or exponent. Schemas know more of a number:
 * {@link NUMBER_BINARY} is the one of 64 bits that the text is read as, {@link NUMBER_DECIMAL} one of which all digits are meant.
 */
export const NUMBER = 3;
/** `extra` is {@link STRING_PLAIN} when the bytes between the quotes are the value, {@link STRING_ESCAPED} otherwise. */
export const STRING = 4;
/** `extra` is the index of its shape in {@link JsonTape.shapes}. */
export const OBJECT = 5;
/** `extra` is the number of elements. */
export const ARRAY = 6;

export const NUMBER_INTEGER = 0;
export const NUMBER_REAL = 1;
export const NUMBER_BINARY = 2;
export const NUMBER_DECIMAL = 3;
export const STRING_PLAIN = 0;
export const STRING_ESCAPED = 1;

/** One of the seven token kinds of the token `node`. */
export function kindOf(tape: JsonTape, node: number): number {
  return tape.tokens[node * TOKEN_WIDTH]! & 15;
}

/** The kind's extra: see the kinds. */
export function extraOf(tape: JsonTape, node: number): number {
  return tape.tokens[node * TOKEN_WIDTH]! >>> 4;
}

/** First byte of the value. */
export function startOf(tape: JsonTape, node: number): number {
  return tape.tokens[node * TOKEN_WIDTH + 1]!;
}

/** The byte after the value. */
export function endOf(tape: JsonTape, node: number): number {
  return tape.tokens[node * TOKEN_WIDTH + 2]!;
}

/** The token after the value and everything inside it. */
export function nextOf(tape: JsonTape, node: number): number {
  return tape.tokens[node * TOKEN_WIDTH + 3]!;
}

/** The shape of an object token. */
export function shapeOf(tape: JsonTape, node: number): Shape {
  return tape.shapes[extraOf(tape, node)]!;
}

/** The value's own text, as the sender wrote it: digits of a number, a string with its quotes and escapes. */
export function textOf(tape: JsonTape, node: number): string {
  return tape.bytes.toString('utf8', startOf(tape, node), endOf(tape, node));
}

/** The value of a string token, unescaped. */
export function stringOf(tape: JsonTape, node: number): string {
  return extraOf(tape, node) === STRING_PLAIN
    ? tape.bytes.toString('utf8', startOf(tape, node) + 1, endOf(tape, node) - 1)
    : (JSON.parse(textOf(tape, node)) as string);
}
