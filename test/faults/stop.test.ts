/** Orderly ends under load, and clocks that jump between two runs. `SLUICE_STOPS=200 npm run test:faults` is the long form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_WRONG } from '../support/client-log.ts';
import { seededRandom } from '../support/random.ts';
import { createRestartableGateway } from '../support/restartable-gateway.ts';
import { chanceful, createTraffic, PIPELINE } from './traffic.ts';

const STOPS = Number(process.env['SLUICE_STOPS'] ?? 4);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const RIGHT = { ...NOTHING_WRONG, missing: [] };
const DAY_MS = 24 * 3_600_000;

test(`${STOPS} orderly ends under load lose nothing and take less than 10 seconds (seed ${SEED})`, async (t) => {
  const random = seededRandom(SEED);
  const gateway = await createRestartableGateway(PIPELINE);
  t.after(async () => await gateway.remove());
  const traffic = createTraffic(gateway, SEED);
  await gateway.start();
  let longest = 0;
  for (let stop = 0; stop < STOPS; stop++) {
    const sending = traffic.send(60);
    await chanceful(random, 10, 150);
    const started = performance.now();
    assert.equal(await gateway.end('SIGTERM'), 0);
    longest = Math.max(longest, performance.now() - started);
    await gateway.start();
    await sending;
    assert.deepEqual(await traffic.check(), RIGHT, `after ${stop + 1} stops`);
  }
  assert.ok(longest < 10_000, `${longest} ms`);
  t.diagnostic(`${STOPS} stops, the longest took ${Math.round(longest)} ms, ${traffic.clientLog.counts().ok} records (seed ${SEED})`);
  await gateway.end('SIGTERM');
});

test('clocks that jump a day either way between two runs change nothing, nor does a retry after six days', async (t) => {
  const gateway = await createRestartableGateway(PIPELINE);
  t.after(async () => await gateway.remove());
  const traffic = createTraffic(gateway, SEED);
  const post = async (key: string, body: string): Promise<unknown> => {
    const headers = { ...gateway.headers, 'Idempotency-Key': key };
    const response = await fetch(`${gateway.url}/v1/topics/keyed`, { method: 'POST', headers, body });
    const { accepted, duplicate } = (await response.json()) as Record<string, unknown>;
    return { status: response.status, accepted, duplicate };
  };
  await gateway.start();
  await traffic.send(40);
  for (const days of [1, -1, 0, 6]) {
    await gateway.end('SIGKILL');
    await gateway.start({ env: { CLOCK_SHIFT_MS: String(days * DAY_MS) } });
    await traffic.redeliver();
    await traffic.send(20);
    assert.deepEqual(await traffic.check(), RIGHT, `${days} days`);
    const first = days === 1 ? { status: 200, accepted: 1, duplicate: 0 } : { status: 200, accepted: 1, duplicate: 1 };
    assert.deepEqual(await post('a-key', '{"id":1}'), first, `${days} days`);
  }
  assert.deepEqual(await gateway.query('SELECT count() AS n FROM keyed'), [{ n: '1' }]);
  await gateway.end('SIGTERM');
});
