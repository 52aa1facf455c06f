import { writeJson } from './lossless-json.ts';
import type { LogRecord } from './partitioned-log.ts';

/**
 * What the connector was given to tell its records apart: nothing; `InsertField$Value`, which adds fields to the record; or `HoistField$Value` before
 * it, which makes the record the field `v`.
 */
export type SinkIdentity = 'none' | 'insert-field' | 'hoist';

export interface IdentityFields {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
  readonly timestamp?: string;
}

export const DEFAULT_FIELDS: IdentityFields = { topic: '__topic', partition: '__partition', offset: '__offset' };

/** How a record is named in the client log. */
export function keyOf({ topic, partition, offset }: LogRecord): string {
  return `${topic}/${partition}/${offset}`;
}

/** The record as the sink writes it. */
export function recordJson(record: LogRecord, identity: SinkIdentity, fields: IdentityFields): string {
  if (identity === 'none') return writeJson(record.value);
  const { topic, partition, offset, timestamp } = record;
  return writeJson({
    ...(identity === 'hoist' ? { v: record.value } : record.value),
    [fields.topic]: topic,
    [fields.partition]: partition,
    [fields.offset]: offset,
    ...(fields.timestamp === undefined ? {} : { [fields.timestamp]: timestamp }),
  });
}

/** The body of a request: an array, also of one record, or one bare record. */
export function bodyOf(
  records: readonly LogRecord[],
  { jsonAsArray, identity, fields }: { jsonAsArray: boolean; identity: SinkIdentity; fields: IdentityFields },
): Buffer {
  const texts = records.map((record) => recordJson(record, identity, fields));
  return Buffer.from(jsonAsArray ? `[${texts.join(',')}]` : texts.join(','));
}

/** The batches of one poll. None spans two polls. */
export function batchesOf(polled: readonly LogRecord[], batchMax: number): LogRecord[][] {
  return Array.from({ length: Math.ceil(polled.length / batchMax) }, (_, index) => polled.slice(index * batchMax, (index + 1) * batchMax));
}
