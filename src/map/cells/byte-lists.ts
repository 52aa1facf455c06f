import { kindOf, STRING } from '../../core/json-tape.ts';
import { type Cell, REWRITE } from '../cell.ts';
import { rawBytes } from './raw-strings.ts';

/** Array(UInt8): an array of numbers as `list` has it, or the bytes of a string. */
export function byteListCell(list: Cell): Cell {
  return {
    optional: list.optional,
    check: (tape, node) => (kindOf(tape, node) === STRING ? REWRITE : list.check(tape, node)),
    write(tape, node, out) {
      if (kindOf(tape, node) === STRING) out.ascii(`[${[...rawBytes(tape, node)].join(',')}]`);
      else list.write(tape, node, out);
    },
  };
}
