/** Resolves when it is this caller's turn. */
export type TakeTurn = () => Promise<void>;

/**
 * Turns for work that keeps the thread busy: one in each round of the event loop. Bodies that arrive together would otherwise be read one after the other
 * in one go, and what ClickHouse and the disk have finished meanwhile would wait for all of them.
 */
export function createTurns(): TakeTurn {
  const waiting: Array<() => void> = [];
  let isDue = false;
  const schedule = (): void => {
    if (isDue || waiting.length === 0) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      waiting.shift()?.();
      schedule();
    });
  };
  return async () =>
    await new Promise((resolve) => {
      waiting.push(resolve);
      schedule();
    });
}
