import { endOf, type JsonTape, nextOf, STRING, STRING_PLAIN, startOf } from '../../core/json-tape.ts';

const BACKSLASH = 0x5c;

/**
 * Whether a key of the object is spelled with escapes. Between its values stand only keys, punctuation and blanks. ClickHouse compares the
 * names of tuple elements, and reads keys other than text, by their spelling.
 */
export function hasEscapedKey(tape: JsonTape, node: number): boolean {
  const { bytes } = tape;
  const last = nextOf(tape, node);
  let p = startOf(tape, node) + 1;
  for (let child = node + 1; child < last; child = nextOf(tape, child)) {
    const value = startOf(tape, child);
    for (; p < value; p++) if (bytes[p] === BACKSLASH) return true;
    p = endOf(tape, child);
  }
  return false;
}

/** A tape of one string, for text that is no value of a record, such as an object's key. The text must need no escapes. */
export function textTape(text: string): JsonTape {
  const bytes = Buffer.from(`"${text}"`);
  return { bytes, tokens: Int32Array.of(STRING | (STRING_PLAIN << 4), 0, bytes.length, 1), shapes: [] };
}
