import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createSmallDisk } from '../../support/small-disk.ts';

test('a small disk is full soon, takes more when something is deleted, and is gone after', async (t) => {
  let reason = '';
  const unavailable = (why: string): void => {
    reason = why;
  };
  const disk = await createSmallDisk({ sizeMiB: 1, unavailable });
  if (disk === undefined) return t.skip(reason);
  try {
    const path = join(disk.mountPoint, 'file');
    assert.throws(() => writeFileSync(path, Buffer.alloc(2 ** 20 + 1)), { code: 'ENOSPC' });
    rmSync(path);
    writeFileSync(path, Buffer.alloc(2 ** 19, 'x'));
    assert.equal(readFileSync(path, 'latin1'), 'x'.repeat(2 ** 19));
  } finally {
    await disk.close();
  }
  assert.ok(!existsSync(dirname(disk.mountPoint)));
});

test('a disk that cannot be mounted is undefined, and says why', async () => {
  let reason = '';
  const unavailable = (why: string): void => {
    reason = why;
  };
  assert.equal(await createSmallDisk({ sizeMiB: Number.NaN, unavailable }), undefined);
  assert.match(reason, /^mount: /);
});
