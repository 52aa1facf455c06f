import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { emptyBody } from './framing.ts';

/** Whether a body is a record in the wire format of the Schema Registry: no JSON text begins with one of its magic bytes. */
export function isBinary(body: Uint8Array): boolean {
  return body[0] === 0 || body[0] === 1;
}

/** The bytes of a record. @throws GatewayError `record_too_large` */
export function checkSize(record: Buffer, limits: Pick<Limits, 'record'>, index = 0): Buffer {
  if (record.length > limits.record)
    throw new GatewayError(
      'record_too_large',
      `Record ${index} is larger than ${limits.record} bytes: send it in parts, or raise limits.record`,
    );
  return record;
}

/** The body is text where the pipeline wants bytes. */
export function notBinary(): GatewayError {
  return new GatewayError(
    'wrong_framing',
    "The body does not begin with the magic byte of the Schema Registry, but the pipeline's framing.kind is binary: change one or the other",
  );
}

/** The most bytes of a length: no record is longer than 32 bits say. */
const LENGTH_BYTES = 5;

/**
 * Records that each come after their length, a varint as Protobuf writes it.
 * @throws GatewayError when a length does not fit what is there.
 */
export function splitDelimited(body: Buffer, limits: Pick<Limits, 'record' | 'records'>): Buffer[] {
  if (body.length === 0) throw emptyBody();
  const records: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    if (records.length >= limits.records)
      throw new GatewayError('too_many_records', `The body has more than ${limits.records} records: send fewer a request`);
    let length = 0;
    let bytes = 0;
    for (let more = true; more; ) {
      const byte = body[at + bytes];
      if (byte === undefined || bytes === LENGTH_BYTES) throw cut(records.length);
      length += (byte & 0x7f) * 2 ** (7 * bytes);
      bytes += 1;
      more = byte >= 0x80;
    }
    at += bytes;
    if (length > body.length - at) throw cut(records.length);
    records.push(checkSize(body.subarray(at, at + length), limits, records.length));
    at += length;
  }
  return records;
}

function cut(index: number): GatewayError {
  return new GatewayError(
    'wrong_framing',
    `Record ${index} does not end where its length says: send records each after its length as a varint, as framing.kind: delimited wants`,
  );
}
