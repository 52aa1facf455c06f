import type { FieldType } from '../../core/schema.ts';
import { type Schema, schemaAt } from './json-files.ts';

const CONNECT = 'org.apache.kafka.connect.data.';

const CONNECT_NAMED: Readonly<Record<string, FieldType>> = {
  Date: { kind: 'date' },
  Time: { kind: 'time', digits: 3 },
  Timestamp: { kind: 'timestamp', digits: 3, local: false },
};

/** Types of Kafka Connect that JSON Schema has no word for, under `connect.type`. */
const CONNECT_TYPES: Readonly<Record<string, FieldType>> = {
  int8: { kind: 'int', bits: 8, signed: true },
  int16: { kind: 'int', bits: 16, signed: true },
  int32: { kind: 'int', bits: 32, signed: true },
  int64: { kind: 'int', bits: 64, signed: true },
  float32: { kind: 'float', bits: 32 },
  float64: { kind: 'float', bits: 64 },
  boolean: { kind: 'boolean' },
  bytes: { kind: 'bytes' },
};

const FORMATS: Readonly<Record<string, FieldType>> = {
  'date-time': { kind: 'timestamp', digits: 9, local: false },
  date: { kind: 'date' },
  time: { kind: 'time', digits: 9 },
  uuid: { kind: 'uuid' },
};

const PLAIN: Readonly<Record<string, FieldType>> = {
  null: { kind: 'null' },
  boolean: { kind: 'boolean' },
  string: { kind: 'string' },
  number: { kind: 'float', bits: 64 },
};

/** The largest whole number of 64 bits with a sign is one less. */
const BEYOND_SIGNED = 2 ** 63;

/** What a schema without parts says, by Connect's words before JSON Schema's. Undefined: it has parts, or says nothing. */
export function scalarType(schema: Schema): FieldType | undefined {
  const { type } = schema;
  return type === 'null' ? PLAIN['null'] : (connectNamed(schema) ?? enumeration(schema) ?? connectType(schema) ?? plainType(schema, type));
}

/** A name of the type, where the schema has one. */
export function titleOf(schema: Schema): string | undefined {
  const name = schema['connect.name'] ?? schema['title'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function connectNamed(schema: Schema): FieldType | undefined {
  // Connect's own names do not always stand under both keys.
  for (const name of [schema['connect.name'], schema['title']]) {
    if (typeof name !== 'string' || !name.startsWith(CONNECT)) continue;
    const last = name.slice(CONNECT.length);
    if (last === 'Decimal') return decimalType(schema);
    if (Object.hasOwn(CONNECT_NAMED, last)) return CONNECT_NAMED[last];
  }
  return undefined;
}

function decimalType(schema: Schema): FieldType {
  const parameters = schemaAt(schema, 'connect.parameters') ?? {};
  const scale = Number(parameters['scale'] ?? 0);
  const precision = Number(parameters['connect.decimal.precision']);
  return {
    kind: 'decimal',
    ...(Number.isInteger(precision) && precision > 0 ? { precision } : {}),
    scale: Number.isInteger(scale) && Math.abs(scale) <= MOST_SCALE ? scale : 0,
  };
}

/** A scale is a count of zeros that are written. */
const MOST_SCALE = 1000;

function connectType(schema: Schema): FieldType | undefined {
  const name = schema['connect.type'];
  return typeof name === 'string' && Object.hasOwn(CONNECT_TYPES, name) ? CONNECT_TYPES[name] : undefined;
}

function enumeration(schema: Schema): FieldType | undefined {
  const all = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : 'const' in schema ? [schema['const']] : [];
  const names = [...new Set(all.filter((one) => typeof one === 'string'))];
  const others = all.filter((one) => typeof one !== 'string');
  if (names.length === 0 || others.some((one) => one !== null)) return undefined;
  const type: FieldType = { kind: 'enum', name: titleOf(schema) ?? 'enum', names };
  return others.length === 0 ? type : { kind: 'union', branches: [{ kind: 'null' }, type] };
}

function plainType(schema: Schema, type: unknown): FieldType | undefined {
  if (type === 'integer') return { kind: 'int', bits: 64, signed: !(Number(schema['maximum']) >= BEYOND_SIGNED && isNatural(schema)) };
  const { format } = schema;
  if (type === 'string' && typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format];
  return typeof type === 'string' && Object.hasOwn(PLAIN, type) ? PLAIN[type] : undefined;
}

function isNatural({ minimum }: Schema): boolean {
  return typeof minimum === 'number' && minimum >= 0;
}
