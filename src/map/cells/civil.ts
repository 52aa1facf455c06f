/** A point in time as text in one ISO form, taken apart. One object per cell, reused. */
export interface CivilTime {
  /** Days since 1970-01-01 of the date as written. */
  days: number;
  /** Seconds of the day as written. */
  seconds: number;
  /** First byte and number of the digits after the point. */
  fractionStart: number;
  fractionDigits: number;
  /** Seconds east of UTC; undefined without a zone designator. */
  offset: number | undefined;
}

/** An empty result to read into. */
export function createCivilTime(): CivilTime {
  return { days: 0, seconds: 0, fractionStart: 0, fractionDigits: 0, offset: undefined };
}

/** Two digits at `at`, or NaN. */
function two(bytes: Buffer, at: number): number {
  const a = bytes[at]! - 0x30;
  const b = bytes[at + 1]! - 0x30;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : Number.NaN;
}

/** Days since 1970-01-01, proleptic Gregorian. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The days of `YYYY-MM-DD` at `at`; undefined when it is not of that form or not in the calendar. */
export function readDate(bytes: Buffer, at: number): number | undefined {
  const year = two(bytes, at) * 100 + two(bytes, at + 2);
  const month = two(bytes, at + 5);
  const day = two(bytes, at + 8);
  if (bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d || !(month >= 1 && month <= 12) || !(day >= 1) || Number.isNaN(year))
    return undefined;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= MONTH_DAYS[month - 1]! + (leap ? 1 : 0) ? daysOf(year, month, day) : undefined;
}

/**
 * Reads `YYYY-MM-DD[T ]hh:mm:ss[.f…][Z|±hh:mm|±hhmm]` at [start, end) into `into`; false when it is anything else, a day or time that
 * does not exist, or a leap second.
 */
export function readDateTime(bytes: Buffer, start: number, end: number, into: CivilTime): boolean {
  const days = readDate(bytes, start);
  const separator = bytes[start + 10];
  const seconds = readClock(bytes, start + 11);
  if (days === undefined || seconds === undefined || (separator !== 0x54 && separator !== 0x20) || end < start + 19) return false;
  let p = start + 19;
  into.days = days;
  into.seconds = seconds;
  into.fractionStart = p + 1;
  if (bytes[p] === 0x2e) {
    p = skipDigits(bytes, p + 1, end);
    if (p === into.fractionStart) return false;
  }
  into.fractionDigits = Math.max(0, p - into.fractionStart);
  into.offset = p === end ? undefined : readOffset(bytes, p, end);
  return p === end || into.offset !== undefined;
}

/** Seconds of `hh:mm:ss` below 24 hours. */
function readClock(bytes: Buffer, at: number): number | undefined {
  const hour = two(bytes, at);
  const minute = two(bytes, at + 3);
  const second = two(bytes, at + 6);
  const valid = hour < 24 && minute < 60 && second < 60 && bytes[at + 2] === 0x3a && bytes[at + 5] === 0x3a;
  return valid ? hour * 3600 + minute * 60 + second : undefined;
}

/** The byte after the digits at `at`. */
export function skipDigits(bytes: Buffer, at: number, end: number): number {
  let p = at;
  while (p < end && bytes[p]! >= 0x30 && bytes[p]! <= 0x39) p++;
  return p;
}

function readOffset(bytes: Buffer, at: number, end: number): number | undefined {
  const sign = bytes[at];
  if (sign === 0x5a) return end === at + 1 ? 0 : undefined;
  if (sign !== 0x2b && sign !== 0x2d) return undefined;
  const colon = bytes[at + 3] === 0x3a ? 1 : 0;
  const hours = two(bytes, at + 1);
  const minutes = two(bytes, at + 3 + colon);
  if (end !== at + 5 + colon || !(hours <= 14) || !(minutes < 60)) return undefined;
  return (sign === 0x2d ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Whether any of the digits from `from` to `to` is not 0. */
export function hasDigit(bytes: Buffer, from: number, to: number): boolean {
  for (let p = from; p < to; p++) if (bytes[p] !== 0x30) return true;
  return false;
}
