import type { FieldType } from '../core/schema.ts';

/** Levels that are spelled out. */
const DEEPEST = 4;

/** A schema's type in a few words, whatever language the schema is written in. */
export function describeType(type: FieldType, level = 0): string {
  const inner = (part: FieldType): string => (level >= DEEPEST ? '…' : describeType(part, level + 1));
  switch (type.kind) {
    case 'int':
      return `${type.signed ? '' : 'u'}int${type.bits}`;
    case 'float':
      return `float${type.bits}`;
    case 'bytes':
      return type.size === undefined ? 'bytes' : `${type.size} bytes`;
    case 'enum':
      return `enum of ${type.names.length}`;
    case 'decimal':
      return `decimal(${type.precision === undefined ? '' : `${type.precision}, `}${type.scale})`;
    case 'time':
      return `time(${type.digits})`;
    case 'timestamp':
      return `${type.local ? 'local ' : ''}timestamp(${type.digits})`;
    case 'array':
      return `array of ${inner(type.items)}`;
    case 'map':
      return `map of ${inner(type.keys)} to ${inner(type.values)}`;
    case 'record':
      return 'record';
    case 'union':
      return type.branches.map(inner).join(' or ');
    case 'null':
    case 'boolean':
    case 'string':
    case 'date':
    case 'uuid':
    case 'any':
      return type.kind;
  }
}
