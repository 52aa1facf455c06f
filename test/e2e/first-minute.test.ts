/** What the README promises for the first minute, on the built gateway in a process of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let gateway: GatewayProcess;

before(async () => {
  gateway = await startGatewayProcess();
});
after(async () => {
  await gateway.stop();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: string, key = gateway.key): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { 'x-api-key': key }, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function query(sql: string): Promise<unknown[]> {
  const response = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers: { 'x-api-key': gateway.key }, body: sql });
  assert.equal(response.status, 200);
  const text = (await response.text()).trimEnd();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as unknown);
}

test('one record makes its table and keeps its value', async () => {
  const { status, body } = await post('/v1/topics/orders', '{"id": 9007199254740993, "name": "first", "at": "2026-01-02T03:04:05.678Z"}');
  assert.equal(status, 200);
  assert.match(String(body['batch']), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.deepEqual({ ...body, batch: '' }, { accepted: 1, duplicate: 0, quarantined: 0, batch: '' });
  assert.deepEqual(await query('SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM orders'), [
    { id: '9007199254740993', name: 'first', at: '2026-01-02 03:04:05.678' },
  ]);
});

test('an array with a new field and lines with missing ones land in the same table', async () => {
  assert.equal(
    (
      await post(
        '/v1/topics/orders',
        '[{"id": 2, "name": "second", "at": "2026-01-02T03:04:05Z"}, {"id": 3, "name": "third", "at": "2026-01-02T03:04:05+02:00", "tags": ["a", "b"]}]',
      )
    ).status,
    200,
  );
  const rows = await query('SELECT id, name, at, tags FROM orders WHERE id IN (2, 3) ORDER BY id');
  assert.deepEqual(rows, [
    { id: '2', name: 'second', at: '2026-01-02 03:04:05.000', tags: [] },
    { id: '3', name: 'third', at: '2026-01-02 01:04:05.000', tags: ['a', 'b'] },
  ]);
});

test('one record a line', async () => {
  assert.deepEqual((await post('/v1/topics/lines', '{"id": 4}\n{"id": 5}\n')).body['accepted'], 2);
  assert.deepEqual(await query('SELECT id FROM lines ORDER BY id'), [{ id: '4' }, { id: '5' }]);
});

test('a bad record refuses its request by index, column and reason, and nothing is written', async () => {
  await post('/v1/topics/strict', '{"id": 1}');
  const { status, body } = await post('/v1/topics/strict', '[{"id": 6}, {"id": "six-secret"}]');
  assert.equal(status, 422);
  assert.equal(body['code'], 'records_rejected');
  const [error] = body['errors'] as Array<Record<string, unknown>>;
  assert.deepEqual([error?.['index'], error?.['column'], error?.['code']], [1, 'id', 'invalid_value']);
  assert.doesNotMatch(JSON.stringify(body), /six-secret/);
  assert.deepEqual(await query('SELECT id FROM strict'), [{ id: '1' }]);
});

test('a wrong key and no key are told how to authenticate', async () => {
  for (const key of ['wrong-key-wrong-key', '']) {
    const response = await fetch(`${gateway.url}/v1/topics/orders`, {
      method: 'POST',
      ...(key === '' ? {} : { headers: { 'x-api-key': key } }),
      body: '{"id":1}',
    });
    assert.equal(response.status, 401);
    assert.ok(response.headers.get('www-authenticate'));
    assert.equal(((await response.json()) as Record<string, unknown>)['code'], 'unauthenticated');
  }
});

test('the guarantee is reported as what it is', async () => {
  const response = await fetch(`${gateway.url}/v1/pipelines`, { headers: { 'x-api-key': gateway.key } });
  const { pipelines } = (await response.json()) as { pipelines: Array<Record<string, unknown>> };
  assert.deepEqual(
    pipelines.map(({ name, guarantee }) => ({ name, guarantee })),
    [{ name: 'default', guarantee: 'at-least-once' }],
  );
  assert.deepEqual(pipelines[0]?.['guarantee_reasons'], [
    'Records without identity are written too, each time they are sent: require_identity: true rejects them',
  ]);
  assert.deepEqual(await query("SELECT type FROM system.columns WHERE table = 'orders' AND name LIKE '%sluice%' ORDER BY name"), [
    { type: 'UUID' },
    { type: 'UInt32' },
  ]);
});

test('a healthy minute leaves no line per request, and no value or key in the log', () => {
  const lines = gateway.output().trimEnd().split('\n');
  assert.ok(lines.length < 12, gateway.output());
  assert.doesNotMatch(gateway.output(), /9007199254740993|six-secret|wrong-key-wrong-key/);
  assert.equal(gateway.output().includes(gateway.key), false);
});

test('an orderly end keeps what was acknowledged', async () => {
  const own = await startGatewayProcess();
  const send = fetch(`${own.url}/v1/topics/kept`, { method: 'POST', headers: { 'x-api-key': own.key }, body: '{"id":1}' });
  assert.equal((await send).status, 200);
  const started = Date.now();
  assert.equal(await own.stop('SIGTERM'), 0);
  assert.ok(Date.now() - started < 10_000);
});

test('an address that is taken is told in words', async () => {
  const listen = new URL(gateway.url).host;
  await assert.rejects(startGatewayProcess({ env: { SLUICE_LISTEN: listen } }), (error) => {
    assert.match(
      String(error),
      new RegExp(`The address ${listen} is in use by another process: stop it, or set listen, or SLUICE_LISTEN, to another one\\.`),
    );
    return true;
  });
});

test('the end of the terminal is an orderly end too', async () => {
  const own = await startGatewayProcess();
  assert.equal(await own.stop('SIGHUP'), 0);
});
