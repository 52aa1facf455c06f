import { type JsonTape, TOKEN_WIDTH } from '../../core/json-tape.ts';
import type { CellOptions } from '../cell.ts';
import { type Decimal, parseDecimal } from './number-text.ts';

export type Unit = NonNullable<CellOptions['unit']>;

/** Powers of ten by which a second is cut; a day is not one. */
const DIGITS: Readonly<Record<Exclude<Unit, 'days'>, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/** Whether a unit is 10^−`precision` seconds, so that a number of them is what ClickHouse reads as it stands. */
export function isTick(unit: Unit | undefined, precision: number): boolean {
  return unit !== undefined && unit !== 'days' && DIGITS[unit] === precision;
}

/** The value of an integer token of at most 19 digits, exact up to 2^53 and near enough above to compare with a limit; otherwise NaN. */
export function smallInteger({ bytes, tokens }: JsonTape, node: number): number {
  const start = tokens[node * TOKEN_WIDTH + 1]!;
  const end = tokens[node * TOKEN_WIDTH + 2]!;
  const isNegative = bytes[start] === 0x2d;
  if (end - start > 20) return Number.NaN;
  let value = 0;
  for (let p = isNegative ? start + 1 : start; p < end; p++) value = value * 10 + bytes[p]! - 0x30;
  // -0 is 0 written in a way that not every reader takes.
  if (isNegative && value === 0) return Number.NaN;
  return isNegative ? -value : value;
}

/** No time that any column holds needs more digits. */
const MOST_DIGITS = 30;

/**
 * A number of `unit` in ticks of 10^−`precision` seconds; undefined when it is no whole number of ticks, unless what is less may be cut, or far outside every
 * column.
 */
export function ticksOf(text: string, unit: Unit, precision: number, cut = false): bigint | undefined {
  const decimal = parseDecimal(text);
  if (decimal === undefined) return undefined;
  if (decimal.digits === '') return 0n;
  const factor = unit === 'days' ? 86_400n : 1n;
  const exponent = precision - (unit === 'days' ? 0 : DIGITS[unit]) - decimal.scale;
  if (exponent > MOST_DIGITS || exponent < -MOST_DIGITS || decimal.digits.length > 2 * MOST_DIGITS) return undefined;
  return scaled(decimal, factor, exponent, cut);
}

function scaled({ negative, digits }: Decimal, factor: bigint, exponent: number, cut: boolean): bigint | undefined {
  const value = BigInt(digits) * factor * (negative ? -1n : 1n);
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return cut || value % divisor === 0n ? value / divisor : undefined;
}

/** `YYYY-MM-DD` of a day since 1970-01-01. */
export function dateText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** `[-]hh:mm:ss[.f…]` of ticks of 10^−`precision` seconds. */
export function clockText(ticks: bigint, precision: number): string {
  const size = 10n ** BigInt(precision);
  const magnitude = ticks < 0n ? -ticks : ticks;
  const seconds = Number(magnitude / size);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  const fraction = precision === 0 ? '' : `.${String(magnitude % size).padStart(precision, '0')}`;
  return `${ticks < 0n ? '-' : ''}${parts.join(':')}${fraction}`;
}
