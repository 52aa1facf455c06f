/**
 * Hostile and awkward requests, byte for byte, on a real socket: what is answered, that nothing of it reaches the pipeline unless it should, and
 * that the server goes on.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { startTestApp, type TestApp } from '../support/http-app.ts';
import { openRaw, type RawAnswer } from '../support/raw-http.ts';
import { longestStall } from '../support/stall.ts';

const AUTH = 'Host: x\r\nX-API-KEY: good\r\n';
const BODY = '{"id":1}';

let app: TestApp;
before(async () => {
  app = await startTestApp({ headerTimeoutMs: 400, bodyTimeoutMs: 400 });
});
after(async () => {
  await app.close();
});

/** A POST with these header lines and this body. */
const post = (headers: string, body: string | Buffer = '', target = '/v1/topics/orders'): Buffer =>
  Buffer.concat([Buffer.from(`POST ${target} HTTP/1.1\r\n${AUTH}${headers}\r\n`), Buffer.from(body)]);
const sized = (body: string | Buffer, headers = ''): Buffer => post(`${headers}Content-Length: ${Buffer.byteLength(body)}\r\n`, body);
const chunked = (body: string, headers = ''): Buffer => post(`${headers}Transfer-Encoding: chunked\r\n`, body);

interface Case {
  readonly name: string;
  readonly bytes: Buffer | string;
  /** 0: the connection is closed without an answer. */
  readonly status: number;
  readonly code?: string;
  /** The body that reaches the pipeline, if one does. */
  readonly delivered?: string;
  readonly within?: number;
}

const malformed = (name: string, bytes: Buffer | string): Case => ({ name, bytes, status: 400, code: 'malformed_request' });
const taken = (name: string, bytes: Buffer | string, delivered = BODY): Case => ({ name, bytes, status: 200, delivered });
const CHUNK = `8\r\n${BODY}\r\n0\r\n\r\n`;

const HTTP: readonly Case[] = [
  taken('a plain request', sized(BODY)),
  taken('chunks', chunked(CHUNK)),
  malformed('Content-Length and Transfer-Encoding', chunked(CHUNK, 'Content-Length: 8\r\n')),
  malformed('Transfer-Encoding and Content-Length', post(`Transfer-Encoding: chunked\r\nContent-Length: 8\r\n`, CHUNK)),
  malformed('two Content-Lengths', post('Content-Length: 8\r\nContent-Length: 8\r\n', BODY)),
  malformed('Content-Length -1', post('Content-Length: -1\r\n', BODY)),
  malformed('Content-Length +2', post('Content-Length: +2\r\n', BODY)),
  malformed('Content-Length 2^64', post('Content-Length: 18446744073709551616\r\n', BODY)),
  malformed('Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked\r\n', CHUNK)),
  malformed('Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', CHUNK)),
  malformed('a space before the colon', post('Content-Length : 8\r\n', BODY)),
  malformed(
    'a bare line feed between headers',
    `POST /v1/topics/orders HTTP/1.1\n${AUTH.replaceAll('\r', '')}Content-Length: 8\n\n${BODY}`,
  ),
  malformed('a folded header', post('X-A: a\r\n b\r\nContent-Length: 8\r\n', BODY)),
  malformed('a bad chunk size', chunked(`zz\r\n${BODY}\r\n0\r\n\r\n`)),
  malformed('a chunk size with 0x', chunked(`0x8\r\n${BODY}\r\n0\r\n\r\n`)),
  malformed('a huge chunk size', chunked(`fffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`)),
  {
    name: 'a chunk extension of 20 KB',
    bytes: chunked(`8;x=${'y'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`),
    status: 413,
    code: 'body_too_large',
  },
  malformed('no Host', `POST /v1/topics/orders HTTP/1.1\r\nX-API-KEY: good\r\nContent-Length: 8\r\n\r\n${BODY}`),
  malformed('two Hosts', sized(BODY, 'Host: y\r\n')),
  malformed('NUL in a header', post('X-A: a\0b\r\nContent-Length: 8\r\n', BODY)),
  taken('a header of 20 KB', sized(BODY, `X-A: ${'a'.repeat(20_000)}\r\n`)),
  { name: 'headers of 70 KB', bytes: sized(BODY, `X-A: ${'a'.repeat(70_000)}\r\n`), status: 431, code: 'headers_too_large' },
  {
    name: '2,500 headers',
    bytes: sized(BODY, Array.from({ length: 2500 }, (_, i) => `A${i}: b\r\n`).join('')),
    status: 431,
    code: 'headers_too_large',
  },
  { name: 'an Expect that is not known', bytes: sized(BODY, 'Expect: 200-maybe\r\n'), status: 417, code: 'expectation_failed' },
  taken('Expect: 100-continue', sized(BODY, 'Expect: 100-continue\r\n')),
  malformed('TLS on the plain port', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])),
  { name: 'TRACE', bytes: `TRACE /v1/topics/orders HTTP/1.1\r\n${AUTH}\r\n`, status: 405, code: 'method_not_allowed' },
  malformed('FOO', `FOO /v1/topics/orders HTTP/1.1\r\n${AUTH}\r\n`),
  malformed('/%zz', `GET /%zz HTTP/1.1\r\n${AUTH}\r\n`),
  malformed('/v1/topics/%zz', post(`Content-Length: 8\r\n`, BODY, '/v1/topics/%zz')),
  { name: '/v1/../admin', bytes: post('Content-Length: 8\r\n', BODY, '/v1/../v1/topics/orders'), status: 404, code: 'not_found' },
  {
    name: '/v1/%2e%2e/topics/orders',
    bytes: post('Content-Length: 8\r\n', BODY, '/v1/%2e%2e/topics/orders'),
    status: 404,
    code: 'not_found',
  },
  { name: 'topic a/../../b', bytes: post('Content-Length: 8\r\n', BODY, '/v1/topics/a%2F..%2F..%2Fb'), status: 400, code: 'invalid_topic' },
  { name: 'topic a%00', bytes: post('Content-Length: 8\r\n', BODY, '/v1/topics/a%00'), status: 400, code: 'invalid_topic' },
  { name: 'topic a;DROP', bytes: post('Content-Length: 8\r\n', BODY, '/v1/topics/a;DROP'), status: 400, code: 'invalid_topic' },
  { name: '10 GB announced', bytes: post('Content-Length: 10737418240\r\n'), status: 413, code: 'body_too_large', within: 1000 },
  {
    name: '10 GB announced with Expect',
    bytes: post('Content-Length: 10737418240\r\nExpect: 100-continue\r\n'),
    status: 413,
    code: 'body_too_large',
    within: 100,
  },
  {
    name: 'headers that never end',
    bytes: `POST /v1/topics/orders HTTP/1.1\r\n${AUTH}`,
    status: 408,
    code: 'request_timeout',
    within: 3000,
  },
  { name: 'a body that never ends', bytes: post('Content-Length: 8\r\n', '{"'), status: 408, code: 'request_timeout', within: 3000 },
  malformed('two Authorizations', sized(BODY, 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\n')),
  malformed('two Idempotency-Keys', sized(BODY, 'Idempotency-Key: a\r\nIdempotency-Key: b\r\n')),
  taken('HTTP/1.0', `POST /v1/topics/orders HTTP/1.0\r\nX-API-KEY: good\r\nContent-Length: 8\r\n\r\n${BODY}`),
  taken(
    'an offer of h2c',
    sized(BODY, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'),
  ),
  taken('a slash at the end', post('Content-Length: 8\r\n', BODY, '/v1/topics/orders/')),
];

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
const encoded = (coding: string, body: Buffer): Buffer => sized(body, `Content-Encoding: ${coding}\r\n`);
const unsupported = (name: string, bytes: Buffer): Case => ({ name, bytes, status: 415, code: 'unsupported_encoding' });
const corrupt = (name: string, bytes: Buffer): Case => ({ name, bytes, status: 400, code: 'bad_compression' });

const ENCODING: readonly Case[] = [
  taken('gzip', encoded('gzip', gzipSync(BODY))),
  taken('x-gzip', encoded('X-GZIP', gzipSync(BODY))),
  taken('deflate with a zlib header', encoded('deflate', deflateSync(BODY))),
  taken('deflate without one', encoded('deflate', deflateRawSync(BODY))),
  taken('gzip of two members', encoded('gzip', Buffer.concat([gzipSync('{"id"'), gzipSync(':1}')]))),
  taken('identity', encoded('identity', Buffer.from(BODY))),
  unsupported('br', encoded('br', Buffer.from([0x0b, 0x02, 0x80]))),
  unsupported('zstd', encoded('zstd', Buffer.from(BODY))),
  unsupported('a coding nobody knows', encoded('rot13', Buffer.from(BODY))),
  unsupported('gzip, gzip', encoded('gzip, gzip', gzipSync(gzipSync(BODY)))),
  { name: 'a bomb of 200 MB in 200 KB', bytes: encoded('gzip', bomb), status: 413, code: 'body_too_large' },
  corrupt('gzip cut short', encoded('gzip', gzipSync(BODY).subarray(0, -4))),
  corrupt('bytes after gzip', encoded('gzip', Buffer.concat([gzipSync(BODY), Buffer.from('junk')]))),
  corrupt('no gzip at all', encoded('gzip', Buffer.from(BODY))),
  corrupt('deflate cut short', encoded('deflate', deflateSync(BODY).subarray(0, -4))),
  unsupported('charset latin1', sized(BODY, 'Content-Type: application/json; charset=iso-8859-1\r\n')),
  unsupported('charset utf-16', sized(BODY, 'Content-Type: application/json;charset="utf-16"\r\n')),
  taken('charset UTF-8', sized(BODY, 'Content-Type: application/json; charset=UTF-8\r\n')),
];

function check({ status, code }: Case, answer: RawAnswer | undefined): void {
  assert.equal(answer?.status ?? 0, status, answer?.body);
  if (code === undefined || answer === undefined) return;
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  assert.equal(problem['code'], code);
  assert.equal(problem['status'], status);
  assert.equal(problem['type'], `/errors/${code}`);
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.ok(answer.body.length <= 1024);
}

for (const item of [...HTTP, ...ENCODING]) {
  test(item.name, async () => {
    app.deliveries.length = 0;
    const raw = await openRaw(app.port);
    const started = performance.now();
    const stall = await longestStall(async () => {
      raw.send(item.bytes);
      check(item, await raw.next());
    });
    if (item.within !== undefined) assert.ok(performance.now() - started < item.within, `${performance.now() - started} ms`);
    assert.ok(stall < 400, `stalled for ${stall} ms`);
    raw.socket.destroy();
    assert.deepEqual(
      app.deliveries.map(({ body }) => body.toString()),
      item.delivered === undefined ? [] : [item.delivered],
    );
    assert.equal((await fetch(`http://127.0.0.1:${app.port}/healthz`)).status, 200);
    assert.deepEqual(app.bugs, []);
  });
}

test('100 requests sent at once on one connection are answered in order', async () => {
  app.deliveries.length = 0;
  const raw = await openRaw(app.port);
  raw.send(Buffer.concat(Array.from({ length: 100 }, (_, i) => sized(`{"id":${i}}`))));
  for (let i = 0; i < 100; i++) assert.equal((await raw.next())?.status, 200);
  assert.deepEqual(
    app.deliveries.map(({ body }) => body.toString()),
    Array.from({ length: 100 }, (_, i) => `{"id":${i}}`),
  );
  raw.socket.destroy();
});
