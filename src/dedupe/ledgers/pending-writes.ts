/**
 * Writes of a ledger that are under way, or that wait for the next one.
 *
 * Invariant: a newer value of a key is never replaced by an older one, whichever write fails.
 * Proved by `test/conformance/ledger.test.ts`.
 */
import { LedgerError } from '../../core/ledger.ts';
import type { Change, Store } from './store.ts';

export interface PendingWrites {
  /** Keeps changes for the next write. */
  later(changes: readonly Change[]): void;
  /** Resolves when the changes, and all that wait, are durable. @throws LedgerError: the changes are given up, and what waited waits on. */
  write(changes: readonly Change[]): Promise<void>;
  /** The value that is to be written under the key: null removes it. Undefined: none is. */
  value(key: Buffer): Buffer | null | undefined;
  /** Whether anything waits for a write. */
  anyWaits(): boolean;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Pending {
  readonly change: Change;
  /** Not part of a write that is under way. */
  waits: boolean;
  /** Goes with the next write when one fails. */
  readonly isForLater: boolean;
}

/** Pending writes to `store`. */
export function createPendingWrites(store: Store): PendingWrites {
  const pending = new Map<string, Pending>();
  const running = new Set<Promise<unknown>>();
  let waiting = 0;

  const run = async (entries: ReadonlyArray<readonly [string, Pending]>): Promise<void> => {
    try {
      await store.write(entries.map(([, { change }]) => change));
    } catch (error) {
      for (const [name, entry] of entries) {
        // A newer value has taken its place.
        if (pending.get(name) !== entry) continue;
        if (entry.isForLater) {
          entry.waits = true;
          waiting += 1;
        } else {
          pending.delete(name);
        }
      }
      throw error;
    }
    for (const [name, entry] of entries) if (pending.get(name) === entry) pending.delete(name);
  };
  const put = (change: Change, state: { waits: boolean; isForLater: boolean }): readonly [string, Pending] => {
    const name = nameOf(change.key);
    if (pending.get(name)?.waits === true) waiting -= 1;
    const entry = { change, ...state };
    pending.set(name, entry);
    if (entry.waits) waiting += 1;
    return [name, entry];
  };

  return {
    later(changes) {
      for (const change of changes) put(change, { waits: true, isForLater: true });
    },
    async write(changes) {
      const entries = changes.map((change) => put(change, { waits: false, isForLater: false }));
      if (waiting > 0) {
        for (const [name, entry] of pending) {
          if (!entry.waits) continue;
          entry.waits = false;
          entries.push([name, entry]);
        }
        waiting = 0;
      }
      const result = run(entries);
      running.add(result);
      await result.finally(() => running.delete(result));
    },
    value(key) {
      const entry = pending.size === 0 ? undefined : pending.get(nameOf(key));
      return entry === undefined ? undefined : (entry.change.value ?? null);
    },
    anyWaits: () => waiting > 0,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

function nameOf(key: Buffer): string {
  return key.toString('latin1');
}

/** Whether a later write can still succeed. */
export function isForLater(error: unknown): boolean {
  return error instanceof LedgerError && error.kind === 'full';
}
