import type { Batch, Decoded, Delivery } from '../../src/core/batch.ts';
import type { FramingConfig, Limits } from '../../src/core/config.ts';
import { textOf } from '../../src/core/json-tape.ts';
import { createDecoder } from '../../src/decode/decoder.ts';

export const AUTO: FramingConfig = { kind: 'auto', prefix: '', suffix: '' };

export const LIMITS: Limits = {
  body: 64 * 2 ** 20,
  inflated: 256 * 2 ** 20,
  inflateRatio: 200,
  record: 16 * 2 ** 20,
  records: 100_000,
  values: 8_000_000,
  depth: 64,
  headers: 65_536,
  headerCount: 1000,
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 60_000,
  keepAliveMs: 90_000,
  deadlineMs: 20_000,
  inFlight: 512 * 2 ** 20,
};

/** A delivery with this body. */
export function deliveryOf(body: string | Buffer, topic = 'orders'): Delivery {
  return { id: 'd1', pipeline: 'p', topic, principal: 'tester', body: Buffer.from(body), receivedAt: 0 };
}

/** Reads a body of JSON. */
export type DecodeJson = (delivery: Delivery, framing: FramingConfig) => Promise<Batch>;

/** The real decoder, for bodies of JSON. */
export function createJsonDecoder(limits: Parameters<typeof createDecoder>[0]): DecodeJson {
  const decode = createDecoder(limits);
  return async (delivery, framing) => {
    return await asJson(await decode(delivery, framing));
  };
}

/** The records of a body, read by the real decoder. */
export async function batchOf(body: string | Buffer, framing: FramingConfig = AUTO): Promise<Batch> {
  return await createJsonDecoder(LIMITS)(deliveryOf(body), framing);
}

/** Each record's own text. */
export function textsOf(batch: Batch): string[] {
  return batch.records.map(({ value }) => textOf(value.tape, value.node));
}

/** The stage that resolves schemas, where there are none. */
export async function asJson(decoded: Decoded): Promise<Batch> {
  if ('frames' in decoded) throw new TypeError('the body is binary');
  return await Promise.resolve(decoded);
}
