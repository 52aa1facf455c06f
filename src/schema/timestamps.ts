import { STRING, STRING_PLAIN } from '../core/json-tape.ts';
import { addBytes, addPlainText, addToken, reserve, type TapeBuilder } from '../core/tape-builder.ts';
import { dateText, timestampText } from './texts.ts';

const DAY_MS = 86_400_000;
const PLAIN = STRING | (STRING_PLAIN << 4);

/** Days that are written with four digits of a year. */
const YEAR_0 = -719_528;
const YEAR_10000 = 2_932_897;

/** Timestamps of a record are of few days, and those of the next one of the same. */
const DAYS = 64;
const days = new Float64Array(DAYS).fill(Number.NaN);
const dayTexts: Buffer[] = Array.from({ length: DAYS }, () => Buffer.alloc(0));

/** Units since 1970-01-01 as a string: see {@link timestampText}, of which this is the short way for what most timestamps are. */
export function addTimestamp(tape: TapeBuilder, units: number | bigint, digits: 3 | 6 | 9, local: boolean): void {
  const size = digits === 3 ? 1 : digits === 6 ? 1000 : 1_000_000;
  const ms = typeof units === 'number' ? Math.floor(units / size) : Number.NaN;
  const day = Math.floor(ms / DAY_MS);
  if (!(day >= YEAR_0 && day < YEAR_10000)) {
    addPlainText(tape, timestampText(units, digits, local));
    return;
  }
  const slot = day & (DAYS - 1);
  if (days[slot] !== day) {
    dayTexts[slot] = Buffer.from(`"${dateText(day)}T`);
    days[slot] = day;
  }
  const start = tape.length;
  addBytes(tape, dayTexts[slot]!);
  reserve(tape, 20);
  const { bytes } = tape;
  const inDay = ms - day * DAY_MS;
  let at = writePair(bytes, tape.length, Math.floor(inDay / 3_600_000));
  bytes[at++] = 0x3a;
  at = writePair(bytes, at, Math.floor(inDay / 60_000) % 60);
  bytes[at++] = 0x3a;
  at = writePair(bytes, at, Math.floor(inDay / 1000) % 60);
  bytes[at++] = 0x2e;
  at = writeDigits(bytes, at, inDay % 1000, 3);
  if (digits > 3) at = writeDigits(bytes, at, Number(units) - ms * size, digits - 3);
  if (!local) bytes[at++] = 0x5a;
  bytes[at++] = 0x22;
  tape.length = at;
  addToken(tape, PLAIN, start, at);
}

function writePair(bytes: Buffer, at: number, value: number): number {
  const tens = (value / 10) | 0;
  bytes[at] = 0x30 + tens;
  bytes[at + 1] = 0x30 + value - tens * 10;
  return at + 2;
}

function writeDigits(bytes: Buffer, at: number, value: number, count: number): number {
  let rest = value;
  for (let p = at + count - 1; p >= at; p--) {
    const next = (rest / 10) | 0;
    bytes[p] = 0x30 + rest - next * 10;
    rest = next;
  }
  return at + count;
}
