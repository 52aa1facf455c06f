import { extraOf, kindOf, NUMBER, STRING, STRING_PLAIN, stringOf, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, type Fault, fail, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { parseDecimal, plainText, wholeDigits } from './number-text.ts';
import { wrongType } from './shared.ts';

/**
 * Decimal(P, S). ClickHouse cuts digits beyond the scale without a word; they are refused here unless they are zeros, which are taken
 * off before ClickHouse counts them.
 */
export function decimalCell({ precision, scale }: Extract<ColumnType, { kind: 'decimal' }>, fault: Fault): Cell {
  const name = `Decimal(${precision}, ${scale})`;
  const plain = new RegExp(`^-?\\d{1,${Math.max(1, precision - scale)}}(\\.\\d{1,${Math.max(1, scale)}})?$`);

  const checkText = (text: string): Verdict => {
    const decimal = parseDecimal(text);
    if (decimal === undefined) return fail(fault, 'out_of_range', `the number has far more digits than ${name} takes`);
    if (decimal.scale > scale)
      return fail(fault, 'precision_loss', `the number has ${decimal.scale} digits after the point, ${name} keeps ${scale}`);
    if (wholeDigits(decimal) > precision - scale)
      return fail(
        fault,
        'out_of_range',
        `the number has ${wholeDigits(decimal)} digits before the point, ${name} takes ${precision - scale}`,
      );
    return scale > 0 && precision > scale && plain.test(text) ? VERBATIM : REWRITE;
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NUMBER) return checkText(textOf(tape, node));
      if (kind !== STRING) return wrongType(fault, tape, node, `decimal numbers, ${name}`);
      const text = extraOf(tape, node) === STRING_PLAIN ? stringOf(tape, node) : '';
      if (parseDecimal(text) === undefined)
        return fail(fault, 'invalid_value', `the text is not a decimal number, and the column is ${name}`);
      const verdict = checkText(text);
      return verdict === VERBATIM ? REWRITE : verdict;
    },
    write(tape, node, out) {
      const decimal = parseDecimal(kindOf(tape, node) === NUMBER ? textOf(tape, node) : stringOf(tape, node));
      if (decimal !== undefined) out.ascii(plainText(decimal));
    },
  };
}
