/** A fixed set of things of which each serves one caller at a time; callers wait in order. */
export interface Pool<T> {
  use<R>(work: (item: T) => Promise<R>): Promise<R>;
  /** Resolves when no caller holds or waits for an item. */
  drain(): Promise<void>;
}

/** A pool of `items`. */
export function createPool<T>(items: readonly T[]): Pool<T> {
  const idle = [...items];
  const waiting: Array<(item: T) => void> = [];
  const running = new Set<Promise<unknown>>();
  const take = async (): Promise<T> => idle.pop() ?? (await new Promise<T>((resolve) => waiting.push(resolve)));
  const give = (item: T): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(item);
    else next(item);
  };
  const run = async <R>(work: (item: T) => Promise<R>): Promise<R> => {
    const item = await take();
    try {
      return await work(item);
    } finally {
      give(item);
    }
  };
  return {
    async use(work) {
      const result = run(work);
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    async drain() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
