import {
  endOf,
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NUMBER,
  NUMBER_INTEGER,
  STRING,
  STRING_PLAIN,
  startOf,
  stringOf,
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, fail, type LossOptions, lose, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { cutTo, parseDecimal, plainText, wholeDigits } from './number-text.ts';
import { copyToken, wrongType } from './shared.ts';

/** Digits that a JavaScript number always holds exactly. */
const SAFE_DIGITS = 15;

/** Longer than any integer type: 256 bits have 78 digits. */
const MOST_DIGITS = 80;

/**
 * Int8 … UInt256. ClickHouse wraps what is out of range and reads "" as 0, so both are found here. `1.0` and `1e3` are integers written
 * otherwise; ClickHouse does not read them, so they are rewritten.
 */
export function intCell({ bits, signed }: Extract<ColumnType, { kind: 'int' }>, options: LossOptions): Cell {
  const { fault } = options;
  const max = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  const safeMax = Number(max);
  const safeMin = Number(min);
  const name = `${signed ? '' : 'U'}Int${bits}`;
  const wanted = `integers from ${min} to ${max}`;
  const takesBooleans = bits === 8 && !signed;

  const outOfRange = (): Verdict => fail(fault, 'out_of_range', `the number does not fit ${name}, which takes ${wanted}`);

  /** Digits with an optional minus at [start, end). */
  const checkDigits = (tape: JsonTape, start: number, end: number): Verdict => {
    const { bytes } = tape;
    const negative = bytes[start] === 0x2d;
    if (end - start <= SAFE_DIGITS) {
      let value = 0;
      for (let p = negative ? start + 1 : start; p < end; p++) value = value * 10 + bytes[p]! - 0x30;
      if (negative) {
        if (value === 0) return REWRITE;
        value = -value;
      }
      return value >= safeMin && value <= safeMax ? VERBATIM : outOfRange();
    }
    if (end - start > MOST_DIGITS) return outOfRange();
    const value = BigInt(bytes.toString('latin1', start, end));
    return value >= min && value <= max ? VERBATIM : outOfRange();
  };

  const checkReal = (tape: JsonTape, node: number): Verdict => {
    const decimal = parseDecimal(textOf(tape, node));
    if (decimal === undefined || wholeDigits(decimal) > MOST_DIGITS) return outOfRange();
    const value = BigInt(plainText(cutTo(decimal, 0)));
    if (value < min || value > max) return outOfRange();
    if (decimal.scale <= 0) return REWRITE;
    return lose(options, `the number has a fraction, and ${name} takes ${wanted}: for fractions the column must be Float64 or Decimal`);
  };

  const checkText = (tape: JsonTape, node: number): Verdict => {
    const start = startOf(tape, node) + 1;
    const end = endOf(tape, node) - 1;
    if (extraOf(tape, node) !== STRING_PLAIN || !isInteger(tape.bytes, start, end))
      return fail(fault, 'invalid_value', `the text is not an integer written in digits, and ${name} takes ${wanted}`);
    return checkDigits(tape, start, end);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NUMBER)
        return extraOf(tape, node) === NUMBER_INTEGER ? checkDigits(tape, startOf(tape, node), endOf(tape, node)) : checkReal(tape, node);
      if (kind === STRING) return checkText(tape, node);
      if (takesBooleans && (kind === TRUE || kind === FALSE)) return REWRITE;
      return wrongType(fault, tape, node, wanted);
    },
    write(tape, node, out) {
      const kind = kindOf(tape, node);
      if (kind === TRUE || kind === FALSE) return out.ascii(kind === TRUE ? '1' : '0');
      const decimal = parseDecimal(kind === STRING ? stringOf(tape, node) : textOf(tape, node));
      return decimal === undefined ? copyToken(tape, node, out) : out.ascii(plainText(cutTo(decimal, 0)));
    },
  };
}

/** `-?(0|[1-9][0-9]*)`: one spelling for each integer, so that text that only looks like a number is not taken for one. */
function isInteger(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] === 0x2d ? start + 1 : start;
  if (first >= end || (bytes[first] === 0x30 && end > first + 1)) return false;
  for (let p = first; p < end; p++) if (!(bytes[p]! >= 0x30 && bytes[p]! <= 0x39)) return false;
  return true;
}
