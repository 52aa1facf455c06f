import {
  ARRAY,
  endOf,
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
import type { ByteWriter } from '../byte-writer.ts';
import { type Cell, FAULTY, type Fault, fail, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { fieldPart, within } from './containers.ts';
import { floatCell } from './floats.ts';
import { copyToken, worse, wrongType } from './shared.ts';

/** What an array and the arrays inside it hold, as bits. */
const HAS_BOOLEAN = 1;
const HAS_SCALAR = 2;
/** Outside ±2^53, and so not held by a double. */
const HAS_WIDE_INTEGER = 4;

const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_SAFE = 2n ** 53n - 1n;
/** Digits every integer of which a double holds, and the most that 64 bits can have, with a minus. */
const SAFE_DIGITS = 15;
const MOST_DIGITS = 20;

/**
 * Objects inside arrays may have fewer kinds of values on a path the deeper they are: 32, 16, 4, 1. Where these are used up, ClickHouse puts
 * an integer among the fractions of another record.
 */
const LEVELS_WITH_VARIANTS = 2;

/** Checks JSON that no type is declared for, and writes it where a declared path in it needs another spelling. */
export interface FreeForm {
  /** `path`: where the value stands in the column, keys joined by dots; empty for the column itself. */
  check(tape: JsonTape, node: number, path: string): Verdict;
  write(tape: JsonTape, node: number, path: string, out: ByteWriter): void;
}

/** Whether an integer is within ±2^53 (`safe`), fits Int64, UInt64, or neither. */
export function integerWidth(tape: JsonTape, node: number): 'safe' | 'signed' | 'unsigned' | 'too-wide' {
  const start = startOf(tape, node);
  const length = endOf(tape, node) - start;
  if (length <= SAFE_DIGITS) return 'safe';
  if (length > MOST_DIGITS) return 'too-wide';
  const value = BigInt(tape.bytes.toString('latin1', start, start + length));
  if (value > MAX_UINT64 || value < -MAX_INT64 - 1n) return 'too-wide';
  if (value > MAX_INT64) return 'unsigned';
  return value > MAX_SAFE || value < -MAX_SAFE ? 'signed' : 'safe';
}

const MAY_ROUND =
  'ClickHouse may turn integers above 2^53 in arrays of a JSON column into fractions: declare the type of the path, or send them as text';

export const TOO_WIDE = 'the integer does not fit 64 bits, the widest that free-form JSON keeps';

/** What one check has met so far. One object a cell, reused. */
interface Walk {
  readonly fault: Fault;
  readonly float: Cell;
  readonly typed: ReadonlyMap<string, Cell>;
  /** Of the outermost array around the value. */
  seen: number;
  /** Levels of that array that hold null, and those that hold arrays, as bits. */
  nullLevels: number;
  arrayLevels: number;
  /** Arrays of objects around the value. */
  level: number;
}

/**
 * What a JSON column keeps exactly. ClickHouse turns true beside 1 or "x" in an array into 1 or "true". It turns the integers of an array
 * into fractions if there is a fraction in the array, or in an array of another record on the same path, so those that a fraction does not
 * hold are refused. Keys with dots would run into nested keys. A null member, and an object with nothing else inside, read back as absent;
 * they count as the same.
 * `typed` are the cells of declared paths, by dotted path. Inside arrays no path is declared.
 */
export function createFreeForm(fault: Fault, typed: ReadonlyMap<string, Cell>): FreeForm {
  const walk: Walk = {
    fault,
    float: floatCell({ kind: 'float', format: 'Float64' }, { fault }),
    typed,
    seen: 0,
    nullLevels: 0,
    arrayLevels: 0,
    level: 0,
  };
  return {
    check(tape, node, path) {
      walk.level = 0;
      return path === '' ? checkValue(walk, tape, node, path) : checkAt(walk, tape, node, path);
    },
    write(tape, node, path, out) {
      writeAt(typed, tape, node, path, out);
    },
  };
}

function checkValue(walk: Walk, tape: JsonTape, node: number, path: string | undefined): Verdict {
  switch (kindOf(tape, node)) {
    case ARRAY:
      walk.seen = 0;
      walk.nullLevels = 0;
      walk.arrayLevels = 0;
      return checkArray(walk, tape, node, 0);
    case OBJECT:
      return checkObject(walk, tape, node, path);
    default:
      return checkScalar(walk, tape, node);
  }
}

function checkScalar(walk: Walk, tape: JsonTape, node: number): Verdict {
  switch (kindOf(tape, node)) {
    case NUMBER:
      walk.seen |= HAS_SCALAR;
      return extraOf(tape, node) === NUMBER_INTEGER ? checkInteger(walk, tape, node) : walk.float.check(tape, node);
    case TRUE:
    case FALSE:
      walk.seen |= HAS_BOOLEAN;
      return VERBATIM;
    case STRING:
      walk.seen |= HAS_SCALAR;
      return VERBATIM;
    default:
      return VERBATIM;
  }
}

function checkInteger(walk: Walk, tape: JsonTape, node: number): Verdict {
  const width = integerWidth(tape, node);
  if (width === 'safe') return VERBATIM;
  if (width === 'too-wide') return fail(walk.fault, 'out_of_range', TOO_WIDE);
  walk.seen |= HAS_WIDE_INTEGER;
  return walk.level < LEVELS_WITH_VARIANTS ? VERBATIM : fail(walk.fault, 'precision_loss', MAY_ROUND);
}

function checkArray(walk: Walk, tape: JsonTape, node: number, depth: number): Verdict {
  const { fault } = walk;
  const end = nextOf(tape, node);
  const level = 1 << Math.min(depth, 30);
  let index = 0;
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    const kind = kindOf(tape, child);
    if (kind === NULL) walk.nullLevels |= level;
    if (kind === ARRAY) walk.arrayLevels |= level;
    if (checkElement(walk, tape, child, depth) === FAULTY) return within(fault, `[${index}]`);
    index++;
  }
  if ((walk.nullLevels & walk.arrayLevels) !== 0)
    return fail(fault, 'invalid_value', 'an array has null where it has arrays too, which ClickHouse does not read');
  if ((walk.seen & HAS_WIDE_INTEGER) !== 0) return fail(fault, 'precision_loss', MAY_ROUND);
  if ((walk.seen & HAS_BOOLEAN) === 0 || (walk.seen & HAS_SCALAR) === 0) return VERBATIM;
  return fail(fault, 'ambiguous_value', 'an array mixes booleans with other values, which ClickHouse would turn into one kind');
}

function checkElement(walk: Walk, tape: JsonTape, node: number, depth: number): Verdict {
  switch (kindOf(tape, node)) {
    case ARRAY:
      return checkArray(walk, tape, node, depth + 1);
    case OBJECT:
      return checkObjectInArray(walk, tape, node);
    default:
      return checkScalar(walk, tape, node);
  }
}

function checkObjectInArray(walk: Walk, tape: JsonTape, node: number): Verdict {
  const { seen, nullLevels, arrayLevels } = walk;
  walk.level++;
  const verdict = checkObject(walk, tape, node, undefined);
  walk.level--;
  walk.seen = seen;
  walk.nullLevels = nullLevels;
  walk.arrayLevels = arrayLevels;
  return verdict;
}

function checkObject(walk: Walk, tape: JsonTape, node: number, path: string | undefined): Verdict {
  let verdict: Verdict = VERBATIM;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key.includes('.')) {
      fail(walk.fault, 'ambiguous_value', 'a key has a dot, which ClickHouse takes for a path');
      return within(walk.fault, fieldPart(key));
    }
    const found = checkAt(walk, tape, child, path === undefined ? undefined : join(path, key));
    if (found === FAULTY) return within(walk.fault, fieldPart(key));
    verdict = worse(verdict, found);
    child = nextOf(tape, child);
  }
  return verdict;
}

function checkAt(walk: Walk, tape: JsonTape, node: number, path: string | undefined): Verdict {
  const cell = path === undefined ? undefined : walk.typed.get(path);
  return cell === undefined ? checkValue(walk, tape, node, path) : cell.check(tape, node);
}

function writeAt(typed: ReadonlyMap<string, Cell>, tape: JsonTape, node: number, path: string, out: ByteWriter): void {
  const cell = path === '' ? undefined : typed.get(path);
  if (cell?.check(tape, node) === REWRITE) return cell.write(tape, node, out);
  if (cell !== undefined || typed.size === 0 || kindOf(tape, node) !== OBJECT) return copyToken(tape, node, out);
  let separator = '{';
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    out.utf8(`${separator}${JSON.stringify(key)}:`);
    writeAt(typed, tape, child, join(path, key), out);
    separator = ',';
    child = nextOf(tape, child);
  }
  return out.ascii(separator === '{' ? '{}' : '}');
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** JSON: an object. `typed` are its declared paths; a path whose type has no empty value must be there, or ClickHouse would make one up. */
export function jsonCell(typed: ReadonlyMap<string, Cell>, fault: Fault): Cell {
  const free = createFreeForm(fault, typed);
  const required = [...typed].filter(([, cell]) => !cell.optional).map(([path]) => path.split('.'));
  return {
    optional: required.length === 0,
    check(tape, node) {
      if (kindOf(tape, node) !== OBJECT) return wrongType(fault, tape, node, 'objects');
      const missing = required.find((path) => !hasPath(tape, node, path));
      if (missing !== undefined)
        return fail(fault, 'missing_value', 'a declared path of the JSON column that is not Nullable has no value');
      return free.check(tape, node, '');
    },
    write: (tape, node, out) => free.write(tape, node, '', out),
  };
}

function hasPath(tape: JsonTape, node: number, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (kindOf(tape, node) !== OBJECT) return false;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key === first) return hasPath(tape, child, rest);
    child = nextOf(tape, child);
  }
  return false;
}
