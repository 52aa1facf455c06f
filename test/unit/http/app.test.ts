/** The routes on a real socket, with the pipeline replaced by what each test says it answers. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from '../../../src/core/errors.ts';
import { DestinationError } from '../../../src/core/ports.ts';
import { startTestApp, type TestApp } from '../../support/http-app.ts';
import { openRaw } from '../../support/raw-http.ts';

let app: TestApp;
const started: TestApp[] = [];
beforeEach(async () => {
  app = await startTestApp();
  started.push(app);
});
after(async () => {
  for (const each of started) await each.close();
});

const call = async (path: string, init: RequestInit = {}, key: string | undefined = 'good'): Promise<Response> =>
  await fetch(`http://127.0.0.1:${app.port}${path}`, {
    redirect: 'manual',
    ...init,
    headers: { ...(key === undefined ? {} : { 'x-api-key': key }), ...(init.headers as Record<string, string>) },
  });
const problemOf = async (response: Response): Promise<[number, unknown]> => [
  response.status,
  ((await response.json()) as Record<string, unknown>)['code'],
];

test('POST, PUT and PATCH are the same', async () => {
  for (const method of ['POST', 'PUT', 'PATCH']) {
    const response = await call('/v1/topics/orders', { method, body: `{"m":"${method}"}` });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { accepted: 1, duplicate: 0, quarantined: 0, batch: 'b' });
  }
  assert.deepEqual(
    app.deliveries.map(({ pipeline, topic, principal, body }) => [pipeline, topic, principal, body.toString()]),
    ['POST', 'PUT', 'PATCH'].map((method) => ['orders', 'orders', 'good', `{"m":"${method}"}`]),
  );
});

test('a pipeline takes records by name, for its only topic', async () => {
  assert.equal((await call('/v1/ingest/orders', { method: 'POST', body: '{}' })).status, 200);
  assert.deepEqual(
    app.deliveries.map(({ pipeline, topic }) => [pipeline, topic]),
    [['orders', 'orders']],
  );
});

test('a probe is answered without reaching the pipeline', async () => {
  for (const method of ['GET', 'HEAD']) assert.equal((await call('/v1/topics/orders', { method })).status, 200, method);
  assert.equal((await call('/v1/topics/orders', { method: 'HEAD' }, '')).status, 401);
  assert.equal(app.deliveries.length, 0);
});

test('other methods are refused and told which there are', async () => {
  const response = await call('/v1/topics/orders', { method: 'DELETE' });
  assert.equal(response.headers.get('allow'), 'GET, HEAD, POST, PUT, PATCH');
  assert.deepEqual(await problemOf(response), [405, 'method_not_allowed']);
  const query = await call('/v1/query');
  assert.equal(query.headers.get('allow'), 'POST');
  assert.deepEqual(await problemOf(query), [405, 'method_not_allowed']);
});

test('without a credential nothing is read, and the answer says how to authenticate', async () => {
  const response = await call('/v1/topics/orders', { method: 'POST', body: 'x'.repeat(100_000) }, '');
  assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="sluice"');
  assert.deepEqual(await problemOf(response), [401, 'unauthenticated']);
});

test("someone else's pipeline looks like one that is not there", async () => {
  const strange = await call('/v1/ingest/other', { method: 'POST', body: '{}' }, 'orders');
  const missing = await call('/v1/ingest/nowhere', { method: 'POST', body: '{}' }, 'orders');
  assert.equal(await strange.text(), await missing.text());
  assert.deepEqual([strange.status, missing.status], [404, 404]);
  assert.deepEqual(await problemOf(await call('/v1/topics/other', { method: 'POST', body: '{}' }, 'orders')), [404, 'not_found']);
  assert.deepEqual(await problemOf(await call('/v1/ingest/orders', { method: 'POST', body: '{}' }, 'reader')), [403, 'forbidden']);
  assert.equal(app.deliveries.length, 0);
});

test('failures of the pipeline are answered as what they are', async () => {
  const cases: Array<[unknown, number, string]> = [
    [new GatewayError('malformed_json', 'd'), 400, 'malformed_json'],
    [new GatewayError('target_overloaded', 'd', { retryAfterSeconds: 2 }), 503, 'target_overloaded'],
    [new Error('a secret'), 500, 'internal'],
  ];
  for (const [error, status, code] of cases) {
    app.answer = async () => await Promise.reject(error);
    const response = await call('/v1/topics/orders', { method: 'POST', body: '{}' });
    assert.equal(response.headers.has('retry-after'), status === 503);
    const text = await response.text();
    assert.doesNotMatch(text, /secret/);
    assert.deepEqual([response.status, (JSON.parse(text) as Record<string, unknown>)['code']], [status, code]);
  }
  assert.equal(app.bugs.length, 1);
});

test('rejected records are listed', async () => {
  app.answer = async () =>
    await Promise.resolve({ kind: 'refused', rejections: [{ ordinal: 1, code: 'wrong_type', column: 'id', reason: 'why' }], total: 2 });
  const response = await call('/v1/topics/orders', { method: 'POST', body: '[]' });
  assert.equal(response.status, 422);
  assert.deepEqual(((await response.json()) as Record<string, unknown>)['errors'], [
    { index: 1, column: 'id', code: 'wrong_type', message: 'why' },
  ]);
});

test('every answer has an id and the security headers, and says nothing of what serves it', async () => {
  for (const path of ['/healthz', '/nowhere', '/v1/topics/orders']) {
    const { headers } = await call(path);
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'/);
    assert.equal(headers.get('x-powered-by'), null);
  }
});

test('never a redirect', async () => {
  for (const path of ['/v1/topics/orders/', '/v1/pipelines/', '/', '//', '/v1', '/openapi.json/', '/V1/topics/orders']) {
    const { status } = await call(path);
    assert.ok(status < 300 || status >= 400, `${path}: ${status}`);
  }
});

test('a sender that goes away is forgotten, and its room given back', async () => {
  const small = await startTestApp({ inFlight: 1000, body: 1000 });
  started.push(small);
  for (let i = 0; i < 20; i++) {
    const raw = await openRaw(small.port);
    raw.send('POST /v1/topics/orders HTTP/1.1\r\nHost: x\r\nX-API-KEY: good\r\nContent-Length: 900\r\n\r\n{"half"');
    await wait(5);
    raw.socket.destroy();
    await wait(5);
  }
  const response = await fetch(`http://127.0.0.1:${small.port}/v1/topics/orders`, {
    method: 'POST',
    headers: { 'x-api-key': 'good' },
    body: 'x'.repeat(900),
  });
  assert.equal(response.status, 200);
  assert.deepEqual([small.deliveries.length, small.bugs.length], [1, 0]);
});

test('room is taken before a body is read, and a sender without room is told to come back', async () => {
  const small = await startTestApp({ inFlight: 1000, body: 1000 });
  started.push(small);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  small.answer = async () => {
    await held;
    return { kind: 'stored', accepted: 1, duplicate: 0, quarantined: 0 };
  };
  const post = async (size: number): Promise<Response> =>
    await fetch(`http://127.0.0.1:${small.port}/v1/topics/orders`, {
      method: 'POST',
      headers: { 'x-api-key': 'good' },
      body: 'x'.repeat(size),
    });
  const first = post(700);
  while (small.deliveries.length === 0) await wait(2);
  const second = await post(700);
  assert.ok(Number(second.headers.get('retry-after')) >= 1);
  assert.deepEqual(await problemOf(second), [503, 'overloaded']);
  release();
  assert.equal((await first).status, 200);
  assert.equal((await post(700)).status, 200);
});

test('a connection goes on after a refusal of a request that was read', async () => {
  const raw = await openRaw(app.port);
  const send = (key: string): void =>
    raw.send(`POST /v1/topics/orders HTTP/1.1\r\nHost: x\r\nX-API-KEY: ${key}\r\nContent-Length: 2\r\n\r\n{}`);
  app.answer = async () => await Promise.reject(new GatewayError('malformed_json', 'd'));
  send('good');
  assert.equal((await raw.next())?.status, 400);
  app.answer = async () => await Promise.resolve({ kind: 'stored', accepted: 1, duplicate: 0, quarantined: 0 });
  send('good');
  assert.equal((await raw.next())?.status, 200);
  raw.socket.destroy();
});

test('chunks over the limit are refused while they come', async () => {
  const small = await startTestApp({ body: 1000 });
  started.push(small);
  const raw = await openRaw(small.port);
  raw.send('POST /v1/topics/orders HTTP/1.1\r\nHost: x\r\nX-API-KEY: good\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 3; i++) raw.send(`190\r\n${'x'.repeat(400)}\r\n`);
  const answer = await raw.next();
  assert.equal(answer?.status, 413);
  assert.equal(answer?.headers['connection'], 'close');
  await raw.closed();
  assert.equal(small.deliveries.length, 0);
});

test('pipelines are shown to those who may read them', async () => {
  assert.deepEqual(await (await call('/v1/pipelines', {}, 'reader')).json(), {
    pipelines: [
      { name: 'orders', guarantee: 'at-least-once' },
      { name: 'other', guarantee: 'at-least-once' },
    ],
  });
  assert.deepEqual(await (await call('/v1/pipelines', {}, 'orders')).json(), { pipelines: [] });
  assert.deepEqual(await problemOf(await call('/v1/pipelines/orders', {}, 'orders')), [403, 'forbidden']);
  assert.deepEqual(await problemOf(await call('/v1/pipelines/other', {}, 'orders')), [404, 'not_found']);
  assert.deepEqual(await problemOf(await call('/v1/pipelines/nowhere')), [404, 'not_found']);
});

test('a query needs the admin grant and is taken as text or JSON', async () => {
  const ask = async (body: string, key = 'good'): Promise<Response> => await call('/v1/query', { method: 'POST', body }, key);
  assert.equal(await (await ask('SELECT 1')).text(), '{"sql":"SELECT 1"}\n');
  assert.equal(await (await ask('{"query":"SELECT 2"}')).text(), '{"sql":"SELECT 2"}\n');
  assert.deepEqual(await problemOf(await ask('{"sql":1}')), [400, 'invalid_query']);
  assert.deepEqual(await problemOf(await ask('SELECT 1', 'reader')), [403, 'forbidden']);
  assert.deepEqual(await problemOf(await ask('x'.repeat(70_000))), [413, 'body_too_large']);
  const off = await startTestApp({}, { query: undefined });
  started.push(off);
  assert.equal(
    (await fetch(`http://127.0.0.1:${off.port}/v1/query`, { method: 'POST', headers: { 'x-api-key': 'good' }, body: 'x' })).status,
    404,
  );
  const failing = await startTestApp(
    {},
    {
      query: async () =>
        await Promise.reject(
          new DestinationError('ClickHouse refused the statement (ClickHouse code 62)', { failure: 'operator', applied: 'no' }),
        ),
    },
  );
  started.push(failing);
  const syntax = new DestinationError('ClickHouse refused', { failure: 'operator', applied: 'no', clickhouseCode: 62 });
  const mistyped = await startTestApp({}, { query: async () => await Promise.reject(syntax) });
  started.push(mistyped);
  const told = await fetch(`http://127.0.0.1:${mistyped.port}/v1/query`, { method: 'POST', headers: { 'x-api-key': 'good' }, body: 'x' });
  const detail = 'ClickHouse does not run this query: its syntax is wrong, or it is more than one statement (ClickHouse code 62)';
  assert.equal(((await told.json()) as Record<string, unknown>)['detail'], detail);
  const refused = await fetch(`http://127.0.0.1:${failing.port}/v1/query`, { method: 'POST', headers: { 'x-api-key': 'good' }, body: 'x' });
  assert.deepEqual(await problemOf(refused), [400, 'invalid_query']);
});

test('readiness says what is missing', async () => {
  const unready = await startTestApp(
    {},
    { ready: async () => await Promise.resolve({ ready: false, reasons: ['ClickHouse is not reachable'] }) },
  );
  started.push(unready);
  const response = await fetch(`http://127.0.0.1:${unready.port}/readyz`);
  assert.deepEqual([response.status, await response.json()], [503, { status: 'not ready', reasons: ['ClickHouse is not reachable'] }]);
  assert.deepEqual(await (await call('/readyz')).json(), { status: 'ready' });
});

test('the description names the address it was asked at and a path for each pipeline and topic', async () => {
  const document = (await (await call('/openapi.json')).json()) as { servers: unknown; paths: Record<string, unknown> };
  assert.deepEqual(document.servers, [{ url: `http://127.0.0.1:${app.port}` }]);
  assert.deepEqual(Object.keys(document.paths), [
    '/v1/ingest/{pipeline}',
    '/v1/topics/{topic}',
    '/v1/ingest/orders',
    '/v1/topics/orders',
    '/v1/ingest/other',
    '/v1/topics/other',
  ]);
  assert.match(await (await call('/openapi.yaml')).text(), /^openapi: 3\.1\.0\n/);
});

test('an error code is explained', async () => {
  const entry = (await (await call('/errors/out_of_range', {}, '')).json()) as Record<string, unknown>;
  assert.deepEqual([entry['code'], entry['status'], entry['scope']], ['out_of_range', 422, 'record']);
  assert.deepEqual(await problemOf(await call('/errors/toString')), [404, 'not_found']);
});

test('each request is reported once, without its path', async () => {
  await call('/v1/topics/orders', { method: 'POST', body: '{"secret":1}' });
  await call('/nowhere/secret');
  await wait(20);
  assert.deepEqual(
    app.events.map(({ method, route, status, code, records, bytes }) => [method, route, status, code, records, bytes]),
    [
      ['POST', '/v1/topics/{topic}', 200, undefined, 1, 12],
      ['GET', 'none', 404, 'not_found', undefined, 0],
    ],
  );
});

test('while it drains records are refused and health is told', async () => {
  const draining = await startTestApp({}, { draining: () => true });
  started.push(draining);
  const response = await fetch(`http://127.0.0.1:${draining.port}/v1/topics/orders`, {
    method: 'POST',
    headers: { 'x-api-key': 'good' },
    body: '{}',
  });
  assert.equal(response.headers.get('connection'), 'close');
  assert.deepEqual(await problemOf(response), [503, 'draining']);
  assert.equal((await fetch(`http://127.0.0.1:${draining.port}/healthz`)).status, 200);
});
