import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DestinationError, type FailureClass } from '../../../src/core/ports.ts';
import { startTestApp, type TestApp } from '../../support/http-app.ts';

const started: TestApp[] = [];
after(async () => {
  for (const app of started) await app.close();
});

async function ask(
  query: (sql: string) => Promise<Buffer>,
  init: { body?: Buffer | string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const app = await startTestApp({}, { query });
  started.push(app);
  return await fetch(`http://127.0.0.1:${app.port}/v1/query`, {
    method: 'POST',
    body: init.body ?? 'SELECT 1',
    headers: { 'x-api-key': 'good', ...init.headers },
  });
}

test('rows are passed on byte for byte, also where a String column holds no UTF-8', async () => {
  const rows = Buffer.concat([Buffer.from('{"s":"'), Buffer.from([0xff, 0x80, 0xc3]), Buffer.from('"}\n')]);
  const response = await ask(async () => await Promise.resolve(rows));
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  assert.equal(response.headers.get('content-length'), String(rows.length));
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), rows);
});

test('a query may be compressed', async () => {
  let asked = '';
  const query = async (sql: string): Promise<Buffer> => {
    asked = sql;
    return await Promise.resolve(Buffer.alloc(0));
  };
  const response = await ask(query, { body: gzipSync('SELECT 2'), headers: { 'content-encoding': 'gzip' } });
  assert.deepEqual([response.status, await response.text(), asked], [200, '', 'SELECT 2']);
});

test('what passes is 503, what is wrong with the query is 400', async () => {
  const cases: Array<[FailureClass, number | undefined, number, string]> = [
    ['unknown-outcome', undefined, 503, 'target_unavailable'],
    ['back-off', 202, 503, 'target_overloaded'],
    // The query's own memory and time.
    ['back-off', 241, 400, 'invalid_query'],
    ['unknown-outcome', 159, 400, 'invalid_query'],
    ['operator', 62, 400, 'invalid_query'],
    ['operator', undefined, 400, 'invalid_query'],
    ['other', 12_345, 400, 'invalid_query'],
  ];
  for (const [failure, clickhouseCode, status, code] of cases) {
    const error = new DestinationError('a public reason', {
      failure,
      applied: 'no',
      ...(clickhouseCode === undefined ? {} : { clickhouseCode }),
      cause: new Error('secret'),
    });
    const response = await ask(async () => await Promise.reject(error));
    const text = await response.text();
    assert.doesNotMatch(text, /secret/);
    assert.deepEqual([response.status, (JSON.parse(text) as { code: string }).code], [status, code], `${failure} ${clickhouseCode}`);
    assert.equal(response.headers.has('retry-after'), status === 503);
  }
});
