import { compareDecimals, type Decimal, decimalOf, isWhole } from './decimal-texts.ts';

/**
 * The texts of numbers that JavaScript rounds, by the object or array they stand in and their key there. All others are the number that `String` gives, as
 * their texts have no more digits than a double keeps.
 */
export type RoundedNumbers = WeakMap<object, Map<string, string>>;

/** A parsed JSON text, under the key '', because every number needs something that it stands in. */
export interface ExactJson {
  readonly '': unknown;
}

/** In texts without this every number has at most 15 digits. It may match in a string: that costs time alone. */
const MAY_ROUND = /\d[\d.]{15,}|\d[eE]/;
const LITERAL = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** Stands for a fraction that would be rounded to a whole number, because a check for whole numbers looks at the double. */
const A_FRACTION = 0.5;

/** Parses JSON, and adds to `rounded` what its doubles do not say. @throws SyntaxError */
export function parseExactly(text: string, rounded: RoundedNumbers): ExactJson {
  const parsed: unknown = JSON.parse(text);
  if (!MAY_ROUND.test(text)) return { '': parsed };
  const holder = { '': parsed };
  readValue({ text, at: 0 }, { parent: holder, key: '' }, rounded);
  return holder;
}

/** What the JSON number at a place is, of which `value` is the double. */
export function decimalAt(rounded: RoundedNumbers, parent: object, key: string | number, value: number): Decimal {
  return decimalOf(rounded.get(parent)?.get(String(key)) ?? String(value));
}

export function isRounded(rounded: RoundedNumbers, parent: object, key: string | number): boolean {
  return rounded.get(parent)?.has(String(key)) === true;
}

/** A valid text, and how far it was read. */
interface Cursor {
  readonly text: string;
  at: number;
}

interface Place {
  readonly parent: object;
  readonly key: string;
}

function readValue(cursor: Cursor, place: Place, rounded: RoundedNumbers): void {
  const first = skipSpace(cursor);
  if (first === '{') put(place, readObject(cursor, rounded));
  else if (first === '[') put(place, readArray(cursor, rounded));
  else if (first === '"') put(place, readString(cursor));
  else {
    LITERAL.lastIndex = cursor.at;
    const [literal = ''] = LITERAL.exec(cursor.text) ?? [];
    cursor.at += literal.length;
    const value: unknown = JSON.parse(literal);
    put(place, typeof value === 'number' ? readNumber(literal, value, place, rounded) : value);
  }
}

function readNumber(literal: string, double: number, { parent, key }: Place, rounded: RoundedNumbers): number {
  const texts = rounded.get(parent) ?? new Map<string, string>();
  // The last one of a key counts.
  texts.delete(key);
  const said = decimalOf(literal);
  if (Number.isFinite(double) && compareDecimals(said, decimalOf(String(double))) === 0) return double;
  rounded.set(parent, texts.set(key, literal));
  return isWhole(said) ? double : A_FRACTION;
}

function readObject(cursor: Cursor, rounded: RoundedNumbers): object {
  const object = {};
  cursor.at += 1;
  while (skipSpace(cursor) !== '}') {
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    skipSpace(cursor);
    const key = readString(cursor);
    skipSpace(cursor);
    cursor.at += 1;
    readValue(cursor, { parent: object, key }, rounded);
  }
  cursor.at += 1;
  return object;
}

function readArray(cursor: Cursor, rounded: RoundedNumbers): unknown[] {
  const array: unknown[] = [];
  cursor.at += 1;
  while (skipSpace(cursor) !== ']') {
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    readValue(cursor, { parent: array, key: String(array.length) }, rounded);
  }
  cursor.at += 1;
  return array;
}

function readString(cursor: Cursor): string {
  const start = cursor.at;
  for (cursor.at += 1; cursor.text[cursor.at] !== '"'; cursor.at += 1) if (cursor.text[cursor.at] === '\\') cursor.at += 1;
  cursor.at += 1;
  return JSON.parse(cursor.text.slice(start, cursor.at)) as string;
}

function skipSpace(cursor: Cursor): string | undefined {
  while (cursor.text.charCodeAt(cursor.at) <= 0x20) cursor.at += 1;
  return cursor.text[cursor.at];
}

/** Not by assignment: `__proto__` is a key like others. */
function put({ parent, key }: Place, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
}
