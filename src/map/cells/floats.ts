import {
  endOf,
  extraOf,
  type JsonTape,
  kindOf,
  NUMBER,
  NUMBER_BINARY,
  NUMBER_DECIMAL,
  NUMBER_INTEGER,
  STRING,
  startOf,
  stringOf,
  textOf,
} from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, fail, type LossOptions, lose, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { isExactly, parseDecimal } from './number-text.ts';
import { copyToken, wrongType } from './shared.ts';

/** The words for what JSON numbers can't say, as several producers write them, and as ClickHouse reads them. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['NaN', '"nan"'],
  ['nan', '"nan"'],
  ['Infinity', '"inf"'],
  ['inf', '"inf"'],
  ['-Infinity', '"-inf"'],
  ['-inf', '"-inf"'],
]);

interface Precision {
  /** Digits after which a fraction stands for itself and not for the nearest binary number: what printers of that width write at most. */
  readonly digits: number;
  /** Digits every integer of which the format holds. */
  readonly exact: number;
  /** Digits of a decimal that is still the shortest one that is read as the number in the format. */
  readonly decimals: number;
  readonly round: (value: number) => number;
  /** The nearest number that the format holds. */
  readonly near: (value: number) => number;
  /** Whether the format holds a number that `round` gave. */
  readonly holds: (value: number) => boolean;
}

/** ClickHouse reads a BFloat16 as Float32 and cuts off its lower half, so only what has none is read as it is written. */
const FORMATS: Readonly<Record<Extract<ColumnType, { kind: 'float' }>['format'], Precision>> = {
  Float64: { digits: 17, exact: 15, decimals: 15, round: (value) => value, near: (value) => value, holds: () => true },
  Float32: { digits: 9, exact: 7, decimals: 6, round: Math.fround, near: Math.fround, holds: () => true },
  BFloat16: {
    digits: 9,
    exact: 2,
    decimals: 2,
    round: Math.fround,
    near: (value) => {
      const bits = new Uint32Array(Float32Array.of(value).buffer);
      bits[0] = bits[0]! & 0xffff0000;
      return new Float32Array(bits.buffer)[0]!;
    },
    holds: (value) => (new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff) === 0,
  },
};

/**
 * Float32, Float64, BFloat16. A number with a point or an exponent and few enough digits means the nearest binary number, as everywhere in
 * JSON; a plain integer, or a number with more digits than such a number is ever printed with, means itself and must be held exactly.
 */
export function floatCell({ format }: Extract<ColumnType, { kind: 'float' }>, options: LossOptions): Cell {
  const { fault } = options;
  const { digits, exact, decimals, round, near, holds } = FORMATS[format];
  /** Of a schema's binary numbers. */
  const holdsAll = format === 'Float64';
  const shortReal = format === 'BFloat16' ? -1 : digits;

  const checkText = (text: string): Verdict => {
    const decimal = parseDecimal(text);
    if (decimal?.digits === '') return VERBATIM;
    const nearest = round(Number(text));
    if (!Number.isFinite(nearest)) return fail(fault, 'out_of_range', `the number is too large for ${format}`);
    if (decimal === undefined) return lose(options, `the number has more digits than ${format} keeps`);
    if (nearest === 0) return lose(options, `the number is too small for ${format}, which would make it 0`);
    const meansNearest = /[.eE]/.test(text) && decimal.digits.length <= digits;
    if (holds(nearest) && (meansNearest || isExactly(decimal, nearest) || isFloatAsDouble(text, nearest))) return VERBATIM;
    const what = decimal.scale > 0 ? `a number with ${decimal.digits.length} digits` : 'an integer this large';
    return lose(options, `${format} does not hold ${what} exactly`);
  };

  /** The number itself: of the one that is nearest to it the sender would get another one back. */
  const checkBinary = (value: number): Verdict => {
    const nearest = round(value);
    if (!Number.isFinite(nearest)) return fail(fault, 'out_of_range', `the number is too large for ${format}`);
    if (nearest === value && holds(nearest)) return VERBATIM;
    return lose(options, `the number has 64 bits, and ${format} does not hold it exactly`);
  };
  /** A decimal that is short enough comes back as the same digits. */
  const checkDecimal = (text: string): Verdict => {
    const decimal = parseDecimal(text);
    const nearest = round(Number(text));
    if (decimal !== undefined && holds(nearest) && (decimal.digits.length <= decimals || isExactly(decimal, nearest))) return VERBATIM;
    return lose(options, `the decimal has more digits than ${format} keeps`);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NUMBER) {
        const extra = extraOf(tape, node);
        if (extra === NUMBER_BINARY) return holdsAll ? VERBATIM : checkBinary(Number(textOf(tape, node)));
        if (extra === NUMBER_DECIMAL) return checkDecimal(textOf(tape, node));
        return isShort(tape, node, exact, shortReal) ? VERBATIM : checkText(textOf(tape, node));
      }
      if (kind !== STRING) return wrongType(fault, tape, node, 'numbers');
      const text = stringOf(tape, node);
      if (WORDS.has(text)) return REWRITE;
      if (parseDecimal(text) === undefined) return fail(fault, 'invalid_value', `the text is not a number, and the column is ${format}`);
      const verdict = checkText(text);
      return verdict === VERBATIM ? REWRITE : verdict;
    },
    write(tape, node, out) {
      const isNumber = kindOf(tape, node) === NUMBER;
      const text = isNumber ? textOf(tape, node) : stringOf(tape, node);
      // With all its digits ClickHouse would take a neighbour of the nearest number.
      if (options.losses !== undefined && !WORDS.has(text)) return out.ascii(String(near(Number(text))));
      return isNumber ? copyToken(tape, node, out) : out.ascii(WORDS.get(text) ?? text);
    },
  };
}

/** Whether the text is how a double is printed that is one of the numbers of the narrower format: a producer's float, on its way through doubles. */
function isFloatAsDouble(text: string, nearest: number): boolean {
  return Number(text) === nearest && String(nearest) === text;
}

/** Characters of a number without exponent that is neither too large nor too small for any of the formats. */
const SHORT_REAL = 30;

/** A number of so few digits is exact, or means the nearest one, whatever its digits are. */
function isShort(tape: JsonTape, node: number, exact: number, real: number): boolean {
  const start = startOf(tape, node);
  const end = endOf(tape, node);
  if (extraOf(tape, node) === NUMBER_INTEGER) return end - start <= exact;
  if (end - start > SHORT_REAL) return false;
  let count = 0;
  for (let p = start; p < end; p++) {
    const c = tape.bytes[p]!;
    if ((c | 0x20) === 0x65) return false;
    if (c > 0x30 ? c <= 0x39 : c === 0x30 && count > 0) count++;
  }
  return count <= real;
}
