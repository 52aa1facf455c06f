import type { TableName } from '../../core/table.ts';

/** Does work on a table when what was asked before is done. */
export type InTurn = <T>(name: TableName, work: () => Promise<T>) => Promise<T>;

/**
 * One after the other on each table. Invariant: between reading a table and changing it, nobody else of this gateway changes it; two changes of a type from
 * the same state could take back each other's.
 */
export function createInTurn(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const key = `${name.database}.${name.table}`;
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}
