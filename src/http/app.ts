import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { GatewayError } from '../core/errors.ts';
import { answerOfError } from '../respond/http.ts';
import { adminRoutes } from './admin.ts';
import { SenderGone } from './body.ts';
import { contextOf, type HttpDeps, type RequestContext } from './context.ts';
import { createReceiver, ingestTarget } from './deliveries.ts';
import { checkRequest } from './headers.ts';
import { reply } from './reply.ts';
import { securityHeaders } from './security-headers.ts';

/** The status a request is reported with whose sender went away before it was answered. Nobody is answered with it. */
const SENDER_GONE = 499;

/**
 * Answers requests, in the order a request goes through it. Records do not go through Express: with one record a request, finding the route there
 * costs more than everything else.
 */
export function createHttpApp(deps: HttpDeps): RequestListener {
  const begin = createBeginning(deps);
  const fail = createFailure(deps);
  const receive = createReceiver(deps);
  const others = createExpress(deps, fail);
  return (request, response) => {
    try {
      if (!begin(request, response)) return;
      const target = ingestTarget(request.url ?? '');
      if (target === undefined) others(request, response);
      else receive(target, request, response).catch((error: unknown) => fail(error, request, response));
    } catch (error) {
      fail(error, request, response);
    }
  };
}

/** Everything but records. */
function createExpress(deps: HttpDeps, fail: Failure): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Were an error ever to pass the handler below, Express would show its stack in any other environment.
  app.set('env', 'production');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(adminRoutes(deps));
  app.use(() => {
    throw new GatewayError('not_found', 'There is no such route: records go to /v1/topics/{topic} or /v1/ingest/{pipeline}');
  });
  const failed: ErrorRequestHandler = (error: unknown, request, response, _next) => fail(error, request, response);
  app.use(failed);
  return app;
}

/** Gives a request its id and its headers, refuses what no route should see, and reports it when it is answered. False: it is not to be answered. */
function createBeginning({
  newId,
  limits,
  keyHeader,
  draining,
  onRequestDone,
}: HttpDeps): (request: IncomingMessage, response: ServerResponse) => boolean {
  const headers = securityHeaders();
  const ended = new WeakSet<object>();
  return (request, response) => {
    // It cannot be answered any more, so it must not be written either.
    if (ended.has(request.socket)) return false;
    const context: RequestContext = { id: newId(), draining, ended, startedAt: Date.now(), route: 'none', bytes: 0 };
    const started = performance.now();
    Object.assign(response, { locals: context });
    response.setHeaders(headers);
    response.setHeader('X-Request-Id', context.id);
    response.once('close', () => {
      const { id, route, bytes, code, records } = context;
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const status = response.headersSent ? response.statusCode : SENDER_GONE;
      const event = { id, method: request.method ?? '', route, status, bytes, ms };
      onRequestDone({ ...event, ...(code === undefined ? {} : { code }), ...(records === undefined ? {} : { records }) });
    });
    checkRequest(request, limits.headerCount, keyHeader);
    return true;
  };
}

type Failure = (error: unknown, request: IncomingMessage, response: ServerResponse) => void;

function createFailure({ challenge, onBug }: HttpDeps): Failure {
  return (error, request, response) => {
    if (error instanceof SenderGone) {
      response.destroy();
      return;
    }
    const context = contextOf(response);
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
