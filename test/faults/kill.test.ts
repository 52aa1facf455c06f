/**
 * The process is killed at any moment and at each step of a commit, while connectors send, retry and go back; afterwards every record is there once.
 * `SLUICE_KILLS=2000 npm run test:faults` is the long form.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_WRONG } from '../support/client-log.ts';
import { seededRandom } from '../support/random.ts';
import { createRestartableGateway } from '../support/restartable-gateway.ts';
import { chanceful, createTraffic, PIPELINE } from './traffic.ts';

const KILLS = Number(process.env['SLUICE_KILLS'] ?? 6);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const RIGHT = { ...NOTHING_WRONG, missing: [] };
const STEPS = ['begun', 'inserted', 'committed'];

test(`${KILLS} kills at any moment and at each step (seed ${SEED})`, async (t) => {
  const random = seededRandom(SEED);
  const gateway = await createRestartableGateway(PIPELINE);
  t.after(async () => await gateway.remove());
  const traffic = createTraffic(gateway, SEED);
  await gateway.start();
  let kills = 0;
  for (let left = KILLS; left > 0; ) {
    // Short rounds, each with a table of its records to come, so that what goes wrong is found where it went wrong.
    const inRound = Math.min(left, 10);
    left -= inRound;
    const round = { isSending: true };
    const sending = traffic.send(60 * inRound).finally(() => {
      round.isSending = false;
    });
    for (let i = 0; i < inRound && round.isSending; i++) {
      await chanceful(random, 10, 100);
      await gateway.end('SIGKILL');
      kills += 1;
      // Every third time it kills itself, at a step.
      const step = random() < 0.4 ? `${STEPS[Math.floor(random() * STEPS.length)]}:${1 + Math.floor(random() * 4)}` : undefined;
      await gateway.start(step === undefined ? {} : { failAt: step });
      if (step === undefined) continue;
      await Promise.race([gateway.ended(), sending]);
      if (gateway.isRunning()) continue;
      kills += 1;
      await gateway.start();
    }
    await sending;
    if (!gateway.isRunning()) await gateway.start();
    assert.deepEqual(await traffic.check(), RIGHT, `after ${kills} kills`);
  }
  await traffic.redeliver();
  assert.deepEqual(await traffic.check(), RIGHT);
  assert.deepEqual(traffic.clientLog.counts().refused, 0);
  t.diagnostic(`${kills} kills, ${traffic.clientLog.counts().ok} records, 0 lost, 0 duplicated (seed ${SEED})`);
  assert.equal(await gateway.end('SIGTERM'), 0);
});
