import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mount } from './mounts.ts';

/** A disk in memory that is soon full. */
export interface SmallDisk {
  readonly mountPoint: string;
  close(): Promise<void>;
}

/** Mounts a disk of this size; undefined, with the reason told, where this process may not. */
export async function createSmallDisk(options: {
  sizeMiB: number;
  unavailable?: (reason: string) => void;
}): Promise<SmallDisk | undefined> {
  const directory = mkdtempSync('/tmp/sluice-small-disk-');
  try {
    const disk = await mount(join(directory, 'disk'), '-t', 'tmpfs', '-o', `size=${options.sizeMiB}m`, 'tmpfs');
    return {
      mountPoint: disk.mountPoint,
      async close() {
        await disk.unmount();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    options.unavailable?.((error as Error).message);
    return undefined;
  }
}
