import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../respond/http.ts';
import { contextOf } from './context.ts';
import { waitsForContinue } from './headers.ts';

/** So long a refused sender may go on sending before the connection is closed under it. */
const LINGER_MS = 500;

/** An unread body up to this size is read and thrown away, so that the connection can be used again. */
const SMALL_BODY = 64 * 1024;

/** Statuses after which nothing more is read: the rest is late, or it may not be certain where it ends. */
const ENDS_CONNECTION: ReadonlySet<number> = new Set([400, 408]);

/**
 * Sends an answer. When the sender is still sending a large body, the answer goes out at once, what comes is thrown away for a moment, and then
 * the connection is closed: closed at once, the sender would see a reset instead of the answer.
 */
export function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const { status, headers, body } = answer;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('Content-Length', Buffer.byteLength(body));
  const context = contextOf(response);
  const isRead = request.complete || !expectsBody(request);
  const ends = context.draining() || !(isRead || restIsSmall(request, status));
  if (ends) {
    context.ended.add(request.socket);
    response.setHeader('Connection', 'close');
  }
  const sent = request.method === 'HEAD' ? undefined : body;
  // Where a route has begun to read, Node would not throw the rest away by itself.
  request.resume();
  if (isRead || !ends) response.end(sent);
  else linger(request, response, sent);
}

function linger(request: IncomingMessage, response: ServerResponse, body: string | Buffer | undefined): void {
  if (body === undefined) response.flushHeaders();
  else response.write(body);
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.once('end', finish).once('close', finish);
}

function expectsBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** A sender that was not told to continue may never send its body: then its next request would be taken for it. */
function restIsSmall(request: IncomingMessage, status: number): boolean {
  const announced = request.headers['content-length'];
  return announced !== undefined && Number(announced) <= SMALL_BODY && !ENDS_CONNECTION.has(status) && !waitsForContinue(request);
}
