import type { Timers } from '../core/ports.ts';

/** Real time. */
export function createTimers(): Timers {
  const now = Date.now;
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
