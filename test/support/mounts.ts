import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const UNMOUNT = 'umount';
const left = new Set<string>();
const unmountLeft = (): void => {
  for (const mountPoint of left) spawnSync(UNMOUNT, ['-l', mountPoint]);
};

export interface Mount {
  readonly mountPoint: string;
  /** The block device, as `loop3`; for a file system without one, its name. */
  readonly device: string;
  /** A process that was just killed may hold the mount for a moment: that is waited for. The directory is deleted. */
  unmount(): Promise<void>;
}

/** Runs a program. @throws Error with what it wrote to standard error. */
export async function run(program: string, ...args: string[]): Promise<void> {
  try {
    await execute(program, args);
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new Error(`${program}: ${stderr.trim() || message}`, { cause: error });
  }
}

/** Makes the directory and mounts on it. Undone when the process exits. @throws Error where that is not possible or not allowed. */
export async function mount(mountPoint: string, ...args: string[]): Promise<Mount> {
  mkdirSync(mountPoint);
  try {
    await run('mount', ...args, mountPoint);
  } catch (error) {
    rmdirSync(mountPoint);
    throw error;
  }
  if (left.size === 0) process.on('exit', unmountLeft);
  left.add(mountPoint);
  return {
    mountPoint,
    device: deviceOf(mountPoint),
    async unmount() {
      for (let tries = 0; isMounted(mountPoint); tries++) {
        if (tries > 0) await sleep(50);
        // Lazily at last: a mount that stays would keep its loop device for ever. It goes when the last file is closed.
        await run(UNMOUNT, ...(tries < 100 ? [] : ['-l']), mountPoint).catch((error: unknown) => {
          if (tries >= 100) throw error;
        });
      }
      if (!left.delete(mountPoint)) return;
      if (left.size === 0) process.off('exit', unmountLeft);
      rmdirSync(mountPoint);
    },
  };
}

/** Mount point and device of every mount of this process. */
function mounts(): Array<{ mountPoint: string; device: string }> {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([device = '', mountPoint = '']) => ({ mountPoint, device }));
}

function isMounted(path: string): boolean {
  return mounts().some(({ mountPoint }) => mountPoint === path);
}

function deviceOf(path: string): string {
  const device = mounts().find(({ mountPoint }) => mountPoint === path)?.device ?? '';
  return device.replace('/dev/', '');
}
