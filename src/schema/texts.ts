/** Values of schemas as the text that says them exactly: see `core/tape-builder.ts`. */

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 as `YYYY-MM-DD`; years outside 0 to 9999 with sign and six digits, as ISO 8601 has them. */
export function dateText(days: number): string {
  const time = new Date(days * DAY_MS);
  // JavaScript's calendar ends 273,790 years from 1970; what is beyond is in no column's range, and the year says so.
  if (Number.isNaN(time.getTime())) return days < 0 ? '-999999-01-01' : '+999999-01-01';
  const text = time.toISOString();
  return text.slice(0, text.indexOf('T'));
}

const UNITS: Readonly<Record<3 | 6 | 9, bigint>> = { 3: 1_000n, 6: 1_000_000n, 9: 1_000_000_000n };

/** Units since midnight as `hh:mm:ss.fff`. Undefined for what is no time of a day. */
export function timeOfDayText(units: bigint, digits: 3 | 6 | 9): string | undefined {
  const unit = UNITS[digits];
  if (units < 0n || units >= 86_400n * unit) return undefined;
  return clockText(Number(units / unit), units % unit, digits);
}

/** Years that are written with four digits, in milliseconds. */
const YEAR_0 = -62_167_219_200_000;
const YEAR_10000 = 253_402_300_800_000;

/** Units since 1970-01-01 as `YYYY-MM-DDThh:mm:ss.fff`, with `Z` unless it is local. */
export function timestampText(units: number | bigint, digits: 3 | 6 | 9, local: boolean): string {
  const size = digits === 3 ? 1 : digits === 6 ? 1000 : 1_000_000;
  const isSmall = typeof units === 'number' && Number.isSafeInteger(units);
  const ms = isSmall ? Math.floor(units / size) : Number(floorDiv(BigInt(units), BigInt(size)));
  if (ms >= YEAR_0 && ms < YEAR_10000) {
    const day = Math.floor(ms / DAY_MS);
    const inDay = ms - day * DAY_MS;
    const text = `${dayText(day)}T${secondText(Math.floor(inDay / 1000))}.${THOUSANDTHS[inDay % 1000]}`;
    if (digits === 3) return local ? text : `${text}Z`;
    const rest = isSmall ? units - ms * size : Number(BigInt(units) - BigInt(ms) * BigInt(size));
    return `${text}${String(rest).padStart(digits - 3, '0')}${local ? '' : 'Z'}`;
  }
  const unit = UNITS[digits];
  const exact = BigInt(units);
  const days = floorDiv(exact, 86_400n * unit);
  const rest = exact - days * 86_400n * unit;
  return `${dateText(Number(days))}T${clockText(Number(rest / unit), rest % unit, digits)}${local ? '' : 'Z'}`;
}

/** Most timestamps are of the same day as the one before. */
let lastDay = 0;
let lastDayText = '1970-01-01';

function dayText(day: number): string {
  if (day !== lastDay) {
    lastDayText = dateText(day);
    lastDay = day;
  }
  return lastDayText;
}

const SIXTIETHS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
const THOUSANDTHS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));

function secondText(seconds: number): string {
  return `${SIXTIETHS[Math.floor(seconds / 3600)]}:${SIXTIETHS[Math.floor(seconds / 60) % 60]}:${SIXTIETHS[seconds % 60]}`;
}

function clockText(seconds: number, fraction: bigint, digits: number): string {
  return `${secondText(seconds)}.${String(fraction).padStart(digits, '0')}`;
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** An unscaled value as digits with a point, no more and no less of them than it has. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const negative = unscaled < 0n;
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Big-endian two's complement. No bytes are 0. */
export function bigEndian(bytes: Uint8Array, from: number, to: number): bigint {
  if (from === to) return 0n;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('hex');
  return BigInt.asIntN((to - from) * 8, BigInt(`0x${hex}`));
}

/** A binary number as the text that is read as it again, in quotes where JSON has no number for it. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  // A number without point or exponent would be an integer, digit for digit.
  return text.includes('.') || text.includes('e') ? text : `${text}.0`;
}
