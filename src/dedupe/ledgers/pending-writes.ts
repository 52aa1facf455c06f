/**
 * Writes of a ledger that are under way, or that failed for want of room and go with the next one.
 *
 * Invariant: a newer value of a key is never replaced by an older one, whichever write fails.
 * Proved by `test/conformance/ledger.test.ts`.
 */
import { LedgerError } from '../../core/ledger.ts';
import type { Change, Store } from './store.ts';

export interface PendingWrites {
  /**
   * Resolves when the changes, and all that failed before, are durable. @throws LedgerError; `orNever` changes are then given up, others go with the
   * next write.
   */
  write(changes: readonly Change[], when: 'orNever' | 'orLater'): Promise<void>;
  /** The value a pending write gives the key: null removes it. Undefined: none is pending. */
  value(key: Buffer): Buffer | null | undefined;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Pending {
  readonly change: Change;
  failed: boolean;
  readonly isForLater: boolean;
}

/** Pending writes to `store`. */
export function createPendingWrites(store: Store): PendingWrites {
  const pending = new Map<string, Pending>();
  const running = new Set<Promise<unknown>>();

  const run = async (entries: ReadonlyArray<readonly [string, Pending]>): Promise<void> => {
    try {
      await store.write(entries.map(([, { change }]) => change));
    } catch (error) {
      for (const [name, entry] of entries) {
        entry.failed = true;
        if (!entry.isForLater && pending.get(name) === entry) pending.delete(name);
      }
      throw error;
    }
    for (const [name, entry] of entries) if (pending.get(name) === entry) pending.delete(name);
  };

  return {
    async write(changes, when) {
      const staysPending = when === 'orLater';
      const fresh = new Map<string, Pending>(
        changes.map((change) => [nameOf(change.key), { change, failed: false, isForLater: staysPending }]),
      );
      for (const [name, entry] of pending)
        if (entry.failed && !fresh.has(name)) fresh.set(name, { change: entry.change, failed: false, isForLater: true });
      for (const [name, entry] of fresh) pending.set(name, entry);
      const result = run([...fresh]);
      running.add(result);
      await result.finally(() => running.delete(result));
    },
    value(key) {
      const entry = pending.size === 0 ? undefined : pending.get(nameOf(key));
      return entry === undefined ? undefined : (entry.change.value ?? null);
    },
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
