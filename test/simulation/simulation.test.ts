/**
 * The commit protocol in virtual time: crashes at any step, lost, late and doubled answers, refused and partial blocks, a disk that forgets what it
 * did not sync, redelivery in any order and batching. The code is the gateway's own; the world around it is a model.
 *
 * `SLUICE_SCHEDULES=100000 npm run simulate` runs more, `SLUICE_SEED=n` one again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSchedule, type Verdict } from './schedule.ts';

const SCHEDULES = Number(process.env['SLUICE_SCHEDULES'] ?? 5000);
const FIRST_SEED = Number(process.env['SLUICE_FIRST_SEED'] ?? 1);
const ONLY_SEED = process.env['SLUICE_SEED'];

const RIGHT = { lost: [], duplicated: [], wrong: [], falselyAcknowledged: [] };

function judged({ lost, duplicated, wrong, falselyAcknowledged }: Verdict): typeof RIGHT {
  return { lost, duplicated, wrong, falselyAcknowledged } as unknown as typeof RIGHT;
}

test(`every record is there exactly once in ${ONLY_SEED === undefined ? `${SCHEDULES} schedules` : `the schedule of seed ${ONLY_SEED}`}`, async (t) => {
  const seeds = ONLY_SEED === undefined ? Array.from({ length: SCHEDULES }, (_, i) => FIRST_SEED + i) : [Number(ONLY_SEED)];
  let crashes = 0;
  let requests = 0;
  for (const seed of seeds) {
    let verdict: Verdict;
    try {
      verdict = await runSchedule(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: SLUICE_SEED=${seed} runs it again`, { cause: error });
    }
    assert.deepEqual(judged(verdict), RIGHT, `seed ${seed}: SLUICE_SEED=${seed} runs it again`);
    crashes += verdict.crashes;
    requests += verdict.requests;
  }
  t.diagnostic(`${seeds.length} schedules from seed ${seeds[0]}: ${crashes} crashes, ${requests} requests, 0 lost, 0 duplicated`);
});
