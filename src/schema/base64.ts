import { endOf, extraOf, type JsonTape, STRING_PLAIN, startOf, stringOf } from '../core/json-tape.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const URL_SAFE = /^[A-Za-z0-9_-]*={0,2}$/;

/** Bytes that are valid until the next ones are read: from the first on, so many. */
export interface Scratch {
  bytes: Buffer;
  length: number;
}

/** An empty scratch. */
export function createScratch(): Scratch {
  return { bytes: Buffer.allocUnsafe(1024), length: 0 };
}

/** Reads the bytes a string token stands for as base64, also in the alphabet of URLs. False when it is none. */
export function readBase64(tape: JsonTape, node: number, into: Scratch): boolean {
  const text =
    extraOf(tape, node) === STRING_PLAIN
      ? tape.bytes.toString('latin1', startOf(tape, node) + 1, endOf(tape, node) - 1)
      : stringOf(tape, node);
  if (into.bytes.length < text.length) into.bytes = Buffer.allocUnsafe(text.length * 2);
  into.length = into.bytes.write(text, 'base64');
  // Node reads over what is no base64, so that the bytes are fewer than the text says.
  return into.length === sizeOf(text) || isBase64(text);
}

function sizeOf(text: string): number {
  if (text.length % 4 !== 0) return -1;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

/** Without padding too. */
function isBase64(text: string): boolean {
  return BASE64.test(text) || (URL_SAFE.test(text) && text.replace(/=+$/, '').length % 4 !== 1);
}
