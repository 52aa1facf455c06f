import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { GatewayError } from '../core/errors.ts';
import { answerOfError } from '../respond/http.ts';
import { adminRoutes } from './admin.ts';
import { SenderGone } from './body.ts';
import type { HttpDeps, RequestContext } from './context.ts';
import { ingestRoutes } from './deliveries.ts';
import { checkRequest } from './headers.ts';
import { reply } from './reply.ts';
import { securityHeaders } from './security-headers.ts';

/** The status a request is reported with whose sender went away before it was answered. Nobody is answered with it. */
const SENDER_GONE = 499;

/** The Express application, in the order a request goes through it. */
export function createHttpApp(deps: HttpDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Were an error ever to pass the handler below, Express would show its stack in any other environment.
  app.set('env', 'production');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(begin(deps));
  app.use(ingestRoutes(deps));
  app.use(adminRoutes(deps));
  app.use(() => {
    throw new GatewayError('not_found', 'There is no such route: records go to /v1/topics/{topic} or /v1/ingest/{pipeline}');
  });
  app.use(failed(deps));
  return app;
}

/** Gives the request its id and its headers, refuses what no route should see, and reports it when it is answered. */
function begin({ newId, limits, keyHeader, draining, onRequestDone }: HttpDeps): RequestHandler {
  const headers = securityHeaders();
  const ended = new WeakSet<object>();
  return (request, response, next) => {
    // It cannot be answered any more, so it must not be written either.
    if (ended.has(request.socket)) return;
    const context: RequestContext = { id: newId(), draining, ended, startedAt: Date.now(), route: 'none', bytes: 0 };
    const started = performance.now();
    response.locals = context as RequestContext & Response['locals'];
    response.setHeaders(headers);
    response.setHeader('X-Request-Id', context.id);
    response.once('close', () => {
      const { id, route, bytes, code, records } = context;
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const status = response.headersSent ? response.statusCode : SENDER_GONE;
      const event = { id, method: request.method, route, status, bytes, ms };
      onRequestDone({ ...event, ...(code === undefined ? {} : { code }), ...(records === undefined ? {} : { records }) });
    });
    checkRequest(request, limits.headerCount, keyHeader);
    next();
  };
}

function failed({ challenge, onBug }: HttpDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (error instanceof SenderGone) {
      response.destroy();
      return;
    }
    const context = response.locals as RequestContext;
    const known = error instanceof URIError ? new GatewayError('malformed_request', 'The path cannot be decoded') : error;
    const answer = answerOfError(known, extraHeaders(known, challenge));
    if (answer.code !== undefined) context.code = answer.code;
    reply(request, response, answer);
    if (answer.code === 'internal') onBug(error, context.id);
  };
}

function extraHeaders(error: unknown, challenge: string): Record<string, string> {
  if (!(error instanceof GatewayError)) return {};
  if (error.code === 'unauthenticated') return { 'WWW-Authenticate': challenge };
  return error.code === 'unsupported_encoding' ? { 'Accept-Encoding': 'gzip, deflate' } : {};
}
