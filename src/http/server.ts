import { createServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits } from '../core/config.ts';
import { type DeliveryErrorCode, GatewayError } from '../core/errors.ts';
import { type Answer, answerOfError } from '../respond/http.ts';
import { reply } from './reply.ts';

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
      requestTimeout: limits.headerTimeoutMs + limits.bodyTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, Math.max(50, Math.floor(shortest / 4))),
      // Checked by the application, which answers in its own form.
      requireHostHeader: false,
    },
    app,
  );
  // Node would drop headers beyond its count without a word; the application counts them.
  server.maxHeadersCount = 0;
  // The application tells a sender to continue only when it wants the body.
  server.on('checkContinue', app);
  server.on('checkExpectation', (request, response) => {
    reply(
      request,
      response,
      answerOfError(new GatewayError('expectation_failed', 'The Expect header asks for something else than 100-continue')),
    );
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket));
  return server;
}

/** Answers what never became a request. */
function refuse({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = answerFor(code);
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' });
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
}

const REASONS: Readonly<Record<string, readonly [DeliveryErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are larger than the gateway takes'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body_too_large', 'A chunk has larger extensions than the gateway takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The headers or the body did not arrive in time'],
};

function answerFor(code: string | undefined): Answer {
  const [error, detail] = REASONS[code ?? ''] ?? ['malformed_request', 'The request is not valid HTTP/1.1'];
  return answerOfError(new GatewayError(error, detail));
}
