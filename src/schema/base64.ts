import { endOf, extraOf, type JsonTape, STRING_PLAIN, startOf, stringOf } from '../core/json-tape.ts';

/** Bytes that are valid until the next ones are read: from the first on, so many. */
export interface Scratch {
  bytes: Buffer;
  length: number;
}

/** An empty scratch. */
export function createScratch(): Scratch {
  return { bytes: Buffer.allocUnsafe(1024), length: 0 };
}

const NONE = 255;
const PAD = 0x3d;

/** The six bits of a character, of either alphabet. */
const BITS = new Uint8Array(256).fill(NONE);
for (const [from, text] of [
  [0, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'],
  [62, '-_'],
] as const)
  for (let i = 0; i < text.length; i++) BITS[text.charCodeAt(i)] = from + i;

/**
 * Reads the bytes a string token stands for as base64, with padding or without, in the usual alphabet or that of URLs. False when it is none: Node's own
 * decoder reads over what is no base64, and some of the text would be lost.
 */
export function readBase64(tape: JsonTape, node: number, into: Scratch): boolean {
  if (extraOf(tape, node) === STRING_PLAIN) return decode(tape.bytes, startOf(tape, node) + 1, endOf(tape, node) - 1, into);
  const text = Buffer.from(stringOf(tape, node));
  return decode(text, 0, text.length, into);
}

function decode(text: Buffer, from: number, end: number, into: Scratch): boolean {
  let to = end;
  while (to > from && end - to < 2 && text[to - 1] === PAD) to -= 1;
  const rest = (to - from) % 4;
  // What padding there is has to fill up the last four.
  if (rest === 1 || (to < end && (end - from) % 4 !== 0)) return false;
  const room = Math.ceil(((to - from) * 3) / 4);
  if (into.bytes.length < room) into.bytes = Buffer.allocUnsafe(room * 2);
  const { bytes } = into;
  let length = 0;
  let bad = 0;
  let p = from;
  for (const last = to - rest; p < last; p += 4) {
    const a = BITS[text[p]!]!;
    const b = BITS[text[p + 1]!]!;
    const c = BITS[text[p + 2]!]!;
    const d = BITS[text[p + 3]!]!;
    bad |= a | b | c | d;
    bytes[length++] = (a << 2) | (b >> 4);
    bytes[length++] = (b << 4) | (c >> 2);
    bytes[length++] = (c << 6) | d;
  }
  if (rest > 1) {
    const a = BITS[text[p]!]!;
    const b = BITS[text[p + 1]!]!;
    const c = rest === 3 ? BITS[text[p + 2]!]! : 0;
    bad |= a | b | c;
    bytes[length++] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[length++] = (b << 4) | (c >> 2);
  }
  into.length = length;
  return bad < 64;
}
