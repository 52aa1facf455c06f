import { Router } from 'express';
import { ERRORS, GatewayError } from '../core/errors.ts';
import { DestinationError } from '../core/ports.ts';
import type { Answer } from '../respond/http.ts';
import { createAdmission } from './admission.ts';
import { readBody } from './body.ts';
import type { HttpDeps } from './context.ts';
import { addDriftRoutes } from './drift-routes.ts';
import { bodyCoding } from './headers.ts';
import { JSON_TYPE, json } from './json-answer.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { createOpenApi } from './openapi.ts';
import { type Handler, readable, routesOf } from './state-route.ts';

const LONGEST_QUERY = 64 * 1024;

/** Everything that is not records: health, the interface's description, pipelines, queries. */
export function adminRoutes(deps: HttpDeps): Router {
  const router = Router({ caseSensitive: true });
  const add = routesOf(router);

  add('get', '/healthz', () => json({ status: 'alive' }));
  add('get', '/readyz', async () => {
    const { ready, reasons } = await deps.ready();
    return json(ready ? { status: 'ready' } : { status: 'not ready', reasons }, ready ? 200 : 503);
  });
  const openApi = createOpenApi(deps);
  add('get', '/openapi.json', ({ headers }) => ({ status: 200, headers: JSON_TYPE, body: openApi.json(headers.host) }));
  add('get', '/openapi.yaml', ({ headers }) => ({
    status: 200,
    headers: { 'Content-Type': 'application/yaml' },
    body: openApi.yaml(headers.host),
  }));
  add('get', '/errors/:code', ({ params }) => describeError(String(params['code'])));
  add('get', '/v1/pipelines', async ({ headers }) => {
    const principal = deps.authenticate(headers);
    const mine = deps.routes.all.filter(({ name }) => principal.can('read', name));
    return json({ pipelines: await Promise.all(mine.map(deps.describePipeline)) });
  });
  add('get', '/v1/pipelines/:pipeline', async (request) => json(await deps.describePipeline(readable(deps, request).pipeline)));
  addLedgerRoutes(add, deps);
  addDriftRoutes(add, deps);
  add('post', '/v1/query', queryHandler(deps));
  return router;
}

function describeError(code: string): Answer {
  const entry = Object.entries(ERRORS).find(([name]) => name === code)?.[1];
  if (entry === undefined) throw new GatewayError('not_found', 'There is no error of this code');
  return json({ code, ...entry });
}

function queryHandler({ authenticate, query, limits }: HttpDeps): Handler {
  const admission = createAdmission(LONGEST_QUERY * 64);
  return async (request, response) => {
    const principal = authenticate(request.headers);
    if (!principal.can('admin', '*'))
      throw new GatewayError('forbidden', 'A query needs the admin grant on every pipeline: { pipeline: "*", can: [admin] }');
    if (query === undefined) throw new GatewayError('not_found', 'Queries through the gateway are for the embedded ClickHouse only');
    const coding = bodyCoding(request);
    const body = await readBody(request, response, coding, { ...limits, body: LONGEST_QUERY, inflated: LONGEST_QUERY }, admission);
    try {
      const rows = await query(statementOf(body.bytes.toString('utf8')));
      return { status: 200, headers: { 'Content-Type': 'application/x-ndjson' }, body: rows };
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      throw queryFailure(error);
    } finally {
      body.release();
    }
  };
}

/** The commonest mistakes by ClickHouse's code. Its own words quote the statement, and may quote rows. */
const QUERY_FAULTS: Readonly<Record<number, string>> = {
  46: 'it calls a function that does not exist',
  47: 'it names a column that does not exist',
  60: 'it names a table that does not exist',
  62: 'its syntax is wrong, or it is more than one statement',
  81: 'it names a database that does not exist',
  159: 'it runs too long',
  164: 'it does more than read, or changes a setting',
  215: 'it selects a column that is neither aggregated nor grouped by',
  241: 'it needs too much memory',
  386: 'it combines types that have none in common',
  396: 'its result is too large: add a LIMIT',
};

/** ClickHouse that is away or asks to slow down is a state that passes, and not the fault of the query. */
function queryFailure(error: DestinationError): GatewayError {
  const { clickhouseCode: code, failure, message } = error;
  const fault = code === undefined ? undefined : QUERY_FAULTS[code];
  const options = { cause: error };
  if (fault !== undefined)
    return new GatewayError('invalid_query', `ClickHouse does not run this query: ${fault} (ClickHouse code ${code})`, options);
  if (code === undefined && failure === 'unknown-outcome')
    return new GatewayError('target_unavailable', 'ClickHouse did not answer the query: send it again', options);
  return new GatewayError(failure === 'back-off' ? 'target_overloaded' : 'invalid_query', message, options);
}

/** The SQL text itself, or JSON with it as `query`. */
function statementOf(text: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    const { query } = JSON.parse(text) as { query?: unknown };
    if (typeof query === 'string') return query;
  } catch {
    // Told below.
  }
  throw new GatewayError('invalid_query', 'The body is neither SQL text nor JSON with the SQL as "query"');
}
