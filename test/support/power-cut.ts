import { mkdtempSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mount, mount, run } from './mounts.ts';

/** A file system of its own, whose power can be cut. */
export interface CuttableDisk {
  readonly mountPoint: string;
  /**
   * Copies the disk as it is at this moment, without what is still only in memory: what a power cut would leave. Resolves with the copy's path.
   * Waits for a moment in which nothing is being written: stop a writer that never pauses (SIGSTOP) before.
   * @throws Error when there was no such moment in 10 seconds.
   */
  snapshot(): Promise<string>;
  /** Mounts a copy: the journal is replayed, as after a power cut. It can be cut again. */
  mountSnapshot(path: string): Promise<MountedSnapshot>;
  /** Unmounts it and all copies, and deletes everything. */
  close(): Promise<void>;
}

export interface MountedSnapshot {
  readonly mountPoint: string;
  snapshot(): Promise<string>;
  /** Deletes the copy, too. */
  unmount(): Promise<void>;
}

/**
 * `commit`: the journal is written when somebody syncs, and not every 5 seconds by itself. `loop` detaches the device with the unmount and when the
 * mount fails.
 */
const OPTIONS = 'loop,commit=600';

/** Makes an ext4 file system with the default journal; undefined, with the reason told, where this process may not. */
export async function createCuttableDisk(options: {
  sizeMiB: number;
  unavailable?: (reason: string) => void;
}): Promise<CuttableDisk | undefined> {
  const directory = mkdtempSync('/tmp/sluice-power-cut-');
  const image = join(directory, 'disk.img');
  const mounted = new Set<Mount>();
  let copies = 0;

  const open = async (path: string): Promise<Mount> => {
    const opened = await mount(`${path}.d`, '-t', 'ext4', '-o', OPTIONS, path);
    mounted.add(opened);
    return opened;
  };
  const snapshotOf = async (path: string, device: string): Promise<string> => {
    const copy = join(directory, `copy-${copies++}.img`);
    await copyAtRest(path, copy, device);
    return copy;
  };
  const close = async (): Promise<void> => {
    for (const each of mounted) await each.unmount();
    rmSync(directory, { recursive: true, force: true });
  };

  try {
    writeFileSync(image, '');
    truncateSync(image, options.sizeMiB * 2 ** 20);
    // Not lazily: the kernel would go on writing tables in the background.
    await run('mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image);
    const disk = await open(image);
    rmdirSync(join(disk.mountPoint, 'lost+found'));
    await run('sync', '-f', disk.mountPoint);
    return {
      mountPoint: disk.mountPoint,
      snapshot: async () => await snapshotOf(image, disk.device),
      async mountSnapshot(path) {
        const copy = await open(path);
        return {
          mountPoint: copy.mountPoint,
          snapshot: async () => await snapshotOf(path, copy.device),
          async unmount() {
            await copy.unmount();
            mounted.delete(copy);
            rmSync(path);
          },
        };
      },
      close,
    };
  } catch (error) {
    await close();
    options.unavailable?.((error as Error).message);
    return undefined;
  }
}

/** A copy during which something was written is of no moment at all, and more broken than a power cut leaves a disk. */
async function copyAtRest(from: string, to: string, device: string): Promise<void> {
  const patience = Date.now() + 10_000;
  for (;;) {
    const before = writes(device);
    if (before.inFlight === 0) {
      await run('cp', '--sparse=always', from, to);
      const after = writes(device);
      if (after.inFlight === 0 && after.done === before.done) return;
    }
    if (Date.now() > patience) throw new Error(`${device} was written to all the time: there is no moment to copy it at`);
    await sleep(5);
  }
}

/** How many writes a block device has done, and how many requests it is at. */
function writes(device: string): { done: string; inFlight: number } {
  const fields = readFileSync(`/sys/block/${device}/stat`, 'utf8').trim().split(/\s+/);
  // Discards count: they punch holes into the image.
  return { done: `${fields[4]} ${fields[11] ?? ''}`, inFlight: Number(fields[8]) };
}
