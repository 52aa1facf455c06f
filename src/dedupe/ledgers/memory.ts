/**
 * A store in memory, for tests and for gateways that need not remember.
 *
 * Invariant: like the one on disk, a transaction is whole or not there. Proved by `test/conformance/store.test.ts`.
 */
import type { Change, Store } from './store.ts';

/** An empty store, or one with what another one held. */
export function createMemoryStore(entries: Iterable<readonly [string, Buffer]> = []): Store & { entries(): Map<string, Buffer> } {
  const values = new Map<string, Buffer>(entries);
  return {
    get: (key) => values.get(key.toString('latin1')),
    range(prefix, from = prefix) {
      const begin = prefix.toString('latin1');
      const first = from.toString('latin1');
      const names = [...values.keys()].filter((name) => name.startsWith(begin) && name >= first);
      return names.toSorted(byBytes).map((name) => ({ key: Buffer.from(name, 'latin1'), value: values.get(name)! }));
    },
    write: async (changes) => await Promise.resolve(apply(values, changes)),
    close: async () => await Promise.resolve(),
    entries: () => new Map(values),
  };
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Makes the changes in `values`, whose keys are Latin-1. */
export function apply(values: Map<string, Buffer>, changes: readonly Change[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) values.delete(key.toString('latin1'));
    else values.set(key.toString('latin1'), value);
  }
}
