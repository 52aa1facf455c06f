import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../respond/http.ts';

/** So long a refused sender may go on sending before the connection is closed under it. */
const LINGER_MS = 500;

/**
 * Sends an answer. When the sender is still sending its body, the answer goes out at once, what comes is thrown away for a moment, and then the
 * connection is closed: closed at once, the sender would see a reset instead of the answer.
 */
export function reply(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('Content-Length', Buffer.byteLength(body));
  const hasBody = request.method !== 'HEAD';
  if (request.complete || !expectsBody(request)) {
    response.end(hasBody ? body : undefined);
    return;
  }
  response.setHeader('Connection', 'close');
  if (hasBody) response.write(body);
  else response.flushHeaders();
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.once('end', finish).once('close', finish);
  request.resume();
}

function expectsBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
