import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { DestinationError } from '../../../src/core/ports.ts';
import { startTestApp, type TestApp } from '../../support/http-app.ts';

const PLAN = '0123456789abcdef';
const TABLE = { table: 'default.orders', has_schema: true, exists: true, changes: [] } as const;
let asked: unknown[] = [];
let failure: Error | undefined;
let app: TestApp;

before(async () => {
  app = await startTestApp(
    {},
    {
      drift: {
        show: async ({ name }, topic) => await answered(['show', name, topic], { pipeline: name, auto_evolve: 'approve', tables: [TABLE] }),
        approve: async ({ name }, wanted) => await answered(['approve', name, wanted], TABLE),
      },
    },
  );
});
after(async () => {
  await app.close();
});
beforeEach(() => {
  asked = [];
  failure = undefined;
});

async function answered<Answer>(question: unknown, answer: Answer): Promise<Answer> {
  asked.push(question);
  if (failure !== undefined) throw failure;
  return await Promise.resolve(answer);
}

async function ask(path: string, body?: string, key = 'good'): Promise<[status: number, answer: Record<string, unknown>]> {
  const response = await fetch(`http://127.0.0.1:${app.port}/v1/pipelines/orders/drift${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-api-key': key },
    ...(body === undefined ? {} : { body }),
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

test('the drift is shown, and a plan approved', async () => {
  const shown = { pipeline: 'orders', auto_evolve: 'approve', tables: [TABLE] };
  assert.deepEqual(await ask(''), [200, shown]);
  assert.deepEqual(await ask('?topic=a.b'), [200, shown]);
  assert.deepEqual(await ask('/approve', `{"plan":"${PLAN}"}`), [200, TABLE]);
  assert.deepEqual(await ask('/approve', ` { "plan": "${PLAN}", "topic": "a.b" }\n`), [200, TABLE]);
  assert.deepEqual(asked, [
    ['show', 'orders', undefined],
    ['show', 'orders', 'a.b'],
    ['approve', 'orders', { plan: PLAN }],
    ['approve', 'orders', { plan: PLAN, topic: 'a.b' }],
  ]);
});

test('what is no question is told, and nothing is asked', async () => {
  const bad = ['', '{', '[]', 'null', '{}', '{"plan":5}', `{"plan":"${PLAN}","all":true}`, `{"plan":"${PLAN}","topic":"a/b"}`, `"${PLAN}"`];
  for (const body of bad) assert.deepEqual([(await ask('/approve', body))[1]['code'], body], ['malformed_request', body]);
  for (const query of ['?table=x', '?topic=a&topic=b', '?topic=a%2fb'])
    assert.equal((await ask(query))[1]['code'], 'malformed_request', query);
  assert.equal((await ask('/approve', `{"plan":"${'0'.repeat(5000)}"}`))[1]['code'], 'body_too_large');
  assert.equal((await ask('/approve'))[1]['code'], 'method_not_allowed');
  assert.deepEqual(asked, []);
});

test('to look needs the read grant, to approve the admin grant', async () => {
  const approval = `{"plan":"${PLAN}"}`;
  assert.equal((await ask('', undefined, 'reader'))[0], 200);
  assert.deepEqual(
    [
      (await ask('', undefined, 'nobody'))[0],
      (await ask('/approve', approval, 'reader'))[0],
      (await ask('/approve', approval, 'orders'))[0],
    ],
    [401, 403, 403],
  );
  assert.equal(asked.length, 1);
});

test('a plan that is none any more, and a ClickHouse that is away, are told apart', async () => {
  failure = new GatewayError('plan_changed', 'Look again');
  assert.deepEqual((await ask('/approve', `{"plan":"${PLAN}"}`))[0], 409);
  failure = new DestinationError('away', { failure: 'unknown-outcome', applied: 'no' });
  assert.deepEqual([(await ask(''))[0], (await ask(''))[1]['code']], [503, 'target_unavailable']);
});
