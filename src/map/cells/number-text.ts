/** Longest number text that is looked at digit by digit. No column type holds more, and no sender writes it in good faith. */
const LONGEST = 1500;

/**
 * A decimal number taken apart: ±`digits` × 10^−`scale`. Without leading or trailing zeros in `digits`, so that equal numbers are equal;
 * zero has no digits and scale 0. `scale` is negative for 1e3.
 */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly scale: number;
}

const ZERO = 0x30;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Takes a JSON number apart; undefined when the text is none, or longer than any value can need. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > LONGEST) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (sign === undefined || (whole.length > 1 && whole.startsWith('0'))) return undefined;
  const digits = whole + fraction;
  let first = 0;
  let last = digits.length;
  while (first < last && digits.charCodeAt(first) === ZERO) first++;
  if (first === last) return { negative: sign === '-', digits: '', scale: 0 };
  while (digits.charCodeAt(last - 1) === ZERO) last--;
  const scale = fraction.length - Number(exponent) - (digits.length - last);
  return { negative: sign === '-', digits: digits.slice(first, last), scale };
}

/** The number without the digits beyond so many after the point. */
export function cutTo(decimal: Decimal, scale: number): Decimal {
  if (decimal.scale <= scale) return decimal;
  const kept = decimal.digits.slice(0, Math.max(0, decimal.digits.length - (decimal.scale - scale))).replace(/0+$/, '');
  if (kept === '') return { negative: false, digits: '', scale: 0 };
  const zeros = Math.max(0, decimal.digits.length - (decimal.scale - scale)) - kept.length;
  return { negative: decimal.negative, digits: kept, scale: scale - zeros };
}

/** Digits before the point; 0 for numbers below 1. */
export function wholeDigits({ digits, scale }: Decimal): number {
  return Math.max(0, digits.length - scale);
}

/** The number without an exponent. Only for numbers known to be short: see {@link wholeDigits} and the scale. */
export function plainText({ negative, digits, scale }: Decimal): string {
  const sign = negative && digits !== '' ? '-' : '';
  if (digits === '') return '0';
  if (scale <= 0) return `${sign}${digits}${'0'.repeat(-scale)}`;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Whether the binary number `value` is exactly the decimal, without any rounding. */
export function isExactly({ negative, digits, scale }: Decimal, value: number): boolean {
  if (digits === '') return value === 0;
  if (!Number.isFinite(value) || value === 0 || value < 0 !== negative) return false;
  let mantissa = Math.abs(value);
  let exponent = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent -= 1;
  }
  const left = BigInt(digits) * 10n ** BigInt(Math.max(0, -scale)) * 2n ** BigInt(-exponent);
  const right = BigInt(mantissa) * 10n ** BigInt(Math.max(0, scale));
  return left === right;
}
