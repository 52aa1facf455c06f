import type { Timers } from '../core/ports.ts';

/** Real time. Its clock goes on evenly from the start of the process: what waits must not wait an hour because somebody set the clock. */
export function createTimers(): Timers {
  const start = Date.now() - performance.now();
  const now = (): number => Math.round(start + performance.now());
  return {
    now,
    sleep: async (ms) =>
      await new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
    async before(work, deadline) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), Math.max(0, deadline - now()));
      });
      try {
        return await Promise.race([work.then(() => true), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
