/** Messages of Google's and Confluent's packages that stand for a value of another kind. */
import { NUMBER, NUMBER_DECIMAL, NUMBER_INTEGER } from '../../core/json-tape.ts';
import { addPlainText, addScalar } from '../../core/tape-builder.ts';
import { bigEndian, dateText, decimalText, timeOfDayText, timestampText } from '../texts.ts';
import { Undecodable } from '../undecodable.ts';
import type { MessagePlan, Special } from './plan.ts';
import { goTo, type Reading } from './reading.ts';
import { signed64 } from './scalars.ts';
import { readVarint } from './wire.ts';

type Write = (reading: Reading, plan: MessagePlan, base: number) => void;

const NANOS = 1_000_000_000n;
/** The years 1 to 9999, as the definition of Timestamp has it. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
/** 10,000 years, as the definition of Duration has it. */
const MOST_SECONDS = 315_576_000_000n;
/** Digits a decimal may have before or after the point. */
const MOST_SCALE = 1000n;
const MOST_DECIMAL_BYTES = 64;

/** How each is written: the fields of its message are where `base` says. */
export const SPECIALS: Readonly<Record<Exclude<Special, 'only-field' | 'one-of'>, Write>> = {
  timestamp(reading, plan, base) {
    const [seconds, nanos] = integers(reading, plan, base);
    if (seconds! < FIRST_SECOND || seconds! > LAST_SECOND || nanos! < 0n || nanos! >= NANOS)
      throw new Undecodable('has a timestamp outside of the years 1 to 9999, or with nanoseconds that are none');
    addPlainText(reading.tape, timestampText(seconds! * NANOS + nanos!, 9, false));
  },
  duration(reading, plan, base) {
    const [seconds, nanos] = integers(reading, plan, base);
    const isMixed = (seconds! > 0n && nanos! < 0n) || (seconds! < 0n && nanos! > 0n);
    if (isMixed || seconds! < -MOST_SECONDS || seconds! > MOST_SECONDS || nanos! <= -NANOS || nanos! >= NANOS)
      throw new Undecodable('has a duration of more than 10,000 years, or with nanoseconds that are none');
    addScalar(reading.tape, NUMBER | (NUMBER_DECIMAL << 4), decimalText(seconds! * NANOS + nanos!, 9));
  },
  date(reading, plan, base) {
    const [year = 0, month = 0, day = 0] = integers(reading, plan, base).map(Number);
    const time = new Date(0);
    time.setUTCFullYear(year, month - 1, day);
    const isDay = year >= 1 && year <= 9999 && time.getUTCMonth() === month - 1 && time.getUTCDate() === day;
    if (!isDay) throw new Undecodable('has a date that is no day: year, month and day have to be there');
    addPlainText(reading.tape, dateText(time.getTime() / 86_400_000));
  },
  time(reading, plan, base) {
    const [hours, minutes, seconds, nanos] = integers(reading, plan, base);
    const isClock = hours! >= 0n && minutes! >= 0n && minutes! < 60n && seconds! >= 0n && seconds! < 60n && nanos! >= 0n && nanos! < NANOS;
    const text = isClock ? timeOfDayText((hours! * 3600n + minutes! * 60n + seconds!) * NANOS + nanos!, 9) : undefined;
    if (text === undefined) throw new Undecodable('has a time of day outside of a day');
    addPlainText(reading.tape, text);
  },
  /** The value is two's complement, big-endian: https://github.com/confluentinc/schema-registry, `confluent/type/decimal.proto`. */
  decimal(reading, plan, base) {
    const [, , scale] = integers(reading, plan, base, [1, 2]);
    if (scale! < -MOST_SCALE || scale! > MOST_SCALE) throw new Undecodable('has a decimal of more digits than any column holds');
    const { wire } = reading;
    let unscaled = 0n;
    if (reading.marks[base] !== 0) {
      goTo(reading, reading.marks[base]!);
      if (wire.end - wire.at > MOST_DECIMAL_BYTES) throw new Undecodable(`has a decimal of more than ${MOST_DECIMAL_BYTES} bytes`);
      unscaled = bigEndian(wire.bytes, wire.at, wire.end);
    }
    const text = decimalText(unscaled, Number(scale));
    addScalar(reading.tape, NUMBER | ((text.includes('.') ? NUMBER_DECIMAL : NUMBER_INTEGER) << 4), text);
  },
};

/** The integers of a message by slot, 0 where they are absent. */
function integers(reading: Reading, plan: MessagePlan, base: number, slots = plan.fields.map((_, slot) => slot)): bigint[] {
  const values: bigint[] = [];
  for (const slot of slots) {
    const occurrence = reading.marks[base + slot]!;
    if (occurrence === 0) {
      values[slot] = 0n;
      continue;
    }
    goTo(reading, occurrence);
    readVarint(reading.wire);
    values[slot] = signed64(reading.wire);
  }
  return values;
}
