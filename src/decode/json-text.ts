import { NUMBER, NUMBER_INTEGER, NUMBER_REAL } from '../core/json-tape.ts';
import { refuseRecord, refuseSyntax } from './fault.ts';
import { push, type Scan } from './scan.ts';

export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The first byte from `at` on that is no JSON whitespace. */
export function skipBlank(bytes: Buffer, at: number): number {
  let p = at;
  for (;;) {
    const c = bytes[p]!;
    if (c > 0x20 || !isBlank(c)) return p;
    p++;
  }
}

function skipDigits(bytes: Buffer, at: number): number {
  let p = at;
  for (;;) {
    const c = bytes[p]!;
    if (!(c >= 0x30 && c <= 0x39)) return p;
    p++;
  }
}

/** Reads the number at `at` and returns the byte after it. */
export function scanNumber(scan: Scan, at: number): number {
  const { bytes } = scan;
  const first = bytes[at] === 0x2d ? at + 1 : at;
  let p = skipDigits(bytes, first);
  if (p === first) refuseSyntax(scan, p, 'a digit');
  if (bytes[first] === 0x30 && p > first + 1) refuseSyntax(scan, first + 1, 'no digit after a leading 0');
  let extra = NUMBER_INTEGER;
  if (bytes[p] === 0x2e) {
    extra = NUMBER_REAL;
    const fraction = p + 1;
    p = skipDigits(bytes, fraction);
    if (p === fraction) refuseSyntax(scan, p, 'a digit after the point');
  }
  const c = bytes[p];
  if (c === 0x65 || c === 0x45) {
    extra = NUMBER_REAL;
    const sign = bytes[p + 1];
    const exponent = sign === 0x2b || sign === 0x2d ? p + 2 : p + 1;
    p = skipDigits(bytes, exponent);
    if (p === exponent) refuseSyntax(scan, p, 'a digit of the exponent');
  }
  push(scan, NUMBER | (extra << 4), at, p);
  return p;
}

/** Bytes of a string after which it is read by the word. */
const SHORT_STRING = 32;

/**
 * The first byte from `at` on of a word of four in which one may be a quote, a backslash or a control character; at most `end` − 4 is read from. A word has
 * such a byte when taking 0x20, or 1 after making quotes or backslashes zero, borrows from the top bit of one of its bytes.
 */
function skipPlain(words: DataView, at: number, end: number): number {
  let p = at;
  for (const last = end - 4; p <= last; p += 4) {
    const word = words.getInt32(p, true);
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const control = (word - 0x20202020) & ~word;
    if (((control | ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes)) & 0x80808080) !== 0) return p;
  }
  return p;
}

/** Returns the byte after the closing quote of the string at `at` and notes in `scan.escaped` whether there are escapes. */
export function scanString(scan: Scan, at: number): number {
  const { bytes } = scan;
  let escaped = false;
  let p = at + 1;
  // Most strings are short; what a longer one begins with is read by the byte too.
  let long = p + SHORT_STRING;
  for (;;) {
    if (p >= long) {
      p = skipPlain(scan.words, p, bytes.length);
      long = p + SHORT_STRING;
    }
    const c = bytes[p]!;
    if (c === 0x22) {
      scan.escaped = escaped;
      return p + 1;
    }
    if (c === 0x5c) {
      escaped = true;
      p = scanEscape(scan, p);
    } else if (c >= 0x20) {
      p++;
    } else {
      refuseSyntax(scan, p, p >= scan.stop ? 'the closing quote of a string' : 'control characters in strings as escapes');
    }
  }
}

/** `at` is the backslash; returns the byte after the escape. Half a surrogate pair is no character. */
function scanEscape(scan: Scan, at: number): number {
  const c = scan.bytes[at + 1];
  if (c !== 0x75) {
    if (c === 0x22 || c === 0x5c || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74) return at + 2;
    return refuseSyntax(scan, at + 1, 'one of the escapes of JSON');
  }
  const unit = hex4(scan, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const next = scan.bytes[at + 6] === 0x5c ? scan.bytes[at + 7] : scan.bytes[at + 6];
  if (next === undefined) refuseSyntax(scan, scan.bytes.length, 'the rest of a string');
  const isPair = unit < 0xdc00 && next === 0x75 && scan.bytes[at + 6] === 0x5c;
  const low = isPair ? hex4(scan, at + 8) : 0;
  if (low < 0xdc00 || low > 0xdfff) {
    refuseRecord('invalid_utf8', scan, at, 'has half a surrogate pair in a string', 'send both halves, or U+FFFD');
  }
  return at + 12;
}

function hex4(scan: Scan, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const c = scan.bytes[at + i]!;
    if (c >= 0x30 && c <= 0x39) value = value * 16 + c - 0x30;
    else if (c >= 0x61 && c <= 0x66) value = value * 16 + c - 0x57;
    else if (c >= 0x41 && c <= 0x46) value = value * 16 + c - 0x37;
    else refuseSyntax(scan, at + i, 'four hexadecimal digits');
  }
  return value;
}
