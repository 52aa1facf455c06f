import { NUMBER, NUMBER_DECIMAL, NUMBER_INTEGER } from '../../core/json-tape.ts';
import { addPlainText, addScalar, addToken, reserve, type TapeBuilder } from '../../core/tape-builder.ts';
import { bigEndian, dateText, decimalText, timeOfDayText } from '../texts.ts';
import { addTimestamp } from '../timestamps.ts';
import { Undecodable } from '../undecodable.ts';
import type { AvroNode } from './avro-nodes.ts';
import { type AvroReader, readInt, readLength, readLong, take } from './avro-reader.ts';
import { PRIMITIVES } from './avro-values.ts';

type Attributes = Readonly<Record<string, unknown>>;

/**
 * The node for a schema with a logical type that goes with what it is annotated on. Undefined: there is none, or one that does not, which by the
 * specification counts for nothing.
 */
export function logicalNode(schema: Attributes, on: string, size?: number): AvroNode | undefined {
  const { logicalType } = schema;
  if (typeof logicalType !== 'string') return undefined;
  if (logicalType === 'decimal') return decimalNode(schema, on, size);
  if (logicalType === 'uuid') return uuidNode(on, size);
  if (logicalType === 'duration') return on === 'fixed' && size === 12 ? DURATION : undefined;
  const node = Object.hasOwn(TIMES, logicalType) ? TIMES[logicalType] : undefined;
  return node?.on === on ? node : undefined;
}

interface TimeNode extends AvroNode {
  readonly on: 'int' | 'long';
}

const TIMES: Readonly<Record<string, TimeNode>> = {
  date: {
    on: 'int',
    type: { kind: 'date' },
    read: (reader, tape) => void addPlainText(tape, dateText(readInt(reader))),
  },
  'time-millis': timeOfDay('int', 3),
  'time-micros': timeOfDay('long', 6),
  'timestamp-millis': timestamp(3, false),
  'timestamp-micros': timestamp(6, false),
  'timestamp-nanos': timestamp(9, false),
  'local-timestamp-millis': timestamp(3, true),
  'local-timestamp-micros': timestamp(6, true),
  'local-timestamp-nanos': timestamp(9, true),
};

function timeOfDay(on: 'int' | 'long', digits: 3 | 6): TimeNode {
  return {
    on,
    type: { kind: 'time', digits },
    read(reader, tape) {
      const text = timeOfDayText(BigInt(on === 'int' ? readInt(reader) : readLong(reader)), digits);
      if (text === undefined) throw new Undecodable('has a time of day outside of a day');
      addPlainText(tape, text);
    },
  };
}

function timestamp(digits: 3 | 6 | 9, local: boolean): TimeNode {
  return {
    on: 'long',
    type: { kind: 'timestamp', digits, local },
    read: (reader, tape) => addTimestamp(tape, readLong(reader), digits, local),
  };
}

/** Most digits of a decimal that has its own type; the bytes of one are few. */
const MOST_DECIMAL_BYTES = 64;

function decimalNode({ precision, scale = 0 }: Attributes, on: string, size: number | undefined): AvroNode | undefined {
  const isValid =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    Number(precision) > 0 &&
    Number(scale) >= 0 &&
    Number(scale) <= Number(precision);
  if (!isValid || (on !== 'bytes' && on !== 'fixed')) return undefined;
  const digits = Number(scale);
  const head = NUMBER | ((digits > 0 ? NUMBER_DECIMAL : NUMBER_INTEGER) << 4);
  return {
    type: { kind: 'decimal', precision: Number(precision), scale: digits },
    read(reader, tape) {
      const length = size ?? readLength(reader);
      if (length > MOST_DECIMAL_BYTES) throw new Undecodable(`has a decimal of more than ${MOST_DECIMAL_BYTES} bytes`);
      const from = take(reader, length);
      if (length > 0 && length <= SMALL_BYTES && digits <= SMALL_DIGITS)
        addSmallDecimal(tape, head, reader.bytes.readIntBE(from, length), digits);
      else addScalar(tape, head, decimalText(bigEndian(reader.bytes, from, from + length), digits));
    },
  };
}

/** So many bytes are an integer that a number holds, of no more than 15 digits. */
const SMALL_BYTES = 6;
const SMALL_DIGITS = 20;
const ZERO = 0x30;

/** {@link decimalText} without the detour over a bigint, for what most decimals are. */
function addSmallDecimal(tape: TapeBuilder, head: number, unscaled: number, scale: number): void {
  const start = tape.length;
  reserve(tape, 2 + 16 + scale);
  const { bytes } = tape;
  let at = start;
  if (unscaled < 0) bytes[at++] = 0x2d;
  let rest = Math.abs(unscaled);
  let size = scale + 1;
  for (let power = 10 ** size; rest >= power; power *= 10) size += 1;
  const end = at + size + (scale > 0 ? 1 : 0);
  let p = end - 1;
  for (let digit = 0; digit < size; digit++) {
    if (digit === scale && scale > 0) bytes[p--] = 0x2e;
    const next = Math.floor(rest / 10);
    bytes[p--] = ZERO + rest - next * 10;
    rest = next;
  }
  tape.length = end;
  addToken(tape, head, start, end);
}

function uuidNode(on: string, size: number | undefined): AvroNode | undefined {
  if (on === 'string') return { type: { kind: 'uuid' }, read: PRIMITIVES['string']!.read };
  if (on !== 'fixed' || size !== 16) return undefined;
  return {
    type: { kind: 'uuid' },
    read(reader, tape) {
      const from = take(reader, 16);
      const hex = reader.bytes.toString('hex', from, from + 16);
      const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
      addPlainText(tape, text);
    },
  };
}

/** Three counts that do not add up: a month is no number of days. ISO 8601 has a text for it. */
const DURATION: AvroNode = {
  type: { kind: 'string' },
  read(reader: AvroReader, tape: TapeBuilder) {
    const from = take(reader, 12);
    const part = (i: number): number => reader.bytes.readUInt32LE(from + i * 4);
    const ms = part(2);
    addPlainText(tape, `P${part(0)}M${part(1)}DT${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}S`);
  },
};
