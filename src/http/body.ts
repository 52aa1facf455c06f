import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Admission, Reservation } from './admission.ts';
import { bodyCoding } from './headers.ts';
import { inflateBody } from './inflate.ts';

/** The sender went away before the body was whole: there is nobody to answer. */
export class SenderGone extends Error {
  constructor() {
    super('the sender closed the connection');
    this.name = 'SenderGone';
  }
}

export interface Body {
  readonly bytes: Buffer;
  /** Gives the room back; to be called when the request is done. */
  release(): void;
}

/**
 * Reads a body as far as the limits allow, straight from the request, and inflates it. Room is reserved before anything is read.
 * @throws GatewayError; {@link SenderGone}.
 */
export async function readBody(request: IncomingMessage, response: ServerResponse, limits: Limits, admission: Admission): Promise<Body> {
  const coding = bodyCoding(request);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.body) throw tooLarge(limits.body);
  const room = admission.reserve(announced);
  try {
    // Only now is the sender told to go on: until here the answer may have been a refusal.
    if (request.headers.expect !== undefined) response.writeContinue();
    const sent = await collect(request, limits.body, announced, room);
    const bytes = await inflateBody(sent, coding, limits);
    if (bytes !== sent) room.grow(bytes.length);
    return { bytes, release: () => room.release() };
  } catch (error) {
    room.release();
    throw error;
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError('body_too_large', `The body is larger than ${limit} bytes: send fewer records a request`);
}

async function collect(request: IncomingMessage, limit: number, announced: number, room: Reservation): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (finish: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      try {
        if (length > limit) throw tooLarge(limit);
        if (length > announced) room.grow(Math.min(chunk.length, length - announced));
      } catch (error) {
        settle(() => reject(error));
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    const onGone = (): void => settle(() => reject(new SenderGone()));
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
