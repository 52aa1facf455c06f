import type { Timers } from '../../src/core/ports.ts';

/** Time that goes on only when everything that can happen now has happened. */
export interface VirtualTime {
  now(): number;
  /** Calls back after so many milliseconds. */
  after(ms: number, work: () => void): void;
  /** Runs until nothing is due any more, or `until` says stop. */
  run(until: () => boolean): Promise<void>;
  /** Timers that never fire again once `isAlive` is false, as those of a process that was killed. */
  timersFor(isAlive: () => boolean): Timers;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

const MOST_EVENTS = 200_000;

/** A clock that starts at `start`. */
export function createVirtualTime(start: number): VirtualTime {
  let time = start;
  let order = 0;
  const due: Due[] = [];
  const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  const push = (entry: Due): void => {
    due.push(entry);
    for (let i = due.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(due[i]!, due[parent]!)) break;
      [due[i], due[parent]] = [due[parent]!, due[i]!];
      i = parent;
    }
  };
  const pop = (): Due | undefined => {
    const first = due[0];
    const last = due.pop();
    if (first === undefined || last === undefined || due.length === 0) return first;
    due[0] = last;
    for (let i = 0; ; ) {
      const children = [2 * i + 1, 2 * i + 2].filter((child) => child < due.length && isBefore(due[child]!, due[i]!));
      const next = children.toSorted((a, b) => (isBefore(due[a]!, due[b]!) ? -1 : 1))[0];
      if (next === undefined) return first;
      [due[i], due[next]] = [due[next]!, due[i]!];
      i = next;
    }
  };

  const clock: VirtualTime = {
    now: () => time,
    after: (ms, work) => push({ at: time + Math.max(0, ms), order: order++, work }),
    async run(until) {
      for (let events = 0; events < MOST_EVENTS; events++) {
        // Every promise that can settle does so before time goes on.
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        if (until()) return;
        const next = pop();
        if (next === undefined) return;
        time = next.at;
        next.work();
      }
      throw new Error(`more than ${MOST_EVENTS} events: the schedule does not come to an end`);
    },
    timersFor: (isAlive) => ({
      now: () => time,
      sleep: async (ms) =>
        await new Promise((resolve) => {
          clock.after(ms, () => isAlive() && resolve());
        }),
      before: async (work, deadline) =>
        await new Promise((resolve, reject) => {
          work.then(
            () => isAlive() && resolve(true),
            (error: unknown) => isAlive() && reject(error as Error),
          );
          clock.after(deadline - time, () => isAlive() && resolve(false));
        }),
    }),
  };
  return clock;
}
