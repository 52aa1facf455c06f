/** Records with sixty fields: integers, text, decimals, times, lists, maps and records, as JSON and as Avro. */
import avsc from 'avsc';

type Fields = ReadonlyArray<readonly [name: string, type: unknown, json: (i: number) => unknown, avro: (i: number) => unknown]>;

const several = (count: number, make: (n: number) => Fields[number]): Fields => Array.from({ length: count }, (_, n) => make(n));
const plain = (name: string, type: unknown, of: (i: number) => unknown): Fields[number] => [name, type, of, of];
const two = (n: number): string => String(n).padStart(2, '0');

/** 12.34 and the like, as text in JSON: a number would be a binary one. */
const cents = (i: number, n: number): number => 1000 + ((i * 7 + n) % 9000);

function unscaled(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const FIELDS: Fields = [
  ...several(16, (n) => plain(`int_${n}`, 'int', (i) => 100 + ((i + n) % 900))),
  ...several(6, (n) => plain(`long_${n}`, 'long', (i) => 1_000_000_000_000 + i * 16 + n)),
  ...several(12, (n) => plain(`text_${n}`, 'string', (i) => `value ${(i + n) % 100} of many`)),
  ...several(6, (n) => plain(`real_${n}`, 'double', (i) => 0.5 + ((i + n) % 100))),
  ...several(4, (n) => plain(`flag_${n}`, 'boolean', (i) => (i + n) % 2 === 0)),
  ...several(6, (n): Fields[number] => [
    `price_${n}`,
    { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 },
    (i) => cents(i, n) / 100,
    (i) => unscaled(cents(i, n)),
  ]),
  ...several(4, (n): Fields[number] => [
    `at_${n}`,
    { type: 'long', logicalType: 'timestamp-millis' },
    (i) => `2026-01-${two(1 + (n % 28))}T03:04:${two(i % 60)}.123Z`,
    (i) => Date.UTC(2026, 0, 1 + (n % 28), 3, 4, i % 60, 123),
  ]),
  ...several(2, (n) => plain(`list_${n}`, { type: 'array', items: 'int' }, (i) => [1, i % 7, n])),
  ...several(2, (n) => plain(`map_${n}`, { type: 'map', values: 'string' }, () => ({ a: 'x', b: 'y' }))),
  ...several(2, (n) =>
    plain(
      `part_${n}`,
      {
        type: 'record',
        name: `Part${n}`,
        fields: [
          { name: 'street', type: 'string' },
          { name: 'number', type: 'int' },
        ],
      },
      (i) => ({ street: 'Long Street', number: i % 99 }),
    ),
  ),
];

/** Of the records but for their coordinates. */
export const WIDE_SCHEMA = { type: 'record', name: 'Wide', fields: FIELDS.map(([name, type]) => ({ name, type })) };

const TYPE = avsc.Type.forSchema(structuredClone(WIDE_SCHEMA) as unknown as avsc.Schema);

/** The members of a record as JSON, without braces. */
export function wideMembers(i: number): string {
  return FIELDS.map(([name, , json]) => `"${name}":${JSON.stringify(json(i))}`).join(',');
}

/** The same record in the wire format and as base64. */
export function wideFrame(schemaId: number, i: number): string {
  const head = Buffer.alloc(5);
  head.writeInt32BE(schemaId, 1);
  const value = Object.fromEntries(FIELDS.map(([name, , , avro]) => [name, avro(i)]));
  return Buffer.concat([head, TYPE.toBuffer(value)]).toString('base64');
}
