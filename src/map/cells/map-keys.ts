import type { ColumnType } from '../../core/table.ts';
import { type Cell, createFault, VERBATIM } from '../cell.ts';
import { dateCell, dateTimeCell } from './dates.ts';
import { decimalCell } from './decimals.ts';
import { floatCell } from './floats.ts';
import { intCell } from './ints.ts';
import { textTape } from './spelling.ts';
import { ipv4Cell, ipv6Cell, uuidCell } from './strings.ts';
import { timeCell } from './times.ts';

/**
 * Whether the text of an object's key is a value of a map's key type, spelled so that ClickHouse reads it as it stands. ClickHouse keeps
 * both of two keys that are one value in two spellings, as it keeps any key that is there twice.
 */
export function keyCheck(type: ColumnType): (key: string) => boolean {
  switch (type.kind) {
    case 'string':
      return () => true;
    case 'low-cardinality':
      return keyCheck(type.inner);
    case 'fixed-string':
      return (key) => Buffer.byteLength(key) <= type.bytes;
    case 'enum':
      return (key) => type.values.has(key);
    default: {
      const cell = cellOf(type);
      return (key) => cell !== undefined && isPlain(key) && cell.check(textTape(key), 0) === VERBATIM;
    }
  }
}

/** Whether ClickHouse reads keys of the type as strings, with any escapes. */
export function isTextKey(type: ColumnType): boolean {
  return type.kind === 'string' || (type.kind === 'low-cardinality' && type.inner.kind === 'string');
}

/** No value of the types below has other characters. */
function isPlain(key: string): boolean {
  return /^[\w.:+\- ]{1,100}$/.test(key);
}

/** Types whose values are written as plain text; Bool is not among them, because ClickHouse reads no Bool key. */
function cellOf(type: ColumnType): Cell | undefined {
  const fault = createFault();
  const options = { fault, unknownNested: 'reject' } as const;
  switch (type.kind) {
    case 'int':
      return intCell(type, options);
    case 'float':
      return floatCell(type, options);
    case 'decimal':
      return decimalCell(type, options);
    case 'date':
      return dateCell(type, options);
    case 'datetime':
    case 'datetime64':
      return dateTimeCell(type, options);
    case 'time':
    case 'time64':
      return timeCell(type, options);
    case 'uuid':
      return uuidCell(fault);
    case 'ipv4':
      return ipv4Cell(fault);
    case 'ipv6':
      return ipv6Cell(fault);
    default:
      return undefined;
  }
}
