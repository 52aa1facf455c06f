/**
 * Writes a {@link JsonTape} and the JSON text it lies over at the same time, for values that did not come as JSON.
 *
 * The text of a value is the one form of it that says it exactly, and that cells read:
 * - integers as digits; other numbers with a point or an exponent, so that they mean the nearest binary number; NaN and infinities as `"NaN"`,
 *   `"Infinity"`, `"-Infinity"`; decimals with all their digits;
 * - bytes as a string of those very bytes, which need not be UTF-8;
 * - dates `"YYYY-MM-DD"`, times of day `"hh:mm:ss.fff"`, instants `"YYYY-MM-DDThh:mm:ss.fffZ"`, local times the same without `Z`;
 * - maps as objects, whatever their keys; a record as an object with the keys of its schema in order.
 *
 * No newline is ever written outside of a string, and inside of strings it is escaped: every record stands on one line.
 */
import {
  ARRAY,
  endOf,
  type JsonTape,
  kindOf,
  NUMBER,
  NUMBER_INTEGER,
  nextOf,
  OBJECT,
  type Shape,
  STRING,
  STRING_ESCAPED,
  STRING_PLAIN,
  shapeOf,
  startOf,
  TOKEN_WIDTH,
} from './json-tape.ts';

/** A tape that is being written. All values are in one text. */
export interface TapeBuilder {
  bytes: Buffer;
  /** Bytes written. */
  length: number;
  tokens: Int32Array;
  /** Tokens written: the next one's index. */
  count: number;
  readonly shapes: Shape[];
  /** Where a shape of this tape stands in `shapes`. */
  readonly slots: Map<Shape, number>;
  /** Most tokens, of all records together. */
  readonly mostTokens: number;
  /** Where the record that is being written has to end, in bytes and in tokens. */
  stop: number;
  stopTokens: number;
}

/** The tape is over a limit: `values`, or the size of a record. */
export class TapeFull extends Error {
  readonly limit: 'values' | 'record';
  constructor(limit: 'values' | 'record') {
    super(`the record is over limits.${limit}`);
    this.name = 'TapeFull';
    this.limit = limit;
  }
}

/** An empty tape with room for about `bytes`. */
export function createTapeBuilder(bytes: number, mostTokens: number): TapeBuilder {
  return {
    bytes: Buffer.allocUnsafe(Math.max(64, bytes)),
    length: 0,
    tokens: new Int32Array(Math.max(64, (bytes >> 4) * TOKEN_WIDTH)),
    count: 0,
    shapes: [],
    slots: new Map(),
    mostTokens,
    stop: Number.POSITIVE_INFINITY,
    stopTokens: Number.POSITIVE_INFINITY,
  };
}

/** Begins a record, which may take so many bytes and values. */
export function beginRecord(tape: TapeBuilder, mostBytes: number, mostValues = Number.POSITIVE_INFINITY): void {
  tape.stop = tape.length + mostBytes;
  tape.stopTokens = tape.count + mostValues;
}

/** What was written. Nothing may be written after. */
export function builtTape({ bytes, length, tokens, shapes }: TapeBuilder): JsonTape {
  return { bytes: bytes.subarray(0, length), tokens, shapes };
}

/** Takes everything back that was written after these positions. */
export function rewind(tape: TapeBuilder, length: number, count: number): void {
  tape.length = length;
  tape.count = count;
}

/** Makes room for `extra` bytes. @throws TapeFull */
export function reserve(tape: TapeBuilder, extra: number): void {
  const needed = tape.length + extra;
  if (needed > tape.stop) throw new TapeFull('record');
  if (needed <= tape.bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.max(tape.bytes.length * 2, needed));
  tape.bytes.copy(grown, 0, 0, tape.length);
  tape.bytes = grown;
}

/** Adds a token and returns its index. Those of containers are filled in when they close. @throws TapeFull */
export function addToken(tape: TapeBuilder, head: number, start: number, end: number): number {
  const index = tape.count;
  if (index >= tape.stopTokens) throw new TapeFull('values');
  const slot = index * TOKEN_WIDTH;
  if (slot + TOKEN_WIDTH > tape.tokens.length) growTokens(tape);
  const { tokens } = tape;
  tokens[slot] = head;
  tokens[slot + 1] = start;
  tokens[slot + 2] = end;
  tokens[slot + 3] = index + 1;
  tape.count = index + 1;
  return index;
}

function growTokens(tape: TapeBuilder): void {
  if (tape.count >= tape.mostTokens) throw new TapeFull('values');
  const grown = new Int32Array(Math.min(tape.tokens.length * 2, Math.max(tape.mostTokens, 64) * TOKEN_WIDTH));
  grown.set(tape.tokens);
  tape.tokens = grown;
}

/** Appends ASCII text that belongs to no token, such as punctuation. */
export function addText(tape: TapeBuilder, text: string): void {
  reserve(tape, text.length);
  const { bytes } = tape;
  let at = tape.length;
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  tape.length = at;
}

/** Appends bytes that belong to no token, such as `,"name":`. */
export function addBytes(tape: TapeBuilder, source: Uint8Array): void {
  reserve(tape, source.length);
  const { bytes } = tape;
  let at = tape.length;
  for (let i = 0; i < source.length; i++) bytes[at++] = source[i]!;
  tape.length = at;
}

/** A value whose text are these bytes, such as `true`. */
export function addWord(tape: TapeBuilder, head: number, text: Uint8Array): number {
  const start = tape.length;
  addBytes(tape, text);
  return addToken(tape, head, start, tape.length);
}

/** A value whose text is ASCII: a number, a word, or a string with its quotes. */
export function addScalar(tape: TapeBuilder, head: number, text: string): number {
  const start = tape.length;
  addText(tape, text);
  return addToken(tape, head, start, tape.length);
}

const QUOTE = 0x22;

/** A string of text that is ASCII and needs no escapes, such as a date. */
export function addPlainText(tape: TapeBuilder, text: string): number {
  const start = tape.length;
  reserve(tape, text.length + 2);
  const { bytes } = tape;
  let at = start;
  bytes[at++] = QUOTE;
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  bytes[at++] = QUOTE;
  tape.length = at;
  return addToken(tape, STRING | (STRING_PLAIN << 4), start, at);
}

/** A whole number, as its digits. Numbers must be safe integers. */
export function addInteger(tape: TapeBuilder, value: number | bigint): number {
  if (typeof value === 'bigint' || value > MOST_DIRECT || value < -MOST_DIRECT) return addScalar(tape, INTEGER, String(value));
  const start = tape.length;
  reserve(tape, 11);
  const { bytes } = tape;
  let at = start;
  let rest = value;
  if (rest < 0) {
    bytes[at++] = 0x2d;
    rest = -rest;
  }
  at += digitsOf(rest);
  tape.length = at;
  do {
    const next = (rest / 10) | 0;
    bytes[--at] = 0x30 + rest - next * 10;
    rest = next;
  } while (rest > 0);
  return addToken(tape, INTEGER, start, tape.length);
}

const INTEGER = NUMBER | (NUMBER_INTEGER << 4);

/** Numbers up to here have digits that 32-bit arithmetic finds. */
const MOST_DIRECT = 2_147_483_647;

function digitsOf(value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits += 1;
  return digits;
}

const BACKSLASH = 0x5c;
const HEX = '0123456789abcdef';
/** Escapes of one letter, by the byte they stand for. */
const LETTERS: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72, 34: 0x22, 92: 0x5c };

/** A string of these very bytes. */
export function addString(tape: TapeBuilder, source: Uint8Array, from: number, to: number): number {
  const start = tape.length;
  const escaped = addQuoted(tape, source, from, to);
  return addToken(tape, STRING | ((escaped ? STRING_ESCAPED : STRING_PLAIN) << 4), start, tape.length);
}

/** The bytes in quotes, which belong to no token yet: a key, or a string that is not finished. Returns whether there are escapes. */
export function addQuoted(tape: TapeBuilder, source: Uint8Array, from: number, to: number): boolean {
  reserve(tape, to - from + 2);
  let { bytes } = tape;
  let at = tape.length;
  let escaped = false;
  bytes[at++] = QUOTE;
  for (let i = from; i < to; i++) {
    const c = source[i]!;
    if (c >= 0x20 && c !== QUOTE && c !== BACKSLASH) {
      bytes[at++] = c;
      continue;
    }
    if (!escaped) {
      escaped = true;
      // Only now is it known that the text is longer than the bytes.
      tape.length = at;
      reserve(tape, sizeQuoted(source, i, to));
      bytes = tape.bytes;
    }
    bytes[at++] = BACKSLASH;
    const letter = LETTERS[c];
    if (letter !== undefined) {
      bytes[at++] = letter;
    } else {
      bytes[at++] = 0x75;
      bytes[at++] = 0x30;
      bytes[at++] = 0x30;
      bytes[at++] = HEX.charCodeAt(c >> 4);
      bytes[at++] = HEX.charCodeAt(c & 15);
    }
  }
  bytes[at++] = QUOTE;
  tape.length = at;
  return escaped;
}

function sizeQuoted(source: Uint8Array, from: number, to: number): number {
  let size = to - from + 2;
  for (let i = from; i < to; i++) {
    const c = source[i]!;
    if (c < 0x20) size += LETTERS[c] === undefined ? 5 : 1;
    else if (c === QUOTE || c === BACKSLASH) size += 1;
  }
  return size;
}

/** A string of this text. */
export function addStringText(tape: TapeBuilder, text: string): number {
  const source = Buffer.from(text);
  return addString(tape, source, 0, source.length);
}

/** A key of an object and the colon after it. */
export function addKey(tape: TapeBuilder, key: string): void {
  const source = Buffer.from(key);
  addQuoted(tape, source, 0, source.length);
  addText(tape, ':');
}

/** The kind of a token that was written. */
export function kindIn(tape: TapeBuilder, token: number): number {
  return tape.tokens[token * TOKEN_WIDTH]! & 15;
}

/** The shape of an object that was closed. */
export function shapeIn(tape: TapeBuilder, token: number): Shape {
  return tape.shapes[tape.tokens[token * TOKEN_WIDTH]! >>> 4]!;
}

/** Opens an object or array: its token, to be closed. The caller writes brackets, keys and commas. */
export function openContainer(tape: TapeBuilder, kind: typeof OBJECT | typeof ARRAY): number {
  return addToken(tape, kind, tape.length, tape.length);
}

/** Closes an object after its last byte. */
export function closeObject(tape: TapeBuilder, token: number, shape: Shape): void {
  close(tape, token, OBJECT | (slotOf(tape, shape) << 4));
}

function slotOf(tape: TapeBuilder, shape: Shape): number {
  let slot = tape.slots.get(shape);
  if (slot === undefined) {
    slot = tape.shapes.push(shape) - 1;
    tape.slots.set(shape, slot);
  }
  return slot;
}

/** Closes an array of so many elements after its last byte. */
export function closeArray(tape: TapeBuilder, token: number, elements: number): void {
  close(tape, token, ARRAY | (elements << 4));
}

function close(tape: TapeBuilder, token: number, head: number): void {
  const slot = token * TOKEN_WIDTH;
  tape.tokens[slot] = head;
  tape.tokens[slot + 2] = tape.length;
  tape.tokens[slot + 3] = tape.count;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BLANK = 0x20;

/** A value of another tape, as it was written but on one line, and returns its node. */
export function copyValue(tape: TapeBuilder, source: JsonTape, node: number): number {
  const from = startOf(source, node);
  const to = endOf(source, node);
  const shift = tape.length - from;
  reserve(tape, to - from);
  const { bytes } = tape;
  for (let p = from; p < to; p++) {
    const c = source.bytes[p]!;
    // A line can end only between tokens: inside of strings its end is escaped.
    bytes[p + shift] = c === NEWLINE || c === RETURN ? BLANK : c;
  }
  tape.length = to + shift;
  const root = tape.count;
  const alone = source.tokens[node * TOKEN_WIDTH]!;
  if ((alone & 15) < OBJECT) return addToken(tape, alone, from + shift, to + shift);
  for (let i = node; i < nextOf(source, node); i++) {
    const head = source.tokens[i * TOKEN_WIDTH]!;
    const isObject = kindOf(source, i) === OBJECT;
    const copy = addToken(
      tape,
      isObject ? OBJECT | (slotOf(tape, shapeOf(source, i)) << 4) : head,
      startOf(source, i) + shift,
      endOf(source, i) + shift,
    );
    tape.tokens[copy * TOKEN_WIDTH + 3] = nextOf(source, i) - node + root;
  }
  return root;
}
