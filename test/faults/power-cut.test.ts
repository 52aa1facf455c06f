/**
 * The power goes at any moment: what was not synced is gone, from the ledger, the engine and the file system alike; afterwards every acknowledged
 * record is there once. `SLUICE_CUTS=200 npm run test:faults` is the long form.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_WRONG } from '../support/client-log.ts';
import { createCuttableDisk, type MountedSnapshot } from '../support/power-cut.ts';
import { seededRandom } from '../support/random.ts';
import { createRestartableGateway } from '../support/restartable-gateway.ts';
import { chanceful, createTraffic, PIPELINE } from './traffic.ts';

const CUTS = Number(process.env['SLUICE_CUTS'] ?? 3);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const RIGHT = { ...NOTHING_WRONG, missing: [] };

test(`${CUTS} power cuts (seed ${SEED})`, async (t) => {
  let reason = '';
  const disk = await createCuttableDisk({ sizeMiB: 512, unavailable: (why) => (reason = why) });
  if (disk === undefined) return t.skip(reason);
  t.after(async () => await disk.close());
  const random = seededRandom(SEED);
  const gateway = await createRestartableGateway(PIPELINE, { data: `${disk.mountPoint}/data` });
  t.after(async () => await gateway.remove());
  const traffic = createTraffic(gateway, SEED);
  await gateway.start();
  let now: { snapshot(): Promise<string> } = disk;
  let copy: MountedSnapshot | undefined;
  for (let cut = 1; cut <= CUTS; cut++) {
    const sending = traffic.send(120);
    await chanceful(random, 20, 250);
    process.kill(gateway.pid() ?? assert.fail('the gateway is gone'), 'SIGSTOP');
    const image = await now.snapshot();
    await gateway.end('SIGKILL');
    const before = copy;
    copy = await disk.mountSnapshot(image);
    now = copy;
    await before?.unmount();
    gateway.data = `${copy.mountPoint}/data`;
    await gateway.start();
    await sending;
    assert.deepEqual(await traffic.check(), RIGHT, `after ${cut} cuts`);
  }
  await traffic.redeliver();
  assert.deepEqual(await traffic.check(), RIGHT);
  t.diagnostic(`${CUTS} power cuts, ${traffic.clientLog.counts().ok} records, 0 lost, 0 duplicated (seed ${SEED})`);
  assert.equal(await gateway.end('SIGTERM'), 0);
});
