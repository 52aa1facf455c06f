import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CuttableDisk, createCuttableDisk } from '../../support/power-cut.ts';

const SIZE_MIB = 32;

async function withDisk(t: TestContext, work: (disk: CuttableDisk) => Promise<void>): Promise<void> {
  let reason = '';
  const unavailable = (why: string): void => {
    reason = why;
  };
  const disk = await createCuttableDisk({ sizeMiB: SIZE_MIB, unavailable });
  if (disk === undefined) return t.skip(reason);
  const directory = dirname(disk.mountPoint);
  try {
    await work(disk);
  } finally {
    await disk.close();
  }
  assert.ok(!existsSync(directory));
  assert.ok(!loopFiles().some((file) => file.startsWith(directory)), 'a loop device is left');
  assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(directory), 'a mount is left');
}

/** The files that loop devices stand on. */
function loopFiles(): string[] {
  const paths = readdirSync('/sys/block').map((device) => join('/sys/block', device, 'loop', 'backing_file'));
  return paths.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
}

/** Writes a file, and unless `sync` is false makes it safe. */
async function write(path: string, text: string, sync = true): Promise<void> {
  for (const [name, isFile] of [
    [path, true],
    [dirname(path), false],
  ] as const) {
    const file = await open(name, isFile ? 'w' : 'r');
    if (isFile) await file.writeFile(text);
    if (sync) await file.sync();
    await file.close();
  }
}

const textAt = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

test('what was synced survives the power cut, what was not does not', async (t) => {
  await withDisk(t, async (disk) => {
    mkdirSync(join(disk.mountPoint, 'data'));
    for (let round = 0; round < 8; round++) {
      const text = `${round} `.repeat(5000);
      await write(join(disk.mountPoint, 'data', `synced-${round}`), text);
      await write(join(disk.mountPoint, 'data', `unsynced-${round}`), text, false);
      assert.equal(textAt(join(disk.mountPoint, 'data', `unsynced-${round}`)), text);
      const copy = await disk.mountSnapshot(await disk.snapshot());
      assert.equal(textAt(join(copy.mountPoint, 'data', `synced-${round}`)), text);
      assert.equal(textAt(join(copy.mountPoint, 'data', `unsynced-${round}`)), '');
      await copy.unmount();
    }
  });
});

test('a rename that was not synced is undone', async (t) => {
  await withDisk(t, async (disk) => {
    await write(join(disk.mountPoint, 'a'), 'old');
    const directory = await open(disk.mountPoint, 'r');
    renameSync(join(disk.mountPoint, 'a'), join(disk.mountPoint, 'b'));
    const before = await disk.mountSnapshot(await disk.snapshot());
    await directory.sync();
    const later = await disk.mountSnapshot(await disk.snapshot());
    assert.deepEqual([readdirSync(before.mountPoint), readdirSync(later.mountPoint)], [['a'], ['b']]);
    await directory.close();
  });
});

test('a copy can be written to and cut again', async (t) => {
  await withDisk(t, async (disk) => {
    await write(join(disk.mountPoint, 'first'), '1');
    const copy = await disk.mountSnapshot(await disk.snapshot());
    await write(join(copy.mountPoint, 'second'), '2');
    await write(join(copy.mountPoint, 'third'), '3', false);
    const second = await disk.mountSnapshot(await copy.snapshot());
    assert.deepEqual(
      ['first', 'second', 'third'].map((name) => textAt(join(second.mountPoint, name))),
      ['1', '2', ''],
    );
    assert.deepEqual(readdirSync(disk.mountPoint), ['first']);
  });
});

test('a disk that cannot be made is undefined, and says why', async () => {
  let reason = '';
  const unavailable = (why: string): void => {
    reason = why;
  };
  assert.equal(await createCuttableDisk({ sizeMiB: 0, unavailable }), undefined);
  assert.match(reason, /^mkfs.ext4: /);
});
