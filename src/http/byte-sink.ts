import type { Reservation } from './admission.ts';

/** Smallest buffer that pieces are copied to. */
const SMALLEST = 16 * 1024;

/** Bytes that come in pieces, as one buffer. */
export interface ByteSink {
  readonly length: () => number;
  /** @throws GatewayError `overloaded` when there is no room for the piece. */
  append(piece: Buffer): void;
  /** Everything appended, in order. The sink is not to be used afterwards. */
  take(): Buffer;
}

/**
 * A sink for `expected` bytes, which `room` already holds, or for 0 when nobody knows how many will come; the caller appends at most `most`. Room is taken for every buffer before
 * it is made. No piece is kept beside the buffer: a body sent one byte a chunk would take a hundred times its size.
 */
export function createByteSink(room: Reservation, expected: number, most: number): ByteSink {
  let buffer: Buffer = Buffer.alloc(0);
  let length = 0;
  let reserved = expected;

  const reserve = (bytes: number): void => {
    if (bytes <= reserved) return;
    room.grow(bytes - reserved);
    reserved = bytes;
  };
  const enlarge = (needed: number): void => {
    const capacity = needed <= expected ? expected : Math.min(most, Math.max(SMALLEST, needed, length * 2));
    reserve(capacity);
    const larger = Buffer.allocUnsafeSlow(capacity);
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  };

  return {
    length: () => length,
    append(piece) {
      const needed = length + piece.length;
      if (length === 0) {
        // Most bodies come in one piece, which needs no copy.
        reserve(needed);
        buffer = piece;
      } else {
        if (needed > buffer.length) enlarge(needed);
        piece.copy(buffer, length);
      }
      length = needed;
    },
    take: () => buffer.subarray(0, length),
  };
}
