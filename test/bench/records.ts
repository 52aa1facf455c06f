/** The records of the bench. Each request gets offsets of its own, written over the digits of the last ones: nothing is built again. */
import { framedRecord } from './framed-records.ts';
import { wideFrame, wideMembers } from './wide-records.ts';

/** So that every offset has the same number of digits. */
export const FIRST_OFFSET = 100_000_000;
const OFFSET_DIGITS = 9;
/** One record in so many, where a workload wants bad ones. */
const BAD_EVERY = 100;

/** What the bodies of a workload are like. */
export interface BodyShape {
  readonly records: number;
  /** Bytes of a record, filled up in its `note`. Records are never shorter than about 120 bytes. */
  readonly recordBytes: number;
  readonly partition: number;
  /** A JSON array, or one record a line. */
  readonly framing: 'array' | 'lines';
  /** Whether 1 % of the records have text where a number belongs. */
  readonly bad?: boolean;
  /** The records are Avro by this schema, in the envelopes of HoistField. */
  readonly schemaId?: number;
  /** Records of sixty fields, however many bytes they take. */
  readonly wide?: boolean;
}

/** Bytes that are sent again and again with other offsets. */
export interface Template {
  readonly bytes: Buffer;
  /** Bytes of the body alone. */
  readonly bodyBytes: number;
  /** Gives the first record this offset and the others those after it. */
  stamp(offset: number): void;
}

/** A body after the head that `headOf` makes for its length. */
export function createTemplate(shape: BodyShape, headOf: (bodyBytes: number) => string = () => ''): Template {
  const [open, between, close] = shape.framing === 'array' ? ['[', ',', ']'] : ['', '\n', '\n'];
  const records = Array.from({ length: shape.records }, (_, i) => recordText(shape, i));
  const body = Buffer.from(`${open}${records.join(between)}${close}`);
  const head = Buffer.from(headOf(body.length));
  const bytes = Buffer.concat([head, body]);
  const places = new Int32Array(shape.records);
  let at = head.length + open.length;
  for (const [i, record] of records.entries()) {
    places[i] = at + record.indexOf(String(FIRST_OFFSET));
    at += record.length + between.length;
  }
  return {
    bytes,
    bodyBytes: body.length,
    stamp(offset) {
      for (let i = 0; i < places.length; i++) writeDigits(bytes, places[i]!, offset + i);
    },
  };
}

function recordText({ recordBytes, partition, bad, schemaId, wide }: BodyShape, i: number): string {
  if (schemaId !== undefined)
    return `{"v":"${wide === true ? wideFrame(schemaId, i) : framedRecord(schemaId, i)}","__partition":${partition},"__offset":${FIRST_OFFSET}}`;
  if (wide === true) return `{"__partition":${partition},"__offset":${FIRST_OFFSET},${wideMembers(i)}}`;
  const digit = 1 + (i % 9);
  const amount = bad === true && i % BAD_EVERY === BAD_EVERY - 1 ? '"much"' : `${digit}.${digit}`;
  const text = (note: string): string =>
    `{"__partition":${partition},"__offset":${FIRST_OFFSET},"id":${100 + (i % 900)},"user":"u${i % 1000}","amount":${amount},` +
    `"ok":${i % 3 === 0},"at":"2026-01-02T03:04:05Z","note":"${note}"}`;
  const short = text('card');
  return short.length >= recordBytes ? short : text('card'.padEnd(4 + recordBytes - short.length, ' by phone'));
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let p = at + OFFSET_DIGITS - 1; p >= at; p--) {
    const next = (rest / 10) | 0;
    bytes[p] = 0x30 + rest - next * 10;
    rest = next;
  }
}
