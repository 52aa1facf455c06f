import type { ColumnType } from '../core/table.ts';
import type { Cell, CellOptions } from './cell.ts';
import { boolCell } from './cells/bools.ts';
import { arrayCell, mapCell, namedTupleCell, nullableCell, unnamedTupleCell, unsupportedCell } from './cells/containers.ts';
import { dateCell, dateTimeCell } from './cells/dates.ts';
import { decimalCell } from './cells/decimals.ts';
import { floatCell } from './cells/floats.ts';
import { dynamicCell, jsonCell } from './cells/free-form.ts';
import { intCell } from './cells/ints.ts';
import { keyCheck } from './cells/map-keys.ts';
import { enumCell, fixedStringCell, ipv4Cell, ipv6Cell, stringCell, uuidCell } from './cells/strings.ts';
import { timeCell } from './cells/times.ts';
import { variantCell } from './cells/variants.ts';

/** The cell of a column type: a total function, one line a type. */
export function compileCell(type: ColumnType, options: CellOptions): Cell {
  const { fault } = options;
  const compile = (inner: ColumnType): Cell => compileCell(inner, options);
  switch (type.kind) {
    case 'bool':
      return boolCell(fault);
    case 'int':
      return intCell(type, fault);
    case 'float':
      return floatCell(type, fault);
    case 'decimal':
      return decimalCell(type, fault);
    case 'string':
      return stringCell(fault);
    case 'fixed-string':
      return fixedStringCell(type, fault);
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
    case 'enum':
      return enumCell(type, fault);
    case 'nullable':
      return nullableCell(compile(type.inner));
    case 'low-cardinality':
      return compile(type.inner);
    case 'array':
      return arrayCell(compile(type.inner), fault);
    case 'map':
      return mapCell(compile(type.value), keyCheck(type.key), fault);
    case 'tuple':
      return tupleOf(type, options);
    case 'variant':
      return variantCell(
        type.members.map((member) => ({ type: member, cell: compile(member) })),
        fault,
      );
    case 'dynamic':
      return dynamicCell(fault);
    case 'json':
      return jsonCell(new Map([...type.paths].map(([path, inner]) => [path, compile(inner)])), fault);
    case 'unsupported':
      return unsupportedCell(fault);
  }
}

function tupleOf({ elements }: Extract<ColumnType, { kind: 'tuple' }>, options: CellOptions): Cell {
  const named = elements.flatMap(({ name, type }) => (name === undefined ? [] : [{ name, cell: compileCell(type, options) }]));
  if (named.length === elements.length) return namedTupleCell(named, options);
  return unnamedTupleCell(
    elements.map(({ type }) => compileCell(type, options)),
    options.fault,
  );
}
