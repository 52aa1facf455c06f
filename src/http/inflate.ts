import { createGunzip, createInflate, createInflateRaw, type ZlibOptions } from 'node:zlib';
import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reservation } from './admission.ts';
import { createByteSink } from './byte-sink.ts';
import type { Coding } from './headers.ts';

/** A small body may grow to this whatever its ratio: short texts of repeated records do. */
const ALWAYS_ALLOWED = 1024 * 1024;

/** Bytes zlib inflates at once. Each turn is a way to a thread and back, so what most bodies inflate to is one turn. */
const SMALLEST_TURN = 16 * 1024;
const LARGEST_TURN = 256 * 1024;
const USUAL_RATIO = 8;

/**
 * The body as it was before compression. Several gzip members one after the other are one body; "deflate" comes with and without zlib's
 * header in the wild. Room is taken while it inflates, so that many bodies that inflate at once are stopped by the gate too.
 * @throws GatewayError `body_too_large` over the limit or the ratio, found without inflating further; `bad_compression`; `overloaded`.
 */
export async function inflateBody(
  body: Buffer,
  coding: Coding,
  limits: Pick<Limits, 'inflated' | 'inflateRatio'>,
  room: Reservation,
): Promise<Buffer> {
  if (coding === 'identity' || body.length === 0) return body;
  const most = Math.min(limits.inflated, Math.max(ALWAYS_ALLOWED, body.length * limits.inflateRatio));
  return await new Promise((resolve, reject) => {
    const sink = createByteSink(room, 0, most);
    const turn = Math.min(LARGEST_TURN, Math.max(SMALLEST_TURN, body.length * USUAL_RATIO));
    const engine = engineFor(coding, body, { chunkSize: turn });
    engine.on('data', (piece: Buffer) => {
      try {
        if (sink.length() + piece.length > most)
          throw new GatewayError('body_too_large', `The body inflates to more than ${most} bytes: send fewer records a request`);
        sink.append(piece);
      } catch (error) {
        engine.destroy();
        reject(error);
      }
    });
    engine.on('error', () => reject(new GatewayError('bad_compression', `The body is not whole and valid ${coding}`)));
    engine.on('end', () => {
      // zlib stops at the end of the data, whatever follows it.
      if (engine.bytesWritten === body.length) resolve(sink.take());
      else reject(new GatewayError('bad_compression', `Other bytes follow the ${coding} data`));
    });
    engine.end(body);
  });
}

function engineFor(coding: Coding, body: Buffer, options: ZlibOptions): ReturnType<typeof createGunzip | typeof createInflateRaw> {
  if (coding === 'gzip') return createGunzip(options);
  const hasHeader = (body[0]! & 0x0f) === 8 && ((body[0]! << 8) | (body[1] ?? 0)) % 31 === 0;
  return hasHeader ? createInflate(options) : createInflateRaw(options);
}
