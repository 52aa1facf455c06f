import type { FieldType, RecordType } from '../core/schema.ts';
import { quote } from './table-name.ts';
import { isUsableName } from './usable-name.ts';

/** Digits that ClickHouse's largest Decimal has. */
const MOST_DIGITS = 76;
/** A decimal whose schema does not say how many digits it has. */
const USUAL_DIGITS = 38;

/** What the schemas of a batch say of the field at a path, the newest first; undefined when none has it. `comment` is its documentation. */
export function fieldAt(schemas: readonly RecordType[], path: readonly string[]): { type: FieldType; comment?: string } | undefined {
  for (const schema of schemas.toReversed()) {
    const found = descend(schema, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function descend(record: RecordType, [name, ...rest]: readonly string[]): { type: FieldType; comment?: string } | undefined {
  const field = record.fields.find((one) => one.name === name);
  if (field === undefined) return undefined;
  if (rest.length === 0) return { type: field.type, ...(field.doc === undefined ? {} : { comment: field.doc }) };
  const inner = field.type.kind === 'union' ? onlyBranch(field.type.branches) : field.type;
  return inner?.kind === 'record' ? descend(inner, rest) : undefined;
}

/**
 * The column type made for a schema's type, as ClickHouse spells it. `optional`: it also has to hold no value. Undefined where only the data can say, or
 * text has to do.
 */
export function columnTypeOf(type: FieldType, optional: boolean): string | undefined {
  return typeText(type, optional, []);
}

/** `inside`: the records around, to which a recursive schema leads back. */
function typeText(type: FieldType, optional: boolean, inside: readonly RecordType[]): string | undefined {
  switch (type.kind) {
    case 'union':
      return unionText(type.branches, optional, inside);
    case 'record':
      return recordText(type, optional, inside);
    case 'array': {
      const items = typeText(type.items, false, inside);
      return items === undefined ? undefined : `Array(${items})`;
    }
    case 'map': {
      const key = typeText(type.keys, false, inside);
      const values = typeText(type.values, false, inside);
      return key === undefined || values === undefined ? undefined : `Map(${key}, ${values})`;
    }
    default: {
      const text = scalarText(type);
      return text === undefined || !optional ? text : `Nullable(${text})`;
    }
  }
}

type Scalar = Exclude<FieldType, { kind: 'union' | 'record' | 'array' | 'map' }>;

function scalarText(type: Scalar): string | undefined {
  switch (type.kind) {
    case 'boolean':
      return 'Bool';
    case 'int':
      return `${type.signed ? '' : 'U'}Int${Math.max(type.bits, 32)}`;
    case 'float':
      return `Float${type.bits}`;
    case 'decimal': {
      const { precision = USUAL_DIGITS, scale } = type;
      // Connect does not know the precision and writes 64.
      const digits = precision === 64 ? USUAL_DIGITS : precision;
      return digits > MOST_DIGITS || scale > digits ? undefined : `Decimal(${digits}, ${scale})`;
    }
    case 'date':
      return 'Date32';
    case 'time':
      return `Time64(${type.digits})`;
    // A local time is kept as it is: in UTC no clock is ever put forward.
    case 'timestamp':
      return `DateTime64(${type.digits}, 'UTC')`;
    case 'uuid':
      return 'UUID';
    case 'string':
    case 'bytes':
    case 'enum':
      return 'String';
    case 'null':
    case 'any':
      return undefined;
  }
}

function onlyBranch(branches: readonly FieldType[]): FieldType | undefined {
  const [first, ...others] = branches.filter(({ kind }) => kind !== 'null');
  return others.length === 0 ? first : undefined;
}

function unionText(branches: readonly FieldType[], optional: boolean, inside: readonly RecordType[]): string | undefined {
  const only = onlyBranch(branches);
  const hasNull = branches.some(({ kind }) => kind === 'null');
  return only === undefined ? undefined : typeText(only, optional || hasNull, inside);
}

/** A recursive record is kept as JSON. A tuple cannot be NULL: its elements are, then. */
function recordText(record: RecordType, optional: boolean, inside: readonly RecordType[]): string | undefined {
  if (inside.includes(record) || isRecursive(record, [])) return 'JSON';
  if (record.fields.length === 0) return undefined;
  const elements: string[] = [];
  for (const { name, type } of record.fields) {
    const text = typeText(type, optional, [...inside, record]);
    if (text === undefined || !isUsableName(name)) return undefined;
    elements.push(`${quote(name)} ${text}`);
  }
  return `Tuple(${elements.join(', ')})`;
}

function isRecursive(record: RecordType, inside: readonly FieldType[]): boolean {
  const leadsBack = (type: FieldType, around: readonly FieldType[]): boolean => {
    if (type === record && around.length > 0) return true;
    if (around.includes(type)) return false;
    return partsOf(type).some((part) => leadsBack(part, [...around, type]));
  };
  return leadsBack(record, inside);
}

function partsOf(type: FieldType): readonly FieldType[] {
  switch (type.kind) {
    case 'union':
      return type.branches;
    case 'record':
      return type.fields.map((field) => field.type);
    case 'array':
      return [type.items];
    case 'map':
      return [type.keys, type.values];
    default:
      return [];
  }
}
