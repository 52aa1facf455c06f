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
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import { type Cell, FAULTY, type Fault, fail, VERBATIM, type Verdict } from '../cell.ts';
import { fieldPart, within } from './containers.ts';
import { floatCell } from './floats.ts';
import { parseDecimal, plainText, wholeDigits } from './number-text.ts';
import { copyToken, wrongType } from './shared.ts';

/** Kinds of scalars seen in an array and the arrays inside it, as bits. */
const HAS_BOOLEAN = 1;
const HAS_OTHER = 2;
const HAS_REAL = 4;
const HAS_WIDE_INTEGER = 8;

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Checks JSON that no type is declared for. */
export interface FreeForm {
  check(tape: JsonTape, node: number, path: string): Verdict;
}

/**
 * What JSON and Dynamic columns keep exactly. ClickHouse turns true beside 1 or "x" in an array into 1 or "true", and integers beside
 * fractions into fractions: such arrays are refused if a value would change. Keys with dots would run into nested keys. A null member and
 * an empty object inside a JSON column read back as absent; they count as the same.
 * `typed` are the cells of declared paths, by dotted path.
 */
export function createFreeForm(fault: Fault, typed: ReadonlyMap<string, Cell>): FreeForm {
  const float = floatCell({ kind: 'float', format: 'Float64' }, fault);
  let seen = 0;

  const checkNumber = (tape: JsonTape, node: number): Verdict => {
    const integer = extraOf(tape, node) === NUMBER_INTEGER;
    seen |= HAS_OTHER | (integer ? 0 : HAS_REAL);
    if (!integer) return float.check(tape, node);
    const decimal = parseDecimal(textOf(tape, node));
    const value = decimal === undefined || wholeDigits(decimal) > 20 ? undefined : BigInt(plainText(decimal));
    if (value === undefined || value > MAX_UINT64 || value < MIN_INT64)
      return fail(fault, 'out_of_range', 'the integer does not fit 64 bits, the widest that free-form JSON keeps');
    if (value > MAX_SAFE || value < -MAX_SAFE) seen |= HAS_WIDE_INTEGER;
    return VERBATIM;
  };

  const checkArray = (tape: JsonTape, node: number, path: string, outer: number): Verdict => {
    const end = nextOf(tape, node);
    if (outer === 0) seen = 0;
    let index = 0;
    for (let child = node + 1; child < end; child = nextOf(tape, child)) {
      if (checkValue(tape, child, path, outer + 1) === FAULTY) return within(fault, `[${index}]`);
      index++;
    }
    if ((seen & HAS_BOOLEAN) !== 0 && (seen & HAS_OTHER) !== 0)
      return fail(fault, 'ambiguous_value', 'an array mixes booleans with other values, which ClickHouse would turn into one kind');
    if ((seen & HAS_REAL) !== 0 && (seen & HAS_WIDE_INTEGER) !== 0)
      return fail(fault, 'precision_loss', 'an array mixes fractions with integers above 2^53, which ClickHouse would turn into fractions');
    return VERBATIM;
  };

  const checkObject = (tape: JsonTape, node: number, path: string): Verdict => {
    const { keys } = shapeOf(tape, node);
    const outer = seen;
    let child = node + 1;
    for (const key of keys) {
      if (key.includes('.')) {
        fail(fault, 'ambiguous_value', 'a key has a dot, which ClickHouse takes for a path');
        return within(fault, fieldPart(key));
      }
      const inner = path === '' ? key : `${path}.${key}`;
      if (checkMember(tape, child, inner) === FAULTY) return within(fault, fieldPart(key));
      child = nextOf(tape, child);
    }
    seen = outer | HAS_OTHER;
    return VERBATIM;
  };

  const checkMember = (tape: JsonTape, node: number, path: string): Verdict => {
    const cell = typed.get(path);
    return cell === undefined ? checkValue(tape, node, path, 0) : cell.check(tape, node);
  };

  const checkValue = (tape: JsonTape, node: number, path: string, depth: number): Verdict => {
    switch (kindOf(tape, node)) {
      case NUMBER:
        return checkNumber(tape, node);
      case ARRAY:
        return checkArray(tape, node, path, depth);
      case OBJECT:
        return checkObject(tape, node, path);
      case TRUE:
      case FALSE:
        seen |= HAS_BOOLEAN;
        return VERBATIM;
      case STRING:
        seen |= HAS_OTHER;
        return VERBATIM;
      default:
        return VERBATIM;
    }
  };

  return { check: (tape, node, path) => checkValue(tape, node, path, 0) };
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
    write: copyToken,
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

/** Dynamic: any value but null, which ClickHouse does not read there, and an empty object, which it turns into text. */
export function dynamicCell(fault: Fault): Cell {
  const free = createFreeForm(fault, new Map());
  return {
    optional: true,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NULL) return fail(fault, 'missing_value', 'ClickHouse reads no null in a Dynamic column: leave the field out');
      if (kind === OBJECT && shapeOf(tape, node).keys.length === 0)
        return fail(fault, 'ambiguous_value', 'ClickHouse turns an empty object in a Dynamic column into text: leave the field out');
      return free.check(tape, node, '');
    },
    write: copyToken,
  };
}
