/** The records of the bench as Avro. */
import avsc from 'avsc';

/** Of the fields that the records have as JSON, but for their coordinates. */
export const SCHEMA = {
  type: 'record',
  name: 'Payment',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'user', type: 'string' },
    { name: 'amount', type: 'double' },
    { name: 'ok', type: 'boolean' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'note', type: 'string' },
  ],
} as const;

/** The record a workload of JSON has at this place, in the wire format and as base64. */
export function framedRecord(schemaId: number, i: number): string {
  const digit = 1 + (i % 9);
  const head = Buffer.alloc(5);
  head.writeInt32BE(schemaId, 1);
  const value = {
    id: 100 + (i % 900),
    user: `u${i % 1000}`,
    amount: digit + digit / 10,
    ok: i % 3 === 0,
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
    note: 'card',
  };
  return Buffer.concat([head, TYPE.toBuffer(value)]).toString('base64');
}

const TYPE = avsc.Type.forSchema(structuredClone(SCHEMA) as unknown as avsc.Schema);
