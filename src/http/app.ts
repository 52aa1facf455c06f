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

/** The Express application, in the order a request goes through it. */
export function createHttpApp(deps: HttpDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
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
function begin({ newId, limits, keyHeader, onRequestDone }: HttpDeps): RequestHandler {
  const headers = securityHeaders();
  return (request, response, next) => {
    const context: RequestContext = { id: newId(), startedAt: Date.now(), route: 'none', bytes: 0 };
    const started = performance.now();
    response.locals = context as RequestContext & Response['locals'];
    response.setHeaders(headers);
    response.setHeader('X-Request-Id', context.id);
    response.once('close', () => {
      const { id, route, bytes, code, records } = context;
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const event = { id, method: request.method, route, status: response.statusCode, bytes, ms };
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
    if (answer.code === 'internal') onBug(error, context.id);
    reply(request, response, answer);
  };
}

function extraHeaders(error: unknown, challenge: string): Record<string, string> {
  if (!(error instanceof GatewayError)) return {};
  if (error.code === 'unauthenticated') return { 'WWW-Authenticate': challenge };
  return error.code === 'unsupported_encoding' ? { 'Accept-Encoding': 'gzip, deflate' } : {};
}
