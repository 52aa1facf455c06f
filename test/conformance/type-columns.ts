import assert from 'node:assert/strict';
import type { Meaning } from './type-subjects.ts';

/** A column type, how the engine prints a value of it, and whether a print is what was meant. Undefined: it can never be. */
export interface Column {
  readonly type: string;
  /** SQL of text. */
  readonly print: string;
  readonly isSame: (printed: string, meaning: Meaning) => boolean | undefined;
}

/** Digits without zeros that say nothing. */
function plain(digits: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(digits) ?? assert.fail(`no decimal: ${digits}`);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return text === '0' ? '0' : `${sign}${text}`;
}

/** The number that is meant, in digits; undefined when none is, or it is not finite. */
function digitsOf(meaning: Meaning): string | undefined {
  if (meaning.is === 'number') {
    if (meaning.binary === undefined) return plain(meaning.digits);
    if (!Number.isFinite(meaning.binary)) return undefined;
    // All digits of a binary number of moderate size; a producer's decimal is the shortest that means it.
    return Number.isInteger(meaning.binary) ? String(BigInt(meaning.binary)) : plain(String(meaning.binary));
  }
  if (meaning.is === 'text') return /^-?\d+(\.\d+)?$/.test(meaning.value) ? plain(meaning.value) : undefined;
  return undefined;
}

const whole = (bits: string): Column => ({
  type: bits,
  print: 'toString(x)',
  isSame(printed, meaning) {
    if (meaning.is === 'boolean') return bits === 'UInt8' ? printed === (meaning.value ? '1' : '0') : undefined;
    const digits = digitsOf(meaning);
    return digits === undefined ? undefined : printed === digits;
  },
});

/** `round`: of the number that a decimal is read as. */
const real = (type: string, round: (value: number) => number): Column => ({
  type,
  print: 'toString(x)',
  isSame(printed, meaning) {
    if (meaning.is === 'number' && meaning.binary !== undefined) return Object.is(round(Number(spelled(printed))), meaning.binary);
    const digits = digitsOf(meaning);
    return digits === undefined
      ? undefined
      : round(Number(printed)) === round(Number(digits)) && (meaning.is === 'text' || isKept(digits, round));
  },
});

/** Whether the digits are those of the number they are read as, all of them or the shortest that mean it. */
function isKept(digits: string, round: (value: number) => number): boolean {
  const value = round(Number(digits));
  return Number.isInteger(value)
    ? String(BigInt(value)) === digits
    : plain(value.toPrecision(digits.replaceAll(/[-.]|^0+/g, '').length)) === digits;
}

function spelled(printed: string): string {
  return printed.replace('inf', 'Infinity').replace('nan', 'NaN');
}

const decimal = (type: string): Column => ({
  type,
  print: 'toString(x)',
  isSame(printed, meaning) {
    const digits = digitsOf(meaning);
    return digits === undefined ? undefined : plain(printed) === digits;
  },
});

const two = (value: bigint, width = 2): string => String(value).padStart(width, '0');
const SECOND = 1_000_000_000n;

/** ISO text of nanoseconds since 1970, by the platform's calendar. */
function isoOf(nanos: bigint, digits: number): string {
  const seconds = nanos >= 0n ? nanos / SECOND : -((-nanos + SECOND - 1n) / SECOND);
  const fraction = nanos - seconds * SECOND;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return digits === 0 ? base : `${base}.${two(fraction, 9).slice(0, digits)}`;
}

function clockOf(nanos: bigint, digits: number): string {
  const seconds = nanos / SECOND;
  const base = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return digits === 0 ? base : `${base}.${two(nanos % SECOND, 9).slice(0, digits)}`;
}

/** Nanoseconds that are meant by an instant, or by text that is one. */
function nanosOf(meaning: Meaning): bigint | undefined {
  if (meaning.is === 'instant') return meaning.day ? undefined : meaning.nanos;
  if (meaning.is !== 'text' || !/^\d{4}-\d\d-\d\dT/.test(meaning.value)) return undefined;
  return BigInt(Date.parse(meaning.value)) * 1_000_000n;
}

const instant = (type: string, digits: number): Column => ({
  type,
  print: 'toString(x)',
  isSame(printed, meaning) {
    const nanos = nanosOf(meaning) ?? (digits === 0 && meaning.is === 'number' ? secondsOf(meaning.digits) : undefined);
    if (nanos === undefined || nanos % 10n ** BigInt(9 - digits) !== 0n) return undefined;
    return printed.replace(' ', 'T') === isoOf(nanos, digits);
  },
});

/** A plain integer in DateTime counts seconds, as everywhere in ClickHouse. */
function secondsOf(digits: string): bigint | undefined {
  return /^\d+$/.test(digits) ? BigInt(digits) * SECOND : undefined;
}

const day = (type: string): Column => ({
  type,
  print: 'toString(x)',
  isSame(printed, meaning) {
    if (meaning.is === 'text') return /^\d{4}-\d\d-\d\d$/.test(meaning.value) ? printed === meaning.value : undefined;
    return meaning.is === 'instant' && meaning.day ? printed === isoOf(meaning.nanos, 0).slice(0, 10) : undefined;
  },
});

const time = (type: string, digits: number): Column => ({
  type,
  print: 'toString(x)',
  isSame: (printed, meaning) =>
    meaning.is === 'clock' && meaning.nanos % 10n ** BigInt(9 - digits) === 0n ? printed === clockOf(meaning.nanos, digits) : undefined,
});

/** The bytes that are kept for what is meant as text. */
function bytesOf(meaning: Meaning, printed: Buffer): Buffer | undefined {
  switch (meaning.is) {
    case 'text':
      return Buffer.from(meaning.value);
    case 'bytes':
      return meaning.value;
    case 'boolean':
      return Buffer.from(String(meaning.value));
    case 'number':
      return numberText(meaning, printed);
    case 'instant':
      if (meaning.day) return Buffer.from(isoOf(meaning.nanos, 0).slice(0, 10));
      return Buffer.from(`${isoOf(meaning.nanos, fractionOf(printed))}${printed.toString().endsWith('Z') ? 'Z' : ''}`);
    case 'clock':
      return Buffer.from(clockOf(meaning.nanos, fractionOf(printed)));
    case 'tree':
      return same(JSON.parse(printed.toString()), meaning.value) ? printed : Buffer.from('(the tree)');
    case 'null':
      return undefined;
  }
}

/** Digits after the point: a schema says how many there are. */
function fractionOf(printed: Buffer): number {
  return /\.(\d+)/.exec(printed.toString())?.[1]?.length ?? 0;
}

/** Any text that is read as the number again, digit for digit. */
function numberText(meaning: Extract<Meaning, { is: 'number' }>, printed: Buffer): Buffer {
  const text = printed.toString();
  if (meaning.binary === undefined) return plain(text) === plain(meaning.digits) ? printed : Buffer.from(meaning.digits);
  return Object.is(Number(text), meaning.binary) ? printed : Buffer.from(String(meaning.binary));
}

const string = (type: string, pad = 0): Column => ({
  type,
  print: 'hex(x)',
  isSame(printed, meaning) {
    const stored = Buffer.from(printed, 'hex');
    const expected = bytesOf(meaning, pad === 0 ? stored : withoutPadding(stored));
    if (expected === undefined) return undefined;
    return stored.equals(Buffer.concat([expected, Buffer.alloc(Math.max(0, pad - expected.length))]));
  },
});

function withoutPadding(stored: Buffer): Buffer {
  return stored.subarray(0, stored.findLastIndex((byte) => byte !== 0) + 1);
}

/** Trees of which the leaves are text, and what stands in a column of text is JSON. */
function same(found: unknown, meant: unknown): boolean {
  if (Array.isArray(meant) && Array.isArray(found)) return meant.length === found.length && meant.every((one, i) => same(found[i], one));
  if (typeof meant === 'object' && meant !== null) {
    if (typeof found === 'string') return same(JSON.parse(found), meant);
    const [a, b] = [Object.keys(found ?? {}).toSorted(), Object.keys(meant).toSorted()];
    const of = (tree: unknown, key: string): unknown => (tree as Record<string, unknown>)[key];
    return JSON.stringify(a) === JSON.stringify(b) && b.every((key) => same(of(found, key), of(meant, key)));
  }
  return typeof found === 'string' ? found === meant : JSON.stringify(found) === (meant ?? 'null');
}

const structure = (type: string): Column => ({
  type,
  print: 'toJSONString(x)',
  isSame(printed, meaning) {
    const found: unknown = JSON.parse(printed);
    if (meaning.is === 'null')
      return found === null || (typeof found === 'object' && Object.keys(found).length === 0) || same(found, { a: null, b: null });
    if (meaning.is === 'tree') return same(found, meaning.value);
    // The bytes of what would stand in a column of text.
    const listed = Buffer.from(found as number[]);
    return bytesOf(meaning, listed)?.equals(listed);
  },
});

/** Columns that take a value of any kind. */
const any = (type: string): Column => ({
  type,
  print: "concat(ifNull(hex(CAST(x AS String)), ''), ' ', ifNull(toJSONString(x), 'null'))",
  isSame(both, meaning) {
    const hex = both.slice(0, both.indexOf(' '));
    const printed = both.slice(hex.length + 1);
    const found = JSON.parse(printed) as string | number | boolean | null;
    switch (meaning.is) {
      case 'null':
        return found === null;
      case 'tree':
        return same(withoutNulls(found), withoutNulls(meaning.value));
      case 'boolean':
        return found === meaning.value;
      case 'number':
        return meaning.binary === undefined
          ? plain(String(found)) === plain(meaning.digits)
          : Object.is(Number(spelled(String(found ?? 'nan'))), meaning.binary) || found === null;
      case 'text':
        return found === meaning.value || nanosOf({ is: 'text', value: `${String(found).replace(' ', 'T')}Z` }) === nanosOf(meaning);
      case 'bytes':
        return Buffer.from(hex, 'hex').equals(meaning.value);
      case 'instant':
      case 'clock':
        return sameTime(String(found), meaning);
    }
  },
});

function sameTime(printed: string, meaning: Extract<Meaning, { is: 'instant' | 'clock' }>): boolean {
  const fraction = /\.(\d+)/.exec(printed)?.[1]?.length ?? 0;
  if (meaning.is === 'clock') return printed === clockOf(meaning.nanos, fraction);
  const text = printed.replace(' ', 'T').replace('Z', '');
  return text === isoOf(meaning.nanos, fraction) || text === isoOf(meaning.nanos, 0).slice(0, 10);
}

/** A JSON column has no path for null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (one === null ? [] : [[key, withoutNulls(one)]])));
}

const optional = (column: Column): Column => ({
  type: `Nullable(${column.type})`,
  print: `ifNull(${column.print}, 'NULL')`,
  isSame: (printed, meaning) =>
    meaning.is === 'null' || printed === 'NULL' ? meaning.is === 'null' && printed === 'NULL' : column.isSame(printed, meaning),
});

const matching = (type: string, pattern: RegExp): Column => ({
  type,
  print: 'toString(x)',
  isSame: (printed, meaning) => (meaning.is === 'text' && pattern.test(meaning.value) ? printed === meaning.value : undefined),
});

/** An address of the older kind has its place among those of the newer. */
const address: Column = {
  type: 'IPv6',
  print: 'toString(x)',
  isSame: (printed, meaning) => (meaning.is === 'text' ? printed.replace('::ffff:', '') === meaning.value : undefined),
};

const boolean: Column = {
  type: 'Bool',
  print: 'toString(x)',
  isSame: (printed, meaning) => (meaning.is === 'boolean' ? printed === String(meaning.value) : undefined),
};

/** The column types that values are tried on. */
export const COLUMNS: readonly Column[] = [
  ...['Int8', 'UInt8', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Int128', 'UInt256'].map(whole),
  real('Float32', Math.fround),
  real('Float64', (value) => value),
  real('BFloat16', Math.fround),
  decimal('Decimal(9, 2)'),
  decimal('Decimal(38, 10)'),
  boolean,
  string('String'),
  string('LowCardinality(String)'),
  string('FixedString(48)', 48),
  matching('UUID', /^[0-9a-f-]{36}$/),
  matching("Enum8('A' = 1, 'LONG_NAME' = 2)", /^(A|LONG_NAME)$/),
  matching('IPv4', /^\d+\.\d+\.\d+\.\d+$/),
  address,
  day('Date'),
  day('Date32'),
  instant("DateTime('UTC')", 0),
  instant("DateTime64(3, 'UTC')", 3),
  instant("DateTime64(6, 'UTC')", 6),
  instant("DateTime64(9, 'UTC')", 9),
  time('Time', 0),
  time('Time64(6)', 6),
  ...[
    'Array(UInt8)',
    'Array(String)',
    'Map(String, Int32)',
    'Map(String, String)',
    'Tuple(a Int32, b String)',
    'Array(Tuple(a Int32, b String))',
  ].map(structure),
  any('JSON'),
  any('Variant(Int64, String)'),
  any('Dynamic'),
  optional(whole('Int64')),
  optional(string('String')),
  optional(instant("DateTime64(3, 'UTC')", 3)),
];
