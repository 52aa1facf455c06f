import { isUtf8 } from 'node:buffer';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { GatewayError } from '../core/errors.ts';

/** So many bytes are checked before others get a turn: one or two milliseconds. */
const BYTES_A_CHECK = 4 * 1024 * 1024;

/** @throws GatewayError `invalid_utf8` naming the first byte that is not UTF-8. */
export async function checkUtf8(body: Buffer): Promise<void> {
  let from = 0;
  while (from < body.length) {
    const to = characterStart(body, from + BYTES_A_CHECK);
    if (!isUtf8(body.subarray(from, to))) {
      throw new GatewayError('invalid_utf8', `The body is not valid UTF-8 at byte ${firstInvalid(body, from, to)}: send it in UTF-8`);
    }
    from = to;
    if (from < body.length) await turnOfOthers();
  }
}

/** Where the character begins that byte `at` is in. */
function characterStart(bytes: Buffer, at: number): number {
  if (at >= bytes.length) return bytes.length;
  let p = at;
  while (p > at - 3 && (bytes[p]! & 0xc0) === 0x80) p--;
  return p;
}

/** The first character in [from, to) that is none, by halves. */
function firstInvalid(bytes: Buffer, from: number, to: number): number {
  let low = from;
  let high = to;
  while (high - low > 8) {
    const middle = characterStart(bytes, (low + high) >> 1);
    if (isUtf8(bytes.subarray(low, middle))) low = middle;
    else high = middle;
  }
  for (let at = low + 1; at <= high; at++) if (isUtf8(bytes.subarray(low, at))) low = at;
  return low;
}
