import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A file that holds one block while the engine reads it. */
export interface ScratchFile {
  readonly path: string;
  /** Replaces the content. */
  write(data: readonly Buffer[]): void;
  /** Gives room back, except for a little: taking it anew for every block costs more than the copy. */
  clear(): void;
}

/** A private directory of scratch files. */
export interface Scratch {
  open(name: string): ScratchFile;
  close(): void;
}

/** What a file keeps between two blocks. */
const KEPT_BYTES = 4 * 1024 * 1024;

const PREFIX = 'sluice-';
const SHARED_MEMORY = '/dev/shm';
const TMPFS_MAGIC = 0x01021994;

/**
 * Scratch space on tmpfs where there is one, so that handing a block to the engine costs no disk write; otherwise in
 * `fallback`. Removes what processes that no longer live have left behind.
 */
export function createScratch(fallback: string): Scratch {
  const root = isTmpfs(SHARED_MEMORY) ? SHARED_MEMORY : fallback;
  mkdirSync(root, { recursive: true });
  removeOrphans(root);
  const directory = mkdtempSync(join(root, PREFIX));
  writeFileSync(join(directory, 'pid'), String(process.pid));
  const descriptors: number[] = [];
  return {
    open(name) {
      const path = join(directory, name);
      const descriptor = openSync(path, 'w', 0o600);
      descriptors.push(descriptor);
      let size = 0;
      const resize = (bytes: number): void => {
        if (bytes < size) ftruncateSync(descriptor, bytes);
        size = bytes;
      };
      return {
        path,
        write(data) {
          const length = data.reduce((sum, part) => sum + part.length, 0);
          resize(Math.min(size, length));
          let at = 0;
          for (const part of data) {
            let written = 0;
            while (written < part.length) {
              written += writeSync(descriptor, part, written, part.length - written, at + written);
              // Also what a write that fails leaves is given back.
              size = Math.max(size, at + written);
            }
            at += part.length;
          }
        },
        clear() {
          if (size > KEPT_BYTES) resize(0);
        },
      };
    },
    close() {
      for (const descriptor of descriptors) closeSync(descriptor);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function isTmpfs(path: string): boolean {
  try {
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

function removeOrphans(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(root, name);
    try {
      if (!isAlive(Number(readFileSync(join(directory, 'pid'), 'utf8')))) rmSync(directory, { recursive: true, force: true });
    } catch {
      // Not ours to judge: no pid file yet, or another user's directory.
    }
  }
}

/** Whether a process of this machine lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
