import { endOf, extraOf, type JsonTape, STRING_PLAIN, startOf, stringOf } from '../core/json-tape.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const URL_SAFE = /^[A-Za-z0-9_-]*={0,2}$/;

/** The bytes a string token stands for as base64, also in the alphabet of URLs; undefined when it is none. */
export function bytesOfBase64(tape: JsonTape, node: number): Buffer | undefined {
  const text =
    extraOf(tape, node) === STRING_PLAIN
      ? tape.bytes.toString('latin1', startOf(tape, node) + 1, endOf(tape, node) - 1)
      : stringOf(tape, node);
  // Node reads over what is no base64; then some of the text would be lost.
  if (BASE64.test(text)) return Buffer.from(text, 'base64');
  return URL_SAFE.test(text) && text.replace(/=+$/, '').length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined;
}
