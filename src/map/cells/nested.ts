import { ARRAY, type JsonTape, kindOf, NULL, nextOf, OBJECT, shapeOf } from '../../core/json-tape.ts';
import { type Cell, type CellOptions, FAULTY, fail, REWRITE } from '../cell.ts';
import { fieldPart, within } from './containers.ts';
import { wrongType } from './shared.ts';

/** A column `name.key` of a Nested: `cell` is that of its elements. */
export interface NestedColumn {
  readonly key: string;
  readonly cell: Cell;
}

/**
 * The cells of the columns of a flattened Nested, each for the whole array of objects: it is one array for each key. ClickHouse makes such arrays empty
 * when it is handed objects. The first one also looks for keys that no column has.
 */
export function nestedCells(columns: readonly NestedColumn[], { fault, unknownNested }: CellOptions): Cell[] {
  const known = new Set(columns.map(({ key }) => key));
  return columns.map(({ key, cell }, i) => ({
    optional: true,
    check(tape, node) {
      if (kindOf(tape, node) === NULL) return REWRITE;
      if (kindOf(tape, node) !== ARRAY) return wrongType(fault, tape, node, 'arrays of objects');
      let index = 0;
      for (let child = node + 1; child < nextOf(tape, node); child = nextOf(tape, child)) {
        if (kindOf(tape, child) !== OBJECT) {
          wrongType(fault, tape, child, 'objects');
          return within(fault, `[${index}]`);
        }
        const unknown = i === 0 && unknownNested === 'reject' ? shapeOf(tape, child).keys.find((one) => !known.has(one)) : undefined;
        if (unknown !== undefined) {
          fail(fault, 'unknown_field', 'the Nested column has no column for this field: add one, or set unknown_fields: ignore');
          return within(fault, `[${index}]${fieldPart(unknown)}`);
        }
        const at = memberOf(tape, child, key);
        if (at === undefined ? !cell.optional : cell.check(tape, at) === FAULTY) {
          if (at === undefined) fail(fault, 'missing_value', 'the object has no value for this column: make its elements Nullable');
          return within(fault, `[${index}]`);
        }
        index += 1;
      }
      return REWRITE;
    },
    write(tape, node, out) {
      out.ascii('[');
      let separator = '';
      const end = kindOf(tape, node) === NULL ? node : nextOf(tape, node);
      for (let child = node + 1; child < end; child = nextOf(tape, child)) {
        out.ascii(separator);
        separator = ',';
        const at = memberOf(tape, child, key);
        if (at === undefined) cell.write(NOTHING, 0, out);
        else cell.write(tape, at, out);
      }
      out.ascii(']');
    },
  }));
}

/** A null, which each optional cell writes as what it means there. */
const NOTHING: JsonTape = { bytes: Buffer.from('null'), tokens: Int32Array.of(NULL, 0, 4, 1), shapes: [] };

/** The value of a key; undefined where there is none. */
function memberOf(tape: JsonTape, node: number, key: string): number | undefined {
  const index = shapeOf(tape, node).keys.indexOf(key);
  if (index < 0) return undefined;
  let child = node + 1;
  for (let i = 0; i < index; i++) child = nextOf(tape, child);
  return child;
}
