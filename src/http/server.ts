import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits } from '../core/config.ts';
import { type DeliveryErrorCode, GatewayError } from '../core/errors.ts';
import { answerOfError, type TextAnswer } from '../respond/http.ts';
import { securityHeaders } from './security-headers.ts';

/** The application ends a body that is late itself, with an answer of its own; what it never reads is ended so much later. */
const BACKSTOP_MS = 1000;

/**
 * An HTTP/1.1 server with the limits set that Node keeps. There is no 'upgrade' listener, and must be none: with one, requests that only offer
 * h2c would never reach the application.
 */
export function createHttpServer(app: RequestListener, limits: Limits): Server {
  const shortest = Math.min(limits.headerTimeoutMs, limits.bodyTimeoutMs);
  const server = createServer(
    {
      maxHeaderSize: limits.headers,
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.headerTimeoutMs + limits.bodyTimeoutMs + BACKSTOP_MS,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, Math.max(50, Math.floor(shortest / 4))),
      // Not even when the environment asks for it.
      insecureHTTPParser: false,
      // Checked by the application, which answers in its own form.
      requireHostHeader: false,
    },
    app,
  );
  // Node would drop headers beyond its count without a word; the application counts them.
  server.maxHeadersCount = 0;
  // The application tells a sender to continue only when it wants the body.
  server.on('checkContinue', app);
  server.on('checkExpectation', app);
  const headers = Object.fromEntries(securityHeaders());
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, headers));
  return server;
}

/** Where Node's own handling of client errors finds the response whose turn it is on a connection. */
const TURN = '_httpMessage';
type Connection = Duplex & { readonly [TURN]?: ServerResponse | null };

/**
 * Answers what Node cannot read on. Requests that came before it on the connection are answered first: a refusal written before them would be
 * taken for their answer.
 */
function refuse(error: NodeJS.ErrnoException, socket: Connection, headers: Readonly<Record<string, string>>): void {
  const current = socket[TURN] ?? undefined;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
  } else if (current === undefined) {
    socket.end(asText(answerOfError(failureOf(error.code)), headers));
  } else if (current.req.complete) {
    current.once('finish', () => refuse(error, socket, headers));
  } else if (error.code === 'HPE_INVALID_EOF_STATE') {
    // The sender closed in the middle of its body.
    socket.destroy();
  } else if (current.req.listenerCount('error') > 0) {
    // It is this request's own body. Who reads it fails with the error, answers, and gives back what it holds.
    current.req.emit('error', failureOf(error.code));
  }
}

function asText({ status, headers, body }: TextAnswer, more: Readonly<Record<string, string>>): string {
  const all = { ...more, ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

const REASONS: Readonly<Record<string, readonly [DeliveryErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are larger than the gateway takes'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body_too_large', 'A chunk has larger extensions than the gateway takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The headers or the body did not arrive in time'],
};

function failureOf(code: string | undefined): GatewayError {
  const [error, detail] = REASONS[code ?? ''] ?? ['malformed_request', 'The request is not valid HTTP/1.1'];
  return new GatewayError(error, detail);
}
