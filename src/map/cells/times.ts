import { endOf, extraOf, type JsonTape, kindOf, NUMBER, STRING, STRING_PLAIN, startOf, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, type CellOptions, fail, lose, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { clockText, ticksOf } from './epoch.ts';
import { wrongType } from './shared.ts';

/** 999:59:59, the largest time either way. */
const MOST_SECONDS = 3_599_999n;

const CLOCK = /^-?\d{1,3}:[0-5]\d:[0-5]\d(?:\.(\d+))?$/;

/**
 * Time and Time64. ClickHouse carries 12:60:00 over to 13:00:00 and cuts digits; both are refused. A number means different things in Time and
 * Time64, so it needs a unit, counted from midnight.
 */
export function timeCell(type: Extract<ColumnType, { kind: 'time' | 'time64' }>, options: CellOptions): Cell {
  const { fault, unit } = options;
  const precision = type.kind === 'time' ? 0 : type.precision;
  const name = type.kind === 'time' ? 'Time' : `Time64(${precision})`;
  const size = 10n ** BigInt(precision);

  const checkText = (tape: JsonTape, node: number): Verdict => {
    const text = extraOf(tape, node) === STRING_PLAIN ? tape.bytes.toString('latin1', startOf(tape, node) + 1, endOf(tape, node) - 1) : '';
    const match = CLOCK.exec(text);
    if (match === null) return fail(fault, 'invalid_value', 'the text is not a time written hh:mm:ss, up to 999:59:59');
    const [, fraction = ''] = match;
    if (/[1-9]/.test(fraction.slice(precision)))
      return lose(options, `the time has more digits after the point than the ${precision} that ${name} keeps`);
    return fraction.length > precision ? REWRITE : VERBATIM;
  };

  const checkNumber = (tape: JsonTape, node: number): Verdict => {
    if (unit === undefined)
      return fail(
        fault,
        'ambiguous_value',
        `a number has no one meaning in ${name}: say in the pipeline which unit it counts: columns: { <column>: { unit: ms } }`,
      );
    const whole = ticksOf(textOf(tape, node), unit, precision);
    const ticks = whole ?? ticksOf(textOf(tape, node), unit, precision, true);
    const most = (MOST_SECONDS + 1n) * size;
    if (ticks !== undefined && (ticks <= -most || ticks >= most))
      return fail(fault, 'out_of_range', `the time is outside ${name}, which holds -999:59:59 to 999:59:59`);
    if (whole !== undefined) return REWRITE;
    const reason = `the number is finer than the ${precision} digits that ${name} keeps, or far outside it`;
    return ticks === undefined ? fail(fault, 'precision_loss', reason) : lose(options, reason);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === STRING) return checkText(tape, node);
      return kind === NUMBER ? checkNumber(tape, node) : wrongType(fault, tape, node, 'times written "hh:mm:ss"');
    },
    write(tape, node, out) {
      const text = textOf(tape, node);
      if (kindOf(tape, node) === NUMBER) return out.ascii(`"${clockText(ticksOf(text, unit ?? 's', precision, true) ?? 0n, precision)}"`);
      const point = text.indexOf('.');
      const end = precision === 0 ? point : point + 1 + precision;
      return out.ascii(point === -1 ? text : `${text.slice(0, Math.min(end, text.length - 1))}"`);
    },
  };
}
