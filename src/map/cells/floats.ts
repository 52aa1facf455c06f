import { endOf, extraOf, type JsonTape, kindOf, NUMBER, NUMBER_INTEGER, STRING, startOf, stringOf, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, type Fault, fail, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { isExactly, parseDecimal } from './number-text.ts';
import { copyToken, wrongType } from './shared.ts';

/** The words for what JSON numbers can't say, as several producers write them, and as ClickHouse reads them. */
const WORDS: Readonly<Record<string, string>> = {
  NaN: '"nan"',
  nan: '"nan"',
  Infinity: '"inf"',
  inf: '"inf"',
  '-Infinity': '"-inf"',
  '-inf': '"-inf"',
};

type Format = Extract<ColumnType, { kind: 'float' }>['format'];

/**
 * Digits after which a fraction stands for the nearest binary number rather than for itself: what printers of that width write at most.
 * `exact`: digits every integer of which the format holds.
 */
const FORMATS: Readonly<Record<Format, { digits: number; exact: number; round: (value: number) => number }>> = {
  Float64: { digits: 17, exact: 15, round: (value) => value },
  Float32: { digits: 9, exact: 7, round: Math.fround },
  BFloat16: { digits: 0, exact: 2, round: toBFloat16 },
};

function toBFloat16(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  view.setUint16(2, 0);
  return view.getFloat32(0);
}

/**
 * Float32, Float64, BFloat16. A number with a point or an exponent and few enough digits means the nearest binary number, as everywhere in
 * JSON; a plain integer, or a number with more digits than such a number is ever printed with, means itself and must be held exactly.
 */
export function floatCell({ format }: Extract<ColumnType, { kind: 'float' }>, fault: Fault): Cell {
  const { digits, exact, round } = FORMATS[format];

  const checkText = (text: string): Verdict => {
    const decimal = parseDecimal(text);
    const nearest = round(Number(text));
    if (!Number.isFinite(nearest)) return fail(fault, 'out_of_range', `the number is too large for ${format}`);
    if (decimal === undefined) return fail(fault, 'precision_loss', `the number has more digits than ${format} keeps`);
    if (decimal.digits === '') return VERBATIM;
    if (nearest === 0) return fail(fault, 'precision_loss', `the number is too small for ${format}, which would make it 0`);
    const meansNearest = /[.eE]/.test(text) && decimal.digits.length <= digits;
    if (meansNearest || isExactly(decimal, nearest)) return VERBATIM;
    const what = decimal.scale > 0 ? `a number with ${decimal.digits.length} digits` : 'an integer this large';
    return fail(fault, 'precision_loss', `${format} does not hold ${what} exactly`);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NUMBER) return isShort(tape, node, exact) ? VERBATIM : checkText(textOf(tape, node));
      if (kind !== STRING) return wrongType(fault, tape, node, 'numbers');
      const text = stringOf(tape, node);
      if (Object.hasOwn(WORDS, text)) return REWRITE;
      if (parseDecimal(text) === undefined) return fail(fault, 'invalid_value', `the text is not a number, and the column is ${format}`);
      const verdict = checkText(text);
      return verdict === VERBATIM ? REWRITE : verdict;
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === NUMBER) return copyToken(tape, node, out);
      const text = stringOf(tape, node);
      return out.ascii(Object.hasOwn(WORDS, text) ? WORDS[text]! : text);
    },
  };
}

/** An integer of few digits is exact, whatever its digits are. */
function isShort(tape: JsonTape, node: number, exact: number): boolean {
  return extraOf(tape, node) === NUMBER_INTEGER && endOf(tape, node) - startOf(tape, node) <= exact;
}
