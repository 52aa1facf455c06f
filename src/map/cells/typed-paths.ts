import { endOf, extraOf, type JsonTape, kindOf, NUMBER, NUMBER_INTEGER, STRING, startOf, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { createByteWriter } from '../byte-writer.ts';
import { type Cell, type CellOptions, FAULTY, fail, REWRITE, VERBATIM } from '../cell.ts';
import { copyToken } from './shared.ts';

/** Digits of integers that every JSON reader takes. */
const PLAIN_DIGITS = 18;

/**
 * A leaf of a declared path of a JSON column. ClickHouse reads those from parsed JSON and not from text: numbers are doubles or 64 bits
 * there, and the JSON text in a String is printed anew. Text it reads to the letter, so such values are written as text.
 */
export function typedLeaf(type: ColumnType, cell: Cell, { fault }: Pick<CellOptions, 'fault'>): Cell {
  switch (type.kind) {
    case 'string':
      return quoted(cell);
    case 'int':
    case 'float':
      return asText(cell, (tape, node) => extraOf(tape, node) === NUMBER_INTEGER && endOf(tape, node) - startOf(tape, node) > PLAIN_DIGITS);
    case 'decimal':
      return asText(cell, (tape, node) => extraOf(tape, node) !== NUMBER_INTEGER || endOf(tape, node) - startOf(tape, node) > PLAIN_DIGITS);
    case 'time':
    case 'time64':
    case 'variant':
    case 'dynamic':
    case 'json':
    case 'map':
      return {
        optional: cell.optional,
        check: () => fail(fault, 'wrong_type', 'the gateway does not write declared paths of this type: leave the field out'),
        write: copyToken,
      };
    default:
      return cell;
  }
}

/** Anything but a string becomes a string of its JSON text. */
function quoted(cell: Cell): Cell {
  return {
    optional: cell.optional,
    check(tape, node) {
      const verdict = cell.check(tape, node);
      return verdict === FAULTY || kindOf(tape, node) === STRING ? verdict : REWRITE;
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === STRING) copyToken(tape, node, out);
      else out.utf8(JSON.stringify(textOf(tape, node)));
    },
  };
}

/** Numbers that `isLossy` as numbers, and those that are rewritten anyway, become strings of their digits. */
function asText(cell: Cell, isLossy: (tape: JsonTape, node: number) => boolean): Cell {
  return {
    optional: cell.optional,
    check(tape, node) {
      const verdict = cell.check(tape, node);
      return verdict === VERBATIM && kindOf(tape, node) === NUMBER && isLossy(tape, node) ? REWRITE : verdict;
    },
    write(tape, node, out) {
      const inner = createByteWriter(64);
      cell.write(tape, node, inner);
      const text = inner.bytes().toString('latin1');
      out.ascii(text.startsWith('"') ? text : `"${text}"`);
    },
  };
}
