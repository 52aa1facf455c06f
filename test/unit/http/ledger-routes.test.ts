import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { PipelineConfig } from '../../../src/core/config.ts';
import { DestinationError, type Inspection } from '../../../src/core/ports.ts';
import { startTestApp, type TestApp } from '../../support/http-app.ts';
import { pipelineOf } from '../../support/pipelines.ts';

/** What the inspection was asked, and an answer that names it. */
let asked: unknown[] = [];
let failure: unknown;

function asks<Answer>(name: string) {
  return async (pipeline: PipelineConfig, ...rest: unknown[]): Promise<Answer> => {
    asked.push([name, pipeline.name, ...rest]);
    if (failure !== undefined) throw failure;
    return await Promise.resolve({ answer: name } as Answer);
  };
}

const inspection: Inspection = {
  ledger: asks('ledger'),
  record: asks('record'),
  reconcile: asks('reconcile'),
  delivery: (pipeline, sender) => {
    asked.push(['delivery', pipeline.name, sender]);
    return { duplicate: false, in_doubt: false };
  },
};

const orders = pipelineOf('orders');
const hooks = pipelineOf('hooks', { identity: { kind: 'key' } });
const pipelines = [orders, hooks];
let app: TestApp;

before(async () => {
  const routes = {
    all: pipelines,
    byName: (name: string) => pipelines.find((pipeline) => pipeline.name === name),
    forTopic: () => undefined,
  };
  app = await startTestApp({}, { inspection, routes });
});
after(async () => {
  await app.close();
});
beforeEach(() => {
  asked = [];
  failure = undefined;
});

async function get(path: string, key = 'good', method = 'GET'): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${app.port}${path}`, { method, headers: { 'x-api-key': key } });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

test('the parameters say what is asked', async () => {
  const cases: ReadonlyArray<readonly [path: string, asked: unknown[]]> = [
    ['orders/ledger', ['ledger', 'orders', {}]],
    ['orders/ledger?topic=a.b', ['ledger', 'orders', { topic: 'a.b' }]],
    ['orders/ledger?partition=2147483647', ['ledger', 'orders', { partition: 2147483647 }]],
    ['orders/ledger?topic=a&partition=0', ['ledger', 'orders', { topic: 'a', partition: 0 }]],
    [
      'orders/ledger?topic=a&partition=3&offset=9223372036854775807',
      ['record', 'orders', { topic: 'a', partition: 3, offset: 2n ** 63n - 1n }],
    ],
    ['hooks/ledger?key=a%20b', ['delivery', 'hooks', { principal: 'good', key: 'a b' }]],
    ['hooks/ledger?key=k&principal=connect', ['delivery', 'hooks', { principal: 'connect', key: 'k' }]],
    ['orders/reconcile', ['reconcile', 'orders', undefined]],
    ['orders/reconcile?topic=a', ['reconcile', 'orders', 'a']],
  ];
  for (const [path, expected] of cases) {
    asked = [];
    const { status, body } = await get(`/v1/pipelines/${path}`);
    assert.deepEqual([status, asked], [200, [expected]], path);
    assert.deepEqual(body, expected[0] === 'delivery' ? { duplicate: false, in_doubt: false } : { answer: expected[0] });
  }
});

test('wrong parameters are told in one sentence, and nothing is asked', async () => {
  const ofTopic = 'The parameter topic must be a Kafka topic name: letters, digits, dots, dashes and underscores, at most 249';
  const ofOffset = 'The parameter offset must be a whole number from 0 to 2^63 − 1';
  const ofPartition = 'The parameter partition must be a whole number from 0 to 2^31 − 1';
  const incomplete = 'An offset belongs to a partition of a topic: send topic and partition too';
  const keyOnly = 'A delivery key has no topic, partition or offset: send key alone, or with principal';
  const cases: ReadonlyArray<readonly [path: string, detail: string]> = [
    ['orders/ledger?topic=a/b', ofTopic],
    ['orders/ledger?topic=..', ofTopic],
    ['orders/ledger?topic=', ofTopic],
    ['orders/reconcile?topic=%00', ofTopic],
    ['orders/ledger?topic=a&partition=0&offset=9223372036854775808', ofOffset],
    ['orders/ledger?topic=a&partition=0&offset=-1', ofOffset],
    ['orders/ledger?topic=a&partition=0&offset=1.5', ofOffset],
    ['orders/ledger?topic=a&partition=0&offset=0x10', ofOffset],
    ['orders/ledger?topic=a&partition=0&offset=', ofOffset],
    ['orders/ledger?partition=2147483648', ofPartition],
    ['orders/ledger?partition=1e3', ofPartition],
    ['orders/ledger?offset=1', incomplete],
    ['orders/ledger?offset=1&topic=a', incomplete],
    ['orders/ledger?offset=1&partition=0', incomplete],
    ['hooks/ledger?key=k&topic=a', keyOnly],
    ['hooks/ledger?key=k&offset=1', keyOnly],
    ['hooks/ledger?key=k&partition=1', keyOnly],
    ['hooks/ledger?principal=p', 'The parameter principal says whose key it is: send key too'],
    ['hooks/ledger?key=k&principal=', 'The parameter principal must be the id of a credential'],
    ['hooks/ledger?key=', 'The parameter key must be 1 to 255 visible ASCII characters, as the sender sent them, without quotes'],
    ['hooks/ledger?key=%C3%A4', 'The parameter key must be 1 to 255 visible ASCII characters, as the sender sent them, without quotes'],
    ['orders/ledger?key=k', 'The pipeline orders does not recognise requests by a key: its identity is coordinates'],
    ['hooks/ledger?topic=a&partition=0&offset=1', 'The pipeline hooks does not recognise records by their offsets: its identity is key'],
    ['orders/ledger?topic=a&topic=b', 'The parameter topic may be given once only'],
    ['orders/ledger?ofset=1', 'This route takes the parameters topic, partition, offset, key, principal and no other'],
    ['orders/reconcile?partition=1', 'This route takes the parameters topic and no other'],
  ];
  for (const [path, detail] of cases) {
    const { status, body } = await get(`/v1/pipelines/${path}`);
    assert.deepEqual([status, body['code'], body['detail']], [400, 'malformed_request', detail], path);
  }
  assert.deepEqual(asked, []);
});

test('a pipeline that is not yours is not there; one you may only write to is forbidden', async () => {
  for (const route of ['ledger', 'reconcile']) {
    const status = async (pipeline: string, key: string): Promise<unknown[]> => {
      const { status: code, body } = await get(`/v1/pipelines/${pipeline}/${route}`, key);
      return [code, body['code']];
    };
    assert.deepEqual(await status('orders', 'nobody'), [401, 'unauthenticated']);
    assert.deepEqual(await status('orders', 'orders'), [403, 'forbidden']);
    assert.deepEqual(await status('hooks', 'orders'), [404, 'not_found']);
    assert.deepEqual(await status('none', 'good'), [404, 'not_found']);
    assert.deepEqual(asked, []);
    assert.deepEqual(await status('orders', 'reader'), [200, undefined]);
    asked = [];
  }
});

test('only GET and HEAD', async () => {
  const response = await fetch(`http://127.0.0.1:${app.port}/v1/pipelines/orders/ledger`, {
    method: 'DELETE',
    headers: { 'x-api-key': 'good' },
  });
  assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal((await get('/v1/pipelines/orders/reconcile', 'good', 'HEAD')).status, 200);
  assert.deepEqual(app.events.at(-1)?.route, '/v1/pipelines/{pipeline}/reconcile');
});

test('ClickHouse that cannot be asked is told without its words', async () => {
  const cases: ReadonlyArray<readonly [failure: DestinationError['failure'], code: string, detail: string]> = [
    ['unknown-outcome', 'target_unavailable', 'ClickHouse did not answer: ask again later'],
    ['back-off', 'target_overloaded', 'ClickHouse asks to slow down: ask again later'],
    ['operator', 'target_refused', "ClickHouse asks to slow down: check the gateway's rights on the tables"],
  ];
  for (const [kind, code, detail] of cases) {
    failure = new DestinationError('ClickHouse asks to slow down', { failure: kind, applied: 'no', cause: 'SELECT secret' });
    const { status, body } = await get('/v1/pipelines/orders/reconcile');
    assert.deepEqual([status, body['code'], body['detail'], body['retryable']], [503, code, detail, true]);
  }
  failure = new TypeError('a bug');
  assert.equal((await get('/v1/pipelines/orders/reconcile')).status, 500);
  assert.equal(app.bugs.length, 1);
});
