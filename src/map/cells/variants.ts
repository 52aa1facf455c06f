import { ARRAY, FALSE, kindOf, NULL, NUMBER, OBJECT, STRING, TRUE, textOf } from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, FAULTY, type Fault, fail, VERBATIM } from '../cell.ts';
import { copyToken } from './shared.ts';

interface Member {
  readonly type: ColumnType;
  readonly cell: Cell;
}

/**
 * Variant(…). ClickHouse tries the members in an order of its own, so that "5" becomes 5 where there is an integer member. A value is taken only
 * if exactly one member can hold it as it is written; String counts for strings only.
 */
export function variantCell(members: readonly Member[], fault: Fault): Cell {
  const hasBool = members.some(({ type }) => type.kind === 'bool');
  return {
    optional: true,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NULL) return VERBATIM;
      const isDigit = kind === NUMBER && /^-?[01]$/.test(textOf(tape, node));
      // Strings: whatever a member would read out of the text counts against it, also when it would have to be rewritten.
      const candidates = members.filter(({ type, cell }) => {
        if (kind !== STRING && isText(type)) return false;
        const verdict = cell.check(tape, node);
        return kind === STRING ? verdict !== FAULTY : verdict === VERBATIM;
      });
      const count = candidates.length + (isDigit && hasBool ? 1 : 0);
      if (count === 1) return VERBATIM;
      const kindName = {
        [STRING]: 'text',
        [NUMBER]: 'number',
        [TRUE]: 'boolean',
        [FALSE]: 'boolean',
        [OBJECT]: 'object',
        [ARRAY]: 'array',
      }[kind];
      if (count === 0) return fail(fault, 'wrong_type', `the value is a ${kindName} that none of the variants holds as it is`);
      return fail(fault, 'ambiguous_value', `the ${kindName} could be ${count} of the variants, and ClickHouse would choose`);
    },
    write: copyToken,
  };
}

function isText(type: ColumnType): boolean {
  const inner = type.kind === 'low-cardinality' || type.kind === 'nullable' ? type.inner : type;
  return inner.kind === 'string' || inner.kind === 'fixed-string';
}
