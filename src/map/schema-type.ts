import type { PipelineConfig } from '../core/config.ts';
import type { FieldType, RecordType } from '../core/schema.ts';
import { literal } from './evolve/type-text.ts';
import { quote } from './table-name.ts';
import { isUsableName } from './usable-name.ts';

/** Digits that ClickHouse's largest Decimal has. */
const MOST_DIGITS = 76;
/** A decimal whose schema does not say how many digits it has. */
const USUAL_DIGITS = 38;

/** Whether values of the type are objects whose keys are data: no column has elements named after those. */
export function hasFreeKeys(type: FieldType): boolean {
  if (type.kind === 'map') return true;
  const only = type.kind === 'union' ? onlyBranch(type.branches) : undefined;
  return only?.kind === 'map';
}

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

/** What a pipeline wants made where there is a choice. */
export type ColumnChoice = Pick<PipelineConfig, 'enumColumns' | 'recordColumns'>;

/**
 * The column type made for a schema's type, as ClickHouse spells it. `optional`: it also has to hold no value. Undefined where only the data can say, or
 * text has to do.
 */
export function columnTypeOf(type: FieldType, optional: boolean, choice: ColumnChoice): string | undefined {
  return typeText(type, optional, { choice, records: [], budget: { elements: MOST_ELEMENTS } });
}

/** `records`: those around. */
interface Around {
  readonly choice: ColumnChoice;
  readonly records: readonly RecordType[];
  /** Elements of tuples that may still be made: types that share parts can be larger than their schema by far. */
  readonly budget: { elements: number };
}

/** Records in each other that are still tuples, and elements of all tuples of a column. */
const DEEPEST = 20;
const MOST_ELEMENTS = 1000;

function typeText(type: FieldType, optional: boolean, around: Around): string | undefined {
  switch (type.kind) {
    case 'union':
      return unionText(type.branches, optional, around);
    case 'record':
      return around.choice.recordColumns === 'json' ? 'JSON' : recordText(type, optional, around);
    case 'array': {
      const items = typeText(type.items, false, around);
      return items === undefined ? undefined : `Array(${items})`;
    }
    case 'map': {
      const key = type.keys.kind === 'enum' || type.keys.kind === 'boolean' ? 'String' : typeText(type.keys, false, around);
      const values = typeText(type.values, false, around);
      return key === undefined || values === undefined ? undefined : `Map(${key}, ${values})`;
    }
    case 'enum':
      return enumText(type, optional, around.choice);
    default: {
      const text = scalarText(type);
      return text === undefined || !optional ? text : `Nullable(${text})`;
    }
  }
}

/** Names of an Enum8: it has room for the numbers up to 127. */
const MOST_ENUM8 = 127;
const MOST_ENUM16 = 32_767;

/** A LowCardinality column takes names that come later; an Enum has to be changed for them. */
function enumText({ names }: Extract<FieldType, { kind: 'enum' }>, optional: boolean, { enumColumns }: ColumnChoice): string {
  if (enumColumns === 'enum' && names.length > 0 && names.length <= MOST_ENUM16) {
    const values = new Map(names.map((name, i) => [name, i + 1]));
    const text = `Enum${values.size <= MOST_ENUM8 ? 8 : 16}(${[...values].map(([name, value]) => `${literal(name)} = ${value}`).join(', ')})`;
    return optional ? `Nullable(${text})` : text;
  }
  return `LowCardinality(${optional ? 'Nullable(String)' : 'String'})`;
}

type Scalar = Exclude<FieldType, { kind: 'union' | 'record' | 'array' | 'map' | 'enum' }>;

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

function unionText(branches: readonly FieldType[], optional: boolean, around: Around): string | undefined {
  const only = onlyBranch(branches);
  const hasNull = branches.some(({ kind }) => kind === 'null');
  return only === undefined ? variantText(branches, around) : typeText(only, optional || hasNull, around);
}

/** What a value of a type is in JSON: a value does not say of which branch it is, so that of each kind there can be one. */
const JSON_KINDS: Readonly<Partial<Record<FieldType['kind'], string>>> = {
  boolean: 'boolean',
  int: 'integer',
  float: 'fraction',
  decimal: 'fraction',
  string: 'text',
  enum: 'text',
  array: 'array',
  map: 'object',
  record: 'object',
};

/** Undefined where two branches are the same kind of JSON, or ClickHouse would take one for another: integers beside true and false, say. */
function variantText(branches: readonly FieldType[], around: Around): string | undefined {
  const members = new Map<string, string>();
  for (const type of branches.filter(({ kind }) => kind !== 'null')) {
    const kind = JSON_KINDS[type.kind];
    const text = type.kind === 'enum' ? 'String' : type.kind === 'int' ? `Int64` : typeText(type, false, around);
    if (kind === undefined || text === undefined || text === 'JSON' || members.has(kind) || isUnsigned64(type)) return undefined;
    members.set(kind, text);
  }
  if (members.has('boolean') && (members.has('integer') || members.has('fraction'))) return undefined;
  return `Variant(${[...members.values()].join(', ')})`;
}

function isUnsigned64(type: FieldType): boolean {
  return type.kind === 'int' && type.bits === 64 && !type.signed;
}

/** A recursive record, and what is too large for a tuple, is kept as JSON. A tuple cannot be NULL: its elements are, then. */
function recordText(record: RecordType, optional: boolean, { choice, records, budget }: Around): string | undefined {
  if (records.length >= DEEPEST || isRecursive(record)) return 'JSON';
  if (budget.elements <= 0) return 'JSON';
  budget.elements -= record.fields.length;
  if (record.fields.length === 0) return undefined;
  const elements: string[] = [];
  for (const { name, type } of record.fields) {
    const text = typeText(type, optional, { choice, records: [...records, record], budget });
    if (text === undefined || !isUsableName(name)) return undefined;
    elements.push(`${quote(name)} ${text}`);
  }
  return `Tuple(${elements.join(', ')})`;
}

const recursive = new WeakMap<RecordType, boolean>();

/** Whether a record leads back to itself. Each type is gone through once, however many ways lead to it. */
function isRecursive(record: RecordType): boolean {
  const known = recursive.get(record);
  if (known !== undefined) return known;
  const seen = new Set<FieldType>();
  const open: FieldType[] = [...partsOf(record)];
  let found = false;
  for (let type = open.pop(); type !== undefined && !found; type = open.pop()) {
    if (type === record) found = true;
    if (seen.has(type)) continue;
    seen.add(type);
    open.push(...partsOf(type));
  }
  recursive.set(record, found);
  return found;
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
