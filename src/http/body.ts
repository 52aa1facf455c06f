import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Admission, Reservation } from './admission.ts';
import { createByteSink } from './byte-sink.ts';
import { type Coding, waitsForContinue } from './headers.ts';
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
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  coding: Coding,
  limits: Limits,
  admission: Admission,
): Promise<Body> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.body) throw tooLarge(limits.body);
  const room = admission.reserve(announced);
  try {
    // Only now is the sender told to go on: until here the answer may have been a refusal.
    if (waitsForContinue(request)) response.writeContinue();
    const sent = await collect(request, limits, announced, room);
    const bytes = await inflateBody(sent, coding, limits, room);
    return { bytes, release: () => room.release() };
  } catch (error) {
    room.release();
    throw error;
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError('body_too_large', `The body is larger than ${limit} bytes: send fewer records a request`);
}

async function collect(
  request: IncomingMessage,
  limits: Pick<Limits, 'body' | 'bodyTimeoutMs'>,
  announced: number,
  room: Reservation,
): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const sink = createByteSink(room, announced, limits.body);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      try {
        if (sink.length() + chunk.length > limits.body) throw tooLarge(limits.body);
        sink.append(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = (): void => settle(() => resolve(sink.take()));
    // What the server cannot read on is told as the request's error.
    const onGone = (error?: unknown): void => settle(() => reject(error instanceof GatewayError ? error : new SenderGone()));
    const onLate = (): void =>
      settle(() => reject(new GatewayError('request_timeout', `The body did not arrive within ${limits.bodyTimeoutMs} ms`)));
    const timer = setTimeout(onLate, limits.bodyTimeoutMs);
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
