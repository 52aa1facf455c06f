import type { ColumnType } from '../../core/table.ts';

/** Text that holds a digit may be a date, whatever it looks like: ClickHouse reads `5` and `Jan 2 2026` as times. */
const DIGIT = /\d/;
/** Characters of numbers, the empty text, and the words that count as numbers. */
const NUMERIC = /^[-+.\deE\s]*$|^[-+\s]*(?:nan|inf)|^(?:true|false)$/i;
const BOOLEAN = /^(?:[01tfyn]|true|false|yes|no|on|off|enabled?|disabled?)$/i;

/**
 * Whether ClickHouse may read a string as `type` when it tries the members of a Variant. Says yes too often rather than too rarely: a
 * string for which only one member remains is read by that one.
 */
export function mayReadText(type: ColumnType, text: string): boolean {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'decimal':
      return NUMERIC.test(text);
    case 'bool':
      return BOOLEAN.test(text);
    case 'date':
    case 'datetime':
    case 'datetime64':
    case 'time':
    case 'time64':
      return DIGIT.test(text);
    case 'uuid':
      return text.length >= 32 && text.length <= 38;
    case 'ipv4':
    case 'ipv6':
      return /^[\da-f:.]*$/i.test(text);
    case 'enum':
      return type.values.has(text) || /^[-+\d\s]*$/.test(text);
    case 'fixed-string':
      return Buffer.byteLength(text) <= type.bytes;
    case 'array':
    case 'map':
    case 'tuple':
    case 'json':
      return false;
    default:
      return true;
  }
}

/** Whether ClickHouse may read an integer as `type`, apart from the types numbers are at home in. */
export function mayReadInteger(type: ColumnType, text: string): boolean {
  switch (type.kind) {
    case 'bool':
      return /^-?[01]$/.test(text);
    case 'enum':
    case 'date':
    case 'datetime':
    case 'datetime64':
    case 'time':
    case 'time64':
    case 'unsupported':
      return true;
    default:
      return false;
  }
}
