import { endOf, extraOf, type JsonTape, kindOf, NUMBER, STRING, STRING_PLAIN, startOf, stringOf, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, fail, type LossOptions, lose, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { cutTo, parseDecimal, plainText, wholeDigits } from './number-text.ts';
import { wrongType } from './shared.ts';

/**
 * Decimal(P, S). ClickHouse cuts digits beyond the scale without a word; they are refused here unless they are zeros, which are taken
 * off before ClickHouse counts them. Text is rewritten as a number: ClickHouse reads no Decimal from text inside a Variant.
 */
export function decimalCell({ precision, scale }: Extract<ColumnType, { kind: 'decimal' }>, options: LossOptions): Cell {
  const { fault } = options;
  const name = `Decimal(${precision}, ${scale})`;
  const whole = Math.max(1, precision - scale);

  /** `-?digits[.digits]` at [start, end) with no more digits than the column has on either side. */
  const isPlain = ({ bytes }: JsonTape, start: number, end: number): boolean => {
    const first = bytes[start] === 0x2d ? start + 1 : start;
    let p = skipDigits(bytes, first, end);
    if (p === first || p - first > whole || (bytes[first] === 0x30 ? p - first > 1 : precision === scale)) return false;
    if (p === end) return true;
    if (bytes[p] !== 0x2e) return false;
    const fraction = p + 1;
    p = skipDigits(bytes, fraction, end);
    return p === end && p > fraction && p - fraction <= scale;
  };

  const checkText = (text: string): Verdict => {
    const decimal = parseDecimal(text);
    if (decimal === undefined) return fail(fault, 'out_of_range', `the number has far more digits than ${name} takes`);
    if (wholeDigits(decimal) > precision - scale)
      return fail(
        fault,
        'out_of_range',
        `the number has ${wholeDigits(decimal)} digits before the point, ${name} takes ${precision - scale}`,
      );
    return decimal.scale > scale
      ? lose(options, `the number has ${decimal.scale} digits after the point, ${name} keeps ${scale}`)
      : REWRITE;
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NUMBER) return isPlain(tape, startOf(tape, node), endOf(tape, node)) ? VERBATIM : checkText(textOf(tape, node));
      if (kind !== STRING) return wrongType(fault, tape, node, `decimal numbers, ${name}`);
      const text = extraOf(tape, node) === STRING_PLAIN ? stringOf(tape, node) : '';
      if (parseDecimal(text) === undefined)
        return fail(fault, 'invalid_value', `the text is not a decimal number, and the column is ${name}`);
      return checkText(text);
    },
    write(tape, node, out) {
      const decimal = parseDecimal(kindOf(tape, node) === NUMBER ? textOf(tape, node) : stringOf(tape, node));
      if (decimal !== undefined) out.ascii(plainText(cutTo(decimal, scale)));
    },
  };
}

function skipDigits(bytes: Buffer, at: number, end: number): number {
  let p = at;
  while (p < end && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
  return p;
}
