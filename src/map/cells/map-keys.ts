import type { ColumnType } from '../../core/table.ts';
import { readDate } from './civil.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Whether the text of an object's key is a value of a map's key type, in the one spelling that reads back the same: two spellings of one key
 * would make the key twice.
 */
export function keyCheck(type: ColumnType): (key: string) => boolean {
  switch (type.kind) {
    case 'string':
      return () => true;
    case 'low-cardinality':
      return keyCheck(type.inner);
    case 'fixed-string':
      return (key) => Buffer.byteLength(key) === type.bytes;
    case 'int':
      return integerKey(type);
    case 'enum':
      return (key) => type.values.has(key);
    case 'uuid':
      return (key) => UUID.test(key);
    case 'date':
      return (key) => key.length === 10 && inRange(readDate(Buffer.from(key), 0), type.wide);
    default:
      return () => false;
  }
}

function inRange(days: number | undefined, wide: boolean): boolean {
  return days !== undefined && (wide ? days >= -25_567 && days <= 120_529 : days >= 0 && days <= 65_535);
}

function integerKey({ bits, signed }: Extract<ColumnType, { kind: 'int' }>): (key: string) => boolean {
  const max = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  return (key) => /^(0|-?[1-9]\d{0,77})$/.test(key) && BigInt(key) >= min && BigInt(key) <= max;
}
