/** The disk of ledger and engine runs full: senders are told so and keep their records; with room again everything goes on. */
import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { createRestartableGateway } from '../support/restartable-gateway.ts';
import { createSmallDisk } from '../support/small-disk.ts';
import { PIPELINE } from './traffic.ts';

/** Takes what room there is, down to the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  for (const size of [2 ** 20, 4096, 1]) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) if (writeSync(file, block) < size) break;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
  closeSync(file);
}

test('a full disk is told as storage_full, nothing is lost or doubled, and room is enough to go on', async (t) => {
  let reason = '';
  const disk = await createSmallDisk({ sizeMiB: 192, unavailable: (why) => (reason = why) });
  if (disk === undefined) return t.skip(reason);
  t.after(async () => await disk.close());
  const gateway = await createRestartableGateway(PIPELINE, { data: `${disk.mountPoint}/data` });
  t.after(async () => await gateway.remove());
  await gateway.start();
  let offset = 0;
  const post = async (from: number, count: number): Promise<{ status: number; code: unknown; duplicate: unknown }> => {
    const records = Array.from({ length: count }, (_, i) => ({ id: from + i, text: 'x'.repeat(900), __partition: 0, __offset: from + i }));
    const response = await fetch(`${gateway.url}/v1/topics/orders`, {
      method: 'POST',
      headers: gateway.headers,
      body: JSON.stringify(records),
    });
    const { code, duplicate } = (await response.json()) as Record<string, unknown>;
    return { status: response.status, code, duplicate };
  };
  assert.equal((await post(0, 50)).status, 200);
  offset = 50;
  fill(`${disk.mountPoint}/ballast`);
  assert.ok(statfsSync(disk.mountPoint).bavail * 4096 < 65_536);
  const refused: unknown[] = [];
  for (let i = 0; i < 5; i++) refused.push(await post(offset, 200));
  for (const answer of refused) assert.deepEqual(answer, { status: 503, code: 'storage_full', duplicate: undefined });
  assert.equal((await post(10, 20)).duplicate, 20, 'what is known needs no room');
  rmSync(`${disk.mountPoint}/ballast`);
  assert.deepEqual(await post(offset, 200), { status: 200, code: undefined, duplicate: 0 });
  assert.deepEqual(await post(offset, 200), { status: 200, code: undefined, duplicate: 200 });
  assert.deepEqual(await gateway.query('SELECT count() AS n, uniqExact(__offset) AS u, max(__offset) AS m FROM orders'), [
    { n: '250', u: '250', m: '249' },
  ]);
  await gateway.end('SIGKILL');
  await gateway.start();
  assert.deepEqual(await post(0, 250), { status: 200, code: undefined, duplicate: 250 });
  assert.equal(await gateway.end('SIGTERM'), 0);
});
