import type { ColumnType } from '../../core/table.ts';
import { quote } from '../table-name.ts';

/** A column type as ClickHouse reads it. Undefined for what was not understood when it was read. */
export function typeText(type: ColumnType): string | undefined {
  switch (type.kind) {
    case 'nullable':
      return wrapped('Nullable', [type.inner]);
    case 'low-cardinality':
      return wrapped('LowCardinality', [type.inner]);
    case 'array':
      return wrapped('Array', [type.inner]);
    case 'map':
      return wrapped('Map', [type.key, type.value]);
    case 'variant':
      return wrapped('Variant', type.members);
    case 'tuple':
      return tupleText(type.elements);
    case 'unsupported':
      return undefined;
    // A Dynamic or JSON column has parameters that are not kept.
    case 'dynamic':
    case 'json':
      return undefined;
    default:
      return scalarText(type);
  }
}

type Scalar = Exclude<
  ColumnType,
  { kind: 'nullable' | 'low-cardinality' | 'array' | 'map' | 'variant' | 'tuple' | 'unsupported' | 'dynamic' | 'json' }
>;

function scalarText(type: Scalar): string {
  switch (type.kind) {
    case 'bool':
      return 'Bool';
    case 'int':
      return `${type.signed ? '' : 'U'}Int${type.bits}`;
    case 'float':
      return type.format;
    case 'decimal':
      return `Decimal(${type.precision}, ${type.scale})`;
    case 'string':
      return 'String';
    case 'fixed-string':
      return `FixedString(${type.bytes})`;
    case 'date':
      return type.wide ? 'Date32' : 'Date';
    case 'datetime':
      return `DateTime${type.timezone === undefined ? '' : `(${literal(type.timezone)})`}`;
    case 'datetime64':
      return `DateTime64(${type.precision}${type.timezone === undefined ? '' : `, ${literal(type.timezone)}`})`;
    case 'time':
      return 'Time';
    case 'time64':
      return `Time64(${type.precision})`;
    case 'uuid':
      return 'UUID';
    case 'ipv4':
      return 'IPv4';
    case 'ipv6':
      return 'IPv6';
    case 'enum':
      return enumText(type.values);
  }
}

function wrapped(name: string, inner: readonly ColumnType[]): string | undefined {
  const texts = inner.map(typeText);
  return texts.includes(undefined) ? undefined : `${name}(${texts.join(', ')})`;
}

function tupleText(elements: Extract<ColumnType, { kind: 'tuple' }>['elements']): string | undefined {
  const texts = elements.map(({ name, type }) => {
    const text = typeText(type);
    return text === undefined || name === undefined ? text : `${quote(name)} ${text}`;
  });
  return texts.includes(undefined) ? undefined : `Tuple(${texts.join(', ')})`;
}

/** Enum8 has room for the numbers −128 to 127. */
function enumText(values: ReadonlyMap<string, number>): string {
  const fits = [...values.values()].every((value) => value >= -128 && value <= 127);
  const texts = [...values].map(([name, value]) => `${literal(name)} = ${value}`);
  return `Enum${fits ? 8 : 16}(${texts.join(', ')})`;
}

/** Text in quotes, as ClickHouse reads it. Control characters, which schemas may have in names and documentation, as escapes. */
export function literal(text: string): string {
  const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `'${quoted.replaceAll(/\p{Cc}/gu, escaped)}'`;
}

/** Those of one byte: the others are text like any other. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : character;
}
