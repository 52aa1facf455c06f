import {
  endOf,
  extraOf,
  type JsonTape,
  kindOf,
  NUMBER,
  NUMBER_INTEGER,
  STRING,
  STRING_PLAIN,
  startOf,
  textOf,
} from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, type CellOptions, FAULTY, fail, lose, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { createCivilTime, daysOf, hasDigit, readDate, readDateTime } from './civil.ts';
import { dateText, isTick, smallInteger, ticksOf } from './epoch.ts';
import { copyToken, wrongType } from './shared.ts';
import { createZone, isUtc } from './zones.ts';

const UNIT_HINT = 'say in the pipeline which unit it counts: columns: { <column>: { unit: ms } }';

/**
 * Date and Date32. ClickHouse makes 30 February the 2 March and moves days outside the range to its ends; both are refused. A number has
 * no meaning of its own here, so it needs a unit.
 */
export function dateCell({ wide }: Extract<ColumnType, { kind: 'date' }>, options: CellOptions): Cell {
  const { fault, unit } = options;
  const name = wide ? 'Date32' : 'Date';
  const first = wide ? daysOf(1900, 1, 1) : 0;
  const last = wide ? daysOf(2299, 12, 31) : daysOf(2149, 6, 6);
  const checkDays = (days: number, verdict: Verdict): Verdict =>
    days >= first && days <= last
      ? verdict
      : fail(fault, 'out_of_range', `the day is outside ${name}, which holds ${dateText(first)} to ${dateText(last)}`);

  const daysOfNumber = (tape: JsonTape, node: number, cut: boolean): number | undefined => {
    const seconds = unit === undefined ? undefined : ticksOf(textOf(tape, node), unit, 0, cut);
    if (seconds === undefined || (!cut && seconds % 86_400n !== 0n)) return undefined;
    return Math.floor(Number(seconds) / 86_400);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === STRING) {
        const start = startOf(tape, node) + 1;
        const isDate = extraOf(tape, node) === STRING_PLAIN && endOf(tape, node) - start === 11;
        const days = isDate ? readDate(tape.bytes, start) : undefined;
        return days === undefined
          ? fail(fault, 'invalid_value', `the text is not a day that exists, written YYYY-MM-DD`)
          : checkDays(days, VERBATIM);
      }
      if (kind !== NUMBER) return wrongType(fault, tape, node, `days written "YYYY-MM-DD"`);
      if (unit === undefined) return fail(fault, 'ambiguous_value', `a number has no one meaning in ${name}: ${UNIT_HINT}`);
      const days = daysOfNumber(tape, node, false);
      if (days !== undefined) return checkDays(days, REWRITE);
      const near = daysOfNumber(tape, node, true);
      if (near === undefined) return fail(fault, 'precision_loss', 'the number is not a whole day');
      return checkDays(near, REWRITE) === FAULTY ? FAULTY : lose(options, 'the number is not a whole day');
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === STRING) copyToken(tape, node, out);
      else out.ascii(`"${dateText(daysOfNumber(tape, node, true) ?? 0)}"`);
    },
  };
}

/** Limits in seconds since 1970-01-01 UTC, and the digits kept. */
interface Span {
  readonly name: string;
  readonly precision: number;
  readonly first: number;
  readonly last: number;
  readonly words: string;
}

const FIRST_64 = daysOf(1900, 1, 1) * 86_400;
const LAST_64 = daysOf(2299, 12, 31) * 86_400 + 86_399;
/** Nanoseconds since 1970 end with 64 bits, at 2262-04-11 23:47:16.854775807. */
const LAST_NANO = 9_223_372_035;

function spanOf(type: Extract<ColumnType, { kind: 'datetime' | 'datetime64' }>): Span {
  if (type.kind === 'datetime')
    return { name: 'DateTime', precision: 0, first: 0, last: 2 ** 32 - 1, words: '1970-01-01 to 2106-02-07 06:28:15 UTC' };
  const { precision } = type;
  const nano = precision >= 9;
  const words = `1900-01-01 to ${nano ? '2262-04-11' : '2299-12-31'}`;
  return { name: `DateTime64(${precision})`, precision, first: FIRST_64, last: nano ? LAST_NANO : LAST_64, words };
}

/**
 * DateTime and DateTime64. ClickHouse clamps what is out of range, cuts digits, reads a plain number in DateTime64 in units of its precision,
 * and moves local times that a change of clocks skips. All of these are refused, or rewritten as the number of ticks it means.
 */
export function dateTimeCell(type: Extract<ColumnType, { kind: 'datetime' | 'datetime64' }>, options: CellOptions): Cell {
  const { fault, unit } = options;
  const span = spanOf(type);
  const { name, precision } = span;
  const time = createCivilTime();
  const occurs = createZone(type.timezone);
  // Any zone is less than a day from UTC.
  const margin = isUtc(type.timezone) ? 0 : 86_400;
  const countsTicks = isTick(type.kind === 'datetime' ? (unit ?? 's') : unit, precision);
  const size = 10n ** BigInt(precision);
  const firstTick = span.first * 10 ** precision;
  const lastTick = span.last * 10 ** precision;
  const outOfRange = (): Verdict => fail(fault, 'out_of_range', `the time is outside ${name}, which holds ${span.words}`);

  const checkText = (tape: JsonTape, node: number): Verdict => {
    const start = startOf(tape, node) + 1;
    const end = endOf(tape, node) - 1;
    if (extraOf(tape, node) !== STRING_PLAIN || !readDateTime(tape.bytes, start, end, time))
      return fail(fault, 'invalid_value', 'the text is not a time that exists, written YYYY-MM-DDThh:mm:ss with fraction and zone if any');
    const kept = time.fractionStart + precision;
    const cut = time.fractionDigits > precision;
    const verdict = checkInstant(time.days * 86_400 + time.seconds, cut);
    if (verdict === FAULTY || !cut || !hasDigit(tape.bytes, kept, time.fractionStart + time.fractionDigits)) return verdict;
    return lose(options, `the time has more digits after the point than the ${precision} that ${name} keeps`);
  };

  const checkInstant = (written: number, cut: boolean): Verdict => {
    if (time.offset === undefined) {
      if (written < span.first + margin || written > span.last - margin) return outOfRange();
      const times = occurs(time.days, time.seconds);
      if (times === 'never')
        return fail(fault, 'invalid_value', `the clocks of the column's time zone skip this time: send a zone designator`);
      if (times === 'twice')
        return fail(fault, 'ambiguous_value', `the clocks of the column's time zone show this time twice: send a zone designator`);
    } else if (written - time.offset < span.first || written - time.offset > span.last) return outOfRange();
    return cut ? REWRITE : VERBATIM;
  };

  const checkNumber = (tape: JsonTape, node: number): Verdict => {
    const isInteger = extraOf(tape, node) === NUMBER_INTEGER;
    if (isInteger && countsTicks) {
      const ticks = smallInteger(tape, node);
      if (ticks >= firstTick && ticks <= lastTick) return VERBATIM;
    }
    if (unit === undefined && (type.kind === 'datetime64' || !isInteger))
      return fail(fault, 'ambiguous_value', `a number has no one meaning in ${name}: ${UNIT_HINT}`);
    const whole = ticksOf(textOf(tape, node), unit ?? 's', precision);
    const ticks = whole ?? ticksOf(textOf(tape, node), unit ?? 's', precision, true);
    if (ticks !== undefined && (ticks < BigInt(span.first) * size || ticks >= BigInt(span.last + 1) * size)) return outOfRange();
    if (whole !== undefined) return REWRITE;
    const reason = `the number is finer than the ${precision} digits that ${name} keeps, or far outside it`;
    return ticks === undefined ? fail(fault, 'precision_loss', reason) : lose(options, reason);
  };

  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === STRING) return checkText(tape, node);
      return kind === NUMBER ? checkNumber(tape, node) : wrongType(fault, tape, node, 'times written "YYYY-MM-DDThh:mm:ssZ"');
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === NUMBER) return out.ascii(String(ticksOf(textOf(tape, node), unit ?? 's', precision, true) ?? 0n));
      // Zeros beyond the precision, and the point if nothing is left after it, are taken out of the middle.
      readDateTime(tape.bytes, startOf(tape, node) + 1, endOf(tape, node) - 1, time);
      if (time.fractionDigits === 0) return copyToken(tape, node, out);
      const kept = Math.min(time.fractionDigits, precision);
      out.copy(tape.bytes, startOf(tape, node), kept === 0 ? time.fractionStart - 1 : time.fractionStart + kept);
      return out.copy(tape.bytes, time.fractionStart + time.fractionDigits, endOf(tape, node));
    },
  };
}
