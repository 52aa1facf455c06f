import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Coding } from './headers.ts';

type Inflated = { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
type Inflate = (input: Buffer, options: ZlibOptions & { info: true }) => Promise<Inflated>;

const run = {
  gzip: promisify(gunzip) as unknown as Inflate,
  zlib: promisify(inflate) as unknown as Inflate,
  raw: promisify(inflateRaw) as unknown as Inflate,
};

/** A small body may grow to this whatever its ratio: short texts of repeated records do. */
const ALWAYS_ALLOWED = 1024 * 1024;

/**
 * The body as it was before compression. Several gzip members one after the other are one body; "deflate" comes with and without zlib's
 * header in the wild.
 * @throws GatewayError `body_too_large` over the limit or the ratio, found without inflating further; `bad_compression`.
 */
export async function inflateBody(body: Buffer, coding: Coding, limits: Pick<Limits, 'inflated' | 'inflateRatio'>): Promise<Buffer> {
  if (coding === 'identity' || body.length === 0) return body;
  const most = Math.min(limits.inflated, Math.max(ALWAYS_ALLOWED, body.length * limits.inflateRatio));
  const kind = coding === 'gzip' ? 'gzip' : (body[0]! & 0x0f) === 8 && ((body[0]! << 8) | (body[1] ?? 0)) % 31 === 0 ? 'zlib' : 'raw';
  let result: Inflated;
  try {
    result = await run[kind](body, { maxOutputLength: most, info: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new GatewayError('body_too_large', `The body inflates to more than ${most} bytes: send fewer records a request`);
    throw new GatewayError('bad_compression', `The body is not whole and valid ${coding}`);
  }
  if (result.engine.bytesWritten !== body.length) throw new GatewayError('bad_compression', `Other bytes follow the ${coding} data`);
  return result.buffer;
}
