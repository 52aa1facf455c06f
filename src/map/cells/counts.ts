import { endOf, extraOf, type JsonTape, kindOf, STRING, STRING_PLAIN, startOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, fail, type LossOptions, lose, REWRITE } from '../cell.ts';
import { createCivilTime, readDate, readDateTime } from './civil.ts';
import type { Unit } from './epoch.ts';

const CLOCK = /^(\d{2}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/;

/** Nanoseconds that are one of the unit. */
const SIZES: Readonly<Record<Unit, bigint>> = { days: 86_400_000_000_000n, s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n };

/**
 * An integer column that counts units of time: numbers as `number` has them, and days, times of day and instants written as text, counted from 1970-01-01 or
 * midnight. A text without a zone is taken as one of UTC, in which no clock is ever put forward.
 */
export function countCell({ bits, signed }: Extract<ColumnType, { kind: 'int' }>, number: Cell, unit: Unit, options: LossOptions): Cell {
  const { fault } = options;
  const max = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  return {
    optional: number.optional,
    check(tape, node) {
      if (!isTime(tape, node)) return number.check(tape, node);
      const nanos = nanosOf(tape, node) ?? 0n;
      const count = nanos / SIZES[unit];
      if (count < min || count > max)
        return fail(fault, 'out_of_range', `the time is too far from its beginning for ${signed ? '' : 'U'}Int${bits}`);
      return nanos % SIZES[unit] === 0n ? REWRITE : lose(options, `the time is finer than the unit of the column, ${unit}`);
    },
    write(tape, node, out) {
      if (isTime(tape, node)) out.ascii(String((nanosOf(tape, node) ?? 0n) / SIZES[unit]));
      else number.write(tape, node, out);
    },
  };
}

function isTime(tape: JsonTape, node: number): boolean {
  return kindOf(tape, node) === STRING && extraOf(tape, node) === STRING_PLAIN && nanosOf(tape, node) !== undefined;
}

const time = createCivilTime();

/** Nanoseconds of a text that is a day, a time of day or an instant; undefined for any other. */
function nanosOf(tape: JsonTape, node: number): bigint | undefined {
  const start = startOf(tape, node) + 1;
  const end = endOf(tape, node) - 1;
  if (end - start === 10) {
    const days = readDate(tape.bytes, start);
    return days === undefined ? undefined : BigInt(days) * SIZES.days;
  }
  if (readDateTime(tape.bytes, start, end, time)) {
    if (time.fractionDigits > 9) return undefined;
    const fraction = tape.bytes.toString('latin1', time.fractionStart, time.fractionStart + time.fractionDigits).padEnd(9, '0');
    return BigInt(time.days * 86_400 + time.seconds - (time.offset ?? 0)) * SIZES.s + (time.fractionDigits === 0 ? 0n : BigInt(fraction));
  }
  const [, hours, minutes, seconds, fraction = ''] = end - start > 18 ? [] : (CLOCK.exec(tape.bytes.toString('latin1', start, end)) ?? []);
  if (hours === undefined) return undefined;
  return BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * SIZES.s + BigInt(fraction.padEnd(9, '0'));
}
