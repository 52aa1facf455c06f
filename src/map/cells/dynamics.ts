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
  startOf,
  TRUE,
} from '../../core/json-tape.ts';
import { type Cell, FAULTY, type Fault, fail, VERBATIM, type Verdict } from '../cell.ts';
import { fieldPart, within } from './containers.ts';
import { floatCell } from './floats.ts';
import { integerWidth, TOO_WIDE } from './free-form.ts';
import { copyToken } from './shared.ts';
import { hasEscapedKey } from './spelling.ts';

/** What an array and the arrays inside it hold, as bits. */
const HAS_BOOLEAN = 1;
const HAS_NUMBER = 2;
const HAS_STRING = 4;
const HAS_REAL = 8;
const HAS_WIDE_INTEGER = 16;
const HAS_NULL = 32;
const HAS_NEGATIVE = 64;
/** Above 2^63 − 1. */
const HAS_UNSIGNED = 128;

/** Names that a key may have as an element of a tuple. `null` is the name of a part of Nullable. */
const ELEMENT_NAME = /^(?!null$)[A-Za-z_]\w*$/;

/** What one check has met so far, of the outermost array around the value. One object a cell, reused. */
interface Walk {
  readonly fault: Fault;
  readonly float: Cell;
  seen: number;
  /** Levels of the array that hold scalars, and those that hold arrays, as bits. */
  scalarLevels: number;
  arrayLevels: number;
}

/**
 * Dynamic. ClickHouse infers a type for each value: a Tuple for an object, Array(Tuple) for an array of objects, where it makes up the
 * fields that one of them lacks. It turns an empty object into text, and names with a dot can make a part that cannot be read again. It
 * reads no null outside objects and arrays of one kind. All of these are refused; the JSON type keeps most of them.
 */
export function dynamicCell(fault: Fault): Cell {
  const float = floatCell({ kind: 'float', format: 'Float64' }, { fault });
  const walk: Walk = { fault, float, seen: 0, scalarLevels: 0, arrayLevels: 0 };
  return {
    optional: true,
    check(tape, node) {
      if (kindOf(tape, node) !== NULL) return checkValue(walk, tape, node);
      return fail(fault, 'missing_value', 'ClickHouse reads no null in a Dynamic column: leave the field out');
    },
    write: copyToken,
  };
}

function checkValue(walk: Walk, tape: JsonTape, node: number): Verdict {
  const kind = kindOf(tape, node);
  if (kind === OBJECT) return checkObject(walk, tape, node);
  if (kind !== ARRAY) return checkScalar(walk, tape, node);
  if (holdsObject(tape, node)) return checkObjects(walk, tape, node);
  walk.seen = 0;
  walk.scalarLevels = 0;
  walk.arrayLevels = 0;
  return checkElements(walk, tape, node, 0) === FAULTY ? FAULTY : checkMix(walk);
}

function checkScalar(walk: Walk, tape: JsonTape, node: number): Verdict {
  const kind = kindOf(tape, node);
  if (kind === NUMBER) return checkNumber(walk, tape, node);
  walk.seen |= kind === STRING ? HAS_STRING : kind === NULL ? HAS_NULL : HAS_BOOLEAN;
  return VERBATIM;
}

function checkNumber(walk: Walk, tape: JsonTape, node: number): Verdict {
  walk.seen |= HAS_NUMBER;
  if (extraOf(tape, node) !== NUMBER_INTEGER) {
    walk.seen |= HAS_REAL;
    return walk.float.check(tape, node);
  }
  const width = integerWidth(tape, node);
  if (width !== 'safe') walk.seen |= HAS_WIDE_INTEGER;
  if (width === 'unsigned') walk.seen |= HAS_UNSIGNED;
  if (tape.bytes[startOf(tape, node)] === 0x2d) walk.seen |= HAS_NEGATIVE;
  return width === 'too-wide' ? fail(walk.fault, 'out_of_range', TOO_WIDE) : VERBATIM;
}

function checkElements(walk: Walk, tape: JsonTape, node: number, depth: number): Verdict {
  const end = nextOf(tape, node);
  const level = 1 << Math.min(depth, 30);
  let index = 0;
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    const isArray = kindOf(tape, child) === ARRAY;
    if (isArray) walk.arrayLevels |= level;
    else walk.scalarLevels |= level;
    const found = isArray ? checkElements(walk, tape, child, depth + 1) : checkScalar(walk, tape, child);
    if (found === FAULTY) return within(walk.fault, `[${index}]`);
    index++;
  }
  return VERBATIM;
}

function checkMix({ fault, seen, scalarLevels, arrayLevels }: Walk): Verdict {
  const kinds = seen & (HAS_BOOLEAN | HAS_NUMBER | HAS_STRING);
  const isMixed = (kinds & (kinds - 1)) !== 0;
  if (isMixed && (kinds & HAS_BOOLEAN) !== 0)
    return fail(fault, 'ambiguous_value', 'an array mixes booleans with other values, which ClickHouse would turn into one kind');
  if ((seen & HAS_REAL) !== 0 && (seen & HAS_WIDE_INTEGER) !== 0)
    return fail(fault, 'precision_loss', 'an array mixes fractions with integers above 2^53, which ClickHouse would turn into fractions');
  if ((seen & HAS_NEGATIVE) !== 0 && (seen & HAS_UNSIGNED) !== 0)
    return fail(fault, 'invalid_value', 'an array has integers below 0 beside ones above 2^63, which ClickHouse may not read into Dynamic');
  if ((seen & HAS_NULL) !== 0 && (isMixed || (scalarLevels & arrayLevels) !== 0))
    return fail(fault, 'invalid_value', 'an array has null beside values of several kinds, which ClickHouse does not read into Dynamic');
  return VERBATIM;
}

function checkObjects(walk: Walk, tape: JsonTape, node: number): Verdict {
  const end = nextOf(tape, node);
  let index = 0;
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    if (checkValue(walk, tape, child) === FAULTY) return within(walk.fault, `[${index}]`);
    index++;
  }
  if (signatureOf(tape, node) !== undefined) return VERBATIM;
  return fail(
    walk.fault,
    'ambiguous_value',
    'the objects in an array differ in their fields or the kinds of their values, which Dynamic does not keep: use a JSON column',
  );
}

function checkObject(walk: Walk, tape: JsonTape, node: number): Verdict {
  const { fault } = walk;
  const { keys } = shapeOf(tape, node);
  if (keys.length === 0)
    return fail(fault, 'ambiguous_value', 'ClickHouse turns an empty object in a Dynamic column into text: leave the field out');
  const odd = keys.find((key) => !ELEMENT_NAME.test(key));
  if (odd !== undefined || hasEscapedKey(tape, node)) {
    fail(fault, 'ambiguous_value', 'Dynamic keeps only fields whose names are letters, digits and _: use a JSON column');
    return odd === undefined ? FAULTY : within(fault, fieldPart(odd));
  }
  let child = node + 1;
  for (const key of keys) {
    if (checkValue(walk, tape, child) === FAULTY) return within(fault, fieldPart(key));
    child = nextOf(tape, child);
  }
  return VERBATIM;
}

function holdsObject(tape: JsonTape, node: number): boolean {
  const end = nextOf(tape, node);
  for (let child = node + 1; child < end; child++) if (kindOf(tape, child) === OBJECT) return true;
  return false;
}

/** The type ClickHouse infers for the value, if no other value can change what it infers; undefined otherwise. */
function signatureOf(tape: JsonTape, node: number): string | undefined {
  switch (kindOf(tape, node)) {
    case NUMBER:
      return extraOf(tape, node) === NUMBER_INTEGER ? integerSignature(tape, node) : 'real';
    case STRING:
      return 'string';
    case TRUE:
    case FALSE:
      return 'boolean';
    case ARRAY:
      return arraySignature(tape, node);
    case OBJECT:
      return objectSignature(tape, node);
    default:
      return undefined;
  }
}

/** Int64 or UInt64. */
function integerSignature(tape: JsonTape, node: number): string {
  return integerWidth(tape, node) === 'unsigned' ? 'unsigned' : 'signed';
}

function arraySignature(tape: JsonTape, node: number): string | undefined {
  const end = nextOf(tape, node);
  let common = '';
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    const signature = signatureOf(tape, child);
    if (signature === undefined || (common !== '' && signature !== common)) return undefined;
    common = signature;
  }
  return `[${common}]`;
}

function objectSignature(tape: JsonTape, node: number): string | undefined {
  const members: string[] = [];
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    const signature = signatureOf(tape, child);
    if (signature === undefined) return undefined;
    members.push(`${JSON.stringify(key)}:${signature}`);
    child = nextOf(tape, child);
  }
  return members.length === 0 ? undefined : `{${members.join(',')}}`;
}
