import {
  ARRAY,
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  NUMBER_INTEGER,
  nextOf,
  OBJECT,
  STRING,
  shapeOf,
  stringOf,
  TRUE,
  textOf,
} from '../core/json-tape.ts';
import { createCivilTime, readDateTime } from './cells/civil.ts';
import { parseDecimal } from './cells/number-text.ts';

/** What was seen of a field over many records. */
export interface Seen {
  /** Values that are not null. */
  values: number;
  nulls: number;
  booleans: number;
  /** Integers as they were written, without fraction or exponent. */
  integers: number;
  least: bigint;
  greatest: bigint;
  /** Numbers with a fraction or an exponent. */
  reals: number;
  /** A number has more digits than a double is printed with, or is none. */
  unboundedNumber: boolean;
  strings: number;
  /** Strings that are times with a zone; `timeDigits` is the most digits after the point. */
  times: number;
  timeDigits: number;
  arrays: number;
  element: Seen | undefined;
  objects: number;
  fields: Map<string, Seen>;
  /** There is more in it than a type is made for. */
  unruly: boolean;
}

/** Fields of an object, and levels of nesting, beyond which it is no longer taken for a record. */
const MOST_FIELDS = 64;
const DEEPEST = 8;

/** Digits of the widest integers that get a type of their own. */
const WIDEST_INTEGER = 76;

export function createSeen(): Seen {
  return {
    values: 0,
    nulls: 0,
    booleans: 0,
    integers: 0,
    least: 0n,
    greatest: 0n,
    reals: 0,
    unboundedNumber: false,
    strings: 0,
    times: 0,
    timeDigits: 0,
    arrays: 0,
    element: undefined,
    objects: 0,
    fields: new Map(),
    unruly: false,
  };
}

/** Adds a value to what was seen. */
export function observe(seen: Seen, tape: JsonTape, node: number, depth = 0): void {
  const kind = kindOf(tape, node);
  if (kind === NULL) {
    seen.nulls++;
    return;
  }
  seen.values++;
  if (kind === TRUE || kind === FALSE) seen.booleans++;
  else if (kind === NUMBER) observeNumber(seen, tape, node);
  else if (kind === STRING) observeString(seen, stringOf(tape, node));
  else if (depth >= DEEPEST) seen.unruly = true;
  else if (kind === ARRAY) observeArray(seen, tape, node, depth);
  else if (kind === OBJECT) observeObject(seen, tape, node, depth);
}

function observeNumber(seen: Seen, tape: JsonTape, node: number): void {
  const text = textOf(tape, node);
  if (extraOf(tape, node) !== NUMBER_INTEGER) {
    seen.reals++;
    const decimal = parseDecimal(text);
    const value = Number(text);
    const vanishes = value === 0 && decimal?.digits !== '';
    if (decimal === undefined || decimal.digits.length > 17 || !Number.isFinite(value) || vanishes) seen.unboundedNumber = true;
    return;
  }
  seen.integers++;
  if (text.length > WIDEST_INTEGER) {
    seen.unboundedNumber = true;
    return;
  }
  const value = BigInt(text);
  if (value < seen.least) seen.least = value;
  if (value > seen.greatest) seen.greatest = value;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:?\d\d)$/;

function observeString(seen: Seen, text: string): void {
  seen.strings++;
  const match = text.length <= 40 ? ISO.exec(text) : null;
  if (match === null || !readDateTime(Buffer.from(text), 0, text.length, createCivilTime())) return;
  seen.times++;
  seen.timeDigits = Math.max(seen.timeDigits, (match[1] ?? '').length);
}

function observeArray(seen: Seen, tape: JsonTape, node: number, depth: number): void {
  seen.arrays++;
  seen.element ??= createSeen();
  const end = nextOf(tape, node);
  for (let child = node + 1; child < end; child = nextOf(tape, child)) observe(seen.element, tape, child, depth + 1);
}

function observeObject(seen: Seen, tape: JsonTape, node: number, depth: number): void {
  seen.objects++;
  const { keys } = shapeOf(tape, node);
  let child = node + 1;
  for (const key of keys) {
    let field = seen.fields.get(key);
    if (field === undefined) {
      if (seen.fields.size >= MOST_FIELDS) {
        seen.unruly = true;
        return;
      }
      field = createSeen();
      seen.fields.set(key, field);
    }
    observe(field, tape, child, depth + 1);
    child = nextOf(tape, child);
  }
}
