import { FALSE, kindOf, TRUE } from '../../core/json-tape.ts';
import { type Cell, type Fault, VERBATIM } from '../cell.ts';
import { copyToken, wrongType } from './shared.ts';

/** Bool: true and false, and not 1 and 0, which are numbers. */
export function boolCell(fault: Fault): Cell {
  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      return kind === TRUE || kind === FALSE ? VERBATIM : wrongType(fault, tape, node, 'true and false');
    },
    write: copyToken,
  };
}
