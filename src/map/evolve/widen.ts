/**
 * Wider types for columns that are too narrow for their schema.
 *
 * Invariant: whatever a column holds keeps its value under the wider type. A change that ClickHouse would make by cutting, rounding, or reading values
 * anew is no widening, and there is none for it. Proved by `test/unit/map/widen.test.ts`, on the engine.
 */
import type { FieldType, RecordType } from '../../core/schema.ts';
import type { ColumnType } from '../../core/table.ts';
import { parseColumnType } from '../column-type.ts';
import { type ColumnChoice, columnTypeOf } from '../schema-type.ts';
import { isUsableName } from '../usable-name.ts';
import { typeText } from './type-text.ts';

/** Digits that ClickHouse's largest Decimal has. */
const MOST_DIGITS = 76;

/**
 * The type a column needs so that it holds what it holds and all values of a schema's type, as ClickHouse spells it. Undefined when the column is wide
 * enough, or there is no such type.
 */
export function widerType(columnText: string, field: FieldType, choice: ColumnChoice): string | undefined {
  const column = parseColumnType(columnText);
  const before = typeText(column);
  // A type with parts the parser leaves out, such as an aggregate function, would lose them.
  if (before === undefined || plain(before) !== plain(columnText)) return undefined;
  const wider = widened(column, field, choice);
  const text = wider === undefined ? undefined : typeText(wider);
  return text === before ? undefined : text;
}

function plain(text: string): string {
  return text.replaceAll(/[\s`]/g, '');
}

function widened(column: ColumnType, field: FieldType, choice: ColumnChoice): ColumnType | undefined {
  if (field.kind === 'union') return widenedByUnion(column, field.branches, choice);
  switch (column.kind) {
    case 'nullable': {
      const inner = widened(column.inner, field, choice);
      return inner === undefined ? undefined : { kind: 'nullable', inner };
    }
    case 'array': {
      const items = field.kind === 'array' ? widened(column.inner, field.items, choice) : undefined;
      return items === undefined ? undefined : { kind: 'array', inner: items };
    }
    case 'map': {
      const value = field.kind === 'map' ? widened(column.value, field.values, choice) : undefined;
      return value === undefined ? undefined : { ...column, value };
    }
    case 'tuple':
      return field.kind === 'record' ? widenedTuple(column, field, choice) : undefined;
    default:
      return widenedScalar(column, field);
  }
}

function widenedByUnion(column: ColumnType, branches: readonly FieldType[], choice: ColumnChoice): ColumnType | undefined {
  const [only, ...others] = branches.filter(({ kind }) => kind !== 'null');
  if (only === undefined || others.length > 0) return undefined;
  const wider = widened(column, only, choice);
  return wider === undefined || branches.length === 1 ? wider : withNull(wider);
}

/** What cannot be NULL is empty instead. */
function withNull(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'nullable':
    case 'array':
    case 'map':
    case 'variant':
    case 'dynamic':
    case 'json':
    case 'unsupported':
      return type;
    case 'low-cardinality':
      return { ...type, inner: withNull(type.inner) };
    case 'tuple':
      return { ...type, elements: type.elements.map((element) => ({ ...element, type: withNull(element.type) })) };
    default:
      return { kind: 'nullable', inner: type };
  }
}

/** Elements are found by their names; those that the schema has and the tuple has not come last, so that rows that lack them are without a value. */
function widenedTuple(column: Extract<ColumnType, { kind: 'tuple' }>, record: RecordType, choice: ColumnChoice): ColumnType | undefined {
  const fields = new Map(record.fields.map((field) => [field.name, field.type]));
  const elements: Array<{ name: string; type: ColumnType }> = [];
  for (const { name, type } of column.elements) {
    if (name === undefined) return undefined;
    const field = fields.get(name);
    const wider = field === undefined ? withNull(type) : widened(type, field, choice);
    if (wider === undefined) return undefined;
    elements.push({ name, type: wider });
    fields.delete(name);
  }
  for (const [name, field] of fields) {
    const text = columnTypeOf(field, true, choice);
    if (text === undefined || !isUsableName(name)) return undefined;
    elements.push({ name, type: parseColumnType(text) });
  }
  return { kind: 'tuple', elements };
}

type Scalar = Exclude<ColumnType, { kind: 'nullable' | 'array' | 'map' | 'tuple' }>;

function widenedScalar(column: Scalar, field: FieldType): ColumnType | undefined {
  switch (column.kind) {
    case 'int':
      return widenedInt(column, field);
    case 'float':
      return widenedFloat(column, field);
    case 'decimal':
      return field.kind === 'decimal' ? widenedDecimal(column, field) : undefined;
    case 'date':
      return field.kind === 'date' ? { kind: 'date', wide: true } : undefined;
    case 'datetime':
      return field.kind === 'timestamp' ? { ...column, kind: 'datetime64', precision: field.digits } : undefined;
    case 'datetime64':
      return field.kind === 'timestamp' ? widenedInstant(column, field.digits) : undefined;
    case 'time':
    case 'time64':
      return field.kind === 'time'
        ? { kind: 'time64', precision: Math.max(field.digits, 'precision' in column ? column.precision : 0) }
        : undefined;
    case 'enum':
      return field.kind === 'enum' ? { kind: 'enum', values: withNames(column.values, field.names) } : undefined;
    case 'bool':
      return field.kind === 'boolean' ? column : undefined;
    // Text holds them all, and so does what holds any JSON.
    case 'string':
    case 'low-cardinality':
    case 'variant':
    case 'dynamic':
    case 'json':
      return column;
    case 'uuid':
      return field.kind === 'uuid' ? column : undefined;
    case 'fixed-string':
    case 'ipv4':
    case 'ipv6':
    case 'unsupported':
      return undefined;
  }
}

type Of<K extends ColumnType['kind']> = Extract<ColumnType, { kind: K }>;

const WIDTHS = [8, 16, 32, 64, 128, 256] as const;

function widenedInt(column: Of<'int'>, field: FieldType): ColumnType | undefined {
  if (field.kind === 'boolean') return column;
  // Float64 holds integers of 53 bits.
  if (field.kind === 'float') return column.bits <= 32 ? { kind: 'float', format: 'Float64' } : undefined;
  if (field.kind !== 'int') return undefined;
  if (column.signed === field.signed) return column.bits >= field.bits ? column : { ...column, bits: field.bits };
  // A signed type holds an unsigned one of half its width.
  const unsigned = column.signed ? field.bits : column.bits;
  const signed = column.signed ? column.bits : field.bits;
  const bits = WIDTHS.find((width) => width > unsigned && width >= signed);
  return bits === undefined ? undefined : { kind: 'int', bits, signed: true };
}

function widenedFloat(column: Of<'float'>, field: FieldType): ColumnType | undefined {
  const wide: ColumnType = { kind: 'float', format: 'Float64' };
  if (field.kind === 'int') return field.bits <= 32 ? wide : undefined;
  if (field.kind !== 'float') return undefined;
  if (field.bits === 64 || column.format === 'Float64') return wide;
  return { kind: 'float', format: 'Float32' };
}

function widenedDecimal(column: Of<'decimal'>, field: Extract<FieldType, { kind: 'decimal' }>): ColumnType | undefined {
  const other = madeDecimal(field);
  if (other === undefined) return undefined;
  const scale = Math.max(column.scale, other.scale);
  const precision = Math.max(column.precision - column.scale, other.precision - other.scale) + scale;
  return precision > MOST_DIGITS ? undefined : { kind: 'decimal', precision, scale };
}

function madeDecimal(field: FieldType): Of<'decimal'> | undefined {
  // Nothing is to be chosen for a decimal.
  const made = columnTypeOf(field, false, { enumColumns: 'enum', recordColumns: 'tuple' });
  const type = made === undefined ? undefined : parseColumnType(made);
  return type?.kind === 'decimal' ? type : undefined;
}

/** With nine digits an instant has to lie before 2262; with fewer it may be later. */
function widenedInstant(column: Of<'datetime64'>, digits: number): ColumnType | undefined {
  if (digits <= column.precision) return column;
  return digits > 7 ? undefined : { ...column, precision: digits };
}

/** Numbers that rows have keep their names. */
function withNames(values: ReadonlyMap<string, number>, names: readonly string[]): ReadonlyMap<string, number> {
  const all = new Map(values);
  const taken = new Set(values.values());
  let next = 1;
  for (const name of names) {
    if (all.has(name)) continue;
    while (taken.has(next)) next += 1;
    taken.add(next);
    all.set(name, next);
  }
  return all;
}
