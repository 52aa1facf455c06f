/** Processes beside each other on the same cores: which one runs, what it uses, and that none is left behind. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A process of the bench. */
export interface Running {
  readonly pid: number;
  /** Stops it where it is, with everything it does in the background, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it and resolves when it is gone. */
  stop(): Promise<void>;
}

const LONGEST_STOP_MS = 20_000;
const alive = new Set<ChildProcess>();
const directories = new Set<string>();

/** A process that ends with the bench, however that ends. */
export function running(child: ChildProcess): Running {
  alive.add(child);
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => {
      alive.delete(child);
      resolve();
    }),
  );
  return {
    pid: child.pid ?? 0,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (!alive.has(child)) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** Lets the directory go with the bench. */
export function disposable(directory: string): string {
  directories.add(directory);
  return directory;
}

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

/** Processor seconds a process has used; undefined where the system does not tell. */
export function cpuSeconds(pid: number): number | undefined {
  // After the name, which may hold anything, come the state and then numbers; the clock ticks 100 times a second.
  const fields = readOr(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory in MiB, now or at its peak; undefined where the system does not tell. */
export function residentMiB(pid: number, what: 'VmRSS' | 'VmHWM' = 'VmRSS'): number | undefined {
  const kib = new RegExp(`${what}:\\s+(\\d+)`).exec(readOr(`/proc/${pid}/status`) ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) / 1024;
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const LOOK_EVERY_MS = 200;
const IDLE_SHARE = 0.05;

/** Waits until the processes do next to nothing, merges included, at most so long. */
export async function settle(processes: readonly Running[], atMostMs: number): Promise<void> {
  const used = (): number => processes.reduce((sum, { pid }) => sum + (cpuSeconds(pid) ?? 0), 0);
  const end = performance.now() + atMostMs;
  let before = used();
  while (performance.now() < end) {
    await wait(LOOK_EVERY_MS);
    const now = used();
    // Two ticks of the clock are no more than its coarseness.
    if (now - before <= Math.max(0.02, (IDLE_SHARE * LOOK_EVERY_MS) / 1000)) return;
    before = now;
  }
}
