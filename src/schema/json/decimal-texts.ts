/** A decimal number of any size: `digits`, which neither begin nor end with a zero, times ten to the `exponent`. Zero has no digits. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Digits a remainder is taken of at once, so that the time it takes grows with the text alone. */
const CHUNK = 1000;
const ZERO = 0x30;

/** What the text of a JSON number says. */
export function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  let start = 0;
  let end = all.length;
  while (start < end && all.charCodeAt(start) === ZERO) start += 1;
  while (end > start && all.charCodeAt(end - 1) === ZERO) end -= 1;
  if (start === end) return { negative: false, digits: '', exponent: 0 };
  return { negative: sign === '-', digits: all.slice(start, end), exponent: Number(power) - fraction.length + all.length - end };
}

/** The same text for the same number, however it was written. */
export function normalText({ negative, digits, exponent }: Decimal): string {
  return digits === '' ? '0' : `${negative ? '-' : ''}${digits}e${exponent}`;
}

/** Below zero when `a` is the smaller one, 0 when they are the same number. Nothing is written out, so that an exponent of any size costs nothing. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const sign = signOf(a);
  if (sign !== signOf(b)) return sign - signOf(b);
  const size = a.digits.length + a.exponent - (b.digits.length + b.exponent);
  if (size !== 0) return sign * size;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -sign : sign;
}

export function isWhole({ exponent }: Decimal): boolean {
  return exponent >= 0;
}

/** Whether `value` is a whole number of times `of`, which is not zero. */
export function isMultiple(value: Decimal, of: Decimal): boolean {
  const power = value.exponent - of.exponent;
  // Digits do not end with a zero, so that ten does not divide them.
  if (power < 0) return value.digits === '';
  const divisor = BigInt(of.digits);
  let rest = 0n;
  for (let at = 0; at < value.digits.length; at += CHUNK) {
    const chunk = value.digits.slice(at, at + CHUNK);
    rest = (rest * 10n ** BigInt(chunk.length) + BigInt(chunk)) % divisor;
  }
  return (rest * powerOfTen(BigInt(power), divisor)) % divisor === 0n;
}

function powerOfTen(power: bigint, divisor: bigint): bigint {
  let result = 1n % divisor;
  let square = 10n % divisor;
  for (let left = power; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % divisor;
    square = (square * square) % divisor;
  }
  return result;
}

function signOf({ negative, digits }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}
