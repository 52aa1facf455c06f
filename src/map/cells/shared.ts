import {
  ARRAY,
  endOf,
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
  STRING_PLAIN,
  startOf,
  stringOf,
  TRUE,
} from '../../core/json-tape.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type Cell, FAULTY, type Fault, fail, REWRITE, VERBATIM, type Verdict } from '../cell.ts';

const NAMES: Readonly<Record<number, string>> = {
  [NULL]: 'null',
  [FALSE]: 'a boolean',
  [TRUE]: 'a boolean',
  [NUMBER]: 'a number',
  [STRING]: 'a string',
  [OBJECT]: 'an object',
  [ARRAY]: 'an array',
};

/** The verdict on a token whose JSON type does not fit. `wanted` completes "the column takes …". */
export function wrongType(fault: Fault, tape: JsonTape, node: number, wanted: string): typeof FAULTY {
  const kind = kindOf(tape, node);
  if (kind === NULL) return fail(fault, 'missing_value', `the value is null, and the column takes ${wanted} and is not Nullable`);
  return fail(fault, 'wrong_type', `the value is ${NAMES[kind]}, and the column takes ${wanted}`);
}

/** Appends the token's own bytes. */
export function copyToken(tape: JsonTape, node: number, out: ByteWriter): void {
  out.copy(tape.bytes, startOf(tape, node), endOf(tape, node));
}

/**
 * A cell for types written as text in one form, such as UUID. `problem` says what is wrong with a text, or nothing; the code is always
 * `invalid_value`. Text with escapes is rewritten without them.
 */
export function textCell(fault: Fault, wanted: string, problem: (text: string) => string | undefined): Cell {
  return {
    optional: false,
    check(tape, node): Verdict {
      if (kindOf(tape, node) !== STRING) return wrongType(fault, tape, node, wanted);
      const found = problem(stringOf(tape, node));
      if (found !== undefined) return fail(fault, 'invalid_value', found);
      return extraOf(tape, node) === STRING_PLAIN ? VERBATIM : REWRITE;
    },
    write(tape, node, out) {
      out.utf8(JSON.stringify(stringOf(tape, node)));
    },
  };
}

/** The worse of two verdicts that are no faults. */
export function worse(a: Verdict, b: Verdict): Verdict {
  return a === VERBATIM ? b : a;
}
