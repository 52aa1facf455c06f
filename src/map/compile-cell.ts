import type { ColumnType } from '../core/table.ts';
import type { Cell, CellOptions } from './cell.ts';
import { boolCell } from './cells/bools.ts';
import { byteListCell } from './cells/byte-lists.ts';
import { arrayCell, mapCell, namedTupleCell, nullableCell, unnamedTupleCell, unsupportedCell } from './cells/containers.ts';
import { countCell } from './cells/counts.ts';
import { dateCell, dateTimeCell } from './cells/dates.ts';
import { decimalCell } from './cells/decimals.ts';
import { dynamicCell } from './cells/dynamics.ts';
import { floatCell } from './cells/floats.ts';
import { jsonCell } from './cells/free-form.ts';
import { intCell } from './cells/ints.ts';
import { isTextKey, keyCheck } from './cells/map-keys.ts';
import { enumCell, fixedStringCell, ipv4Cell, ipv6Cell, stringCell, uuidCell } from './cells/strings.ts';
import { timeCell } from './cells/times.ts';
import { typedLeaf } from './cells/typed-paths.ts';
import { variantCell } from './cells/variants.ts';

/** The cell of a column type. */
export function compileCell(type: ColumnType, options: CellOptions): Cell {
  return compile(type, options, (_, cell) => cell);
}

/** The cells of the declared paths of a JSON column, by dotted path. */
export function compilePaths(paths: ReadonlyMap<string, ColumnType>, options: CellOptions): ReadonlyMap<string, Cell> {
  const leaf: Leaf = (type, cell) => typedLeaf(type, cell, options);
  return new Map([...paths].map(([path, type]) => [path, compile(type, options, leaf)]));
}

/** Has the last word on the cell of each type that is no wrapper around others. */
type Leaf = (type: ColumnType, cell: Cell) => Cell;

function compile(type: ColumnType, options: CellOptions, leaf: Leaf): Cell {
  const { fault } = options;
  const within = (inner: ColumnType): Cell => compile(inner, options, leaf);
  switch (type.kind) {
    case 'nullable':
      return nullableCell(within(type.inner));
    case 'low-cardinality':
      return within(type.inner);
    case 'array': {
      const list = arrayCell(within(type.inner), fault);
      return type.inner.kind === 'int' && type.inner.bits === 8 && !type.inner.signed ? byteListCell(list) : list;
    }
    case 'tuple':
      return tupleOf(type, options, within);
    default:
      return leaf(type, leafOf(type, options));
  }
}

type LeafType = Exclude<ColumnType, { kind: 'nullable' | 'low-cardinality' | 'array' | 'tuple' }>;

/** A total function, one line a type. */
function leafOf(type: LeafType, options: CellOptions): Cell {
  const { fault } = options;
  switch (type.kind) {
    case 'bool':
      return boolCell(fault);
    case 'int': {
      const cell = intCell(type, options);
      return options.unit === undefined ? cell : countCell(type, cell, options.unit, options);
    }
    case 'float':
      return floatCell(type, options);
    case 'decimal':
      return decimalCell(type, options);
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
    case 'map':
      return mapCell(compileCell(type.value, options), { fits: keyCheck(type.key), isText: isTextKey(type.key) }, fault);
    case 'variant':
      return variantCell(
        // Which member a value belongs to is told by its digits: none may be cut.
        type.members.map((member) => ({ type: member, cell: compileCell(member, withoutLosses(options)) })),
        fault,
      );
    case 'dynamic':
      return dynamicCell(fault);
    case 'json':
      return jsonCell(compilePaths(type.paths, withoutLosses(options)), fault);
    case 'unsupported':
      return unsupportedCell(fault);
  }
}

function withoutLosses({ fault, unknownNested, unit }: CellOptions): CellOptions {
  return unit === undefined ? { fault, unknownNested } : { fault, unknownNested, unit };
}

function tupleOf(
  { elements }: Extract<ColumnType, { kind: 'tuple' }>,
  options: CellOptions,
  compileInner: (type: ColumnType) => Cell,
): Cell {
  const named = elements.flatMap(({ name, type }) =>
    name === undefined ? [] : [{ name, cell: compileInner(type), nullIsAbsent: type.kind === 'dynamic' }],
  );
  if (named.length > 0 && named.length === elements.length) return namedTupleCell(named, options);
  return unnamedTupleCell(
    elements.map(({ type }) => compileInner(type)),
    options.fault,
  );
}
