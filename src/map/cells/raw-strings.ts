import { endOf, extraOf, type JsonTape, STRING_PLAIN, startOf } from '../../core/json-tape.ts';

/** An escape, or two of them that are one character. */
const ESCAPE = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\./g;

/** The bytes of a string, which need not be UTF-8. */
export function rawBytes(tape: JsonTape, node: number): Buffer {
  const start = startOf(tape, node) + 1;
  const end = endOf(tape, node) - 1;
  if (extraOf(tape, node) === STRING_PLAIN) return tape.bytes.subarray(start, end);
  // In latin1 each byte is a character, so that only the escapes change.
  const text = tape.bytes.toString('latin1', start, end);
  return Buffer.from(
    text.replaceAll(ESCAPE, (escape) => Buffer.from(JSON.parse(`"${escape}"`) as string).toString('latin1')),
    'latin1',
  );
}
