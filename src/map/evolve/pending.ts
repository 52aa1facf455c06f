import type { TableName } from '../../core/table.ts';
import type { TableChange } from './changes.ts';

/** Tables that are kept; beyond, those that waited longest without a record are forgotten, until the next record that needs them. */
const MOST_TABLES = 1000;

/** Changes of a table without which records cannot be written. */
export interface PendingChanges {
  readonly pipeline: string;
  readonly table: TableName;
  /** Of the records that wait. */
  readonly topic: string | undefined;
  readonly changes: readonly TableChange[];
  /** When the first record came that needs them, in milliseconds since the epoch. */
  readonly since: number;
  /** Deliveries that were told to come again. */
  readonly deliveries: number;
}

/** What waits for somebody to approve it. It is remembered only as long as the gateway runs: records that wait come again, and say it again. */
export interface Pending {
  /** Notes what a delivery needs, with what others need. Of two types for a column, the one that was asked for last counts. */
  add(wait: Pick<PendingChanges, 'pipeline' | 'table' | 'topic' | 'changes'>): void;
  of(pipeline: string): readonly PendingChanges[];
  /** The table was changed: who still waits will say so. */
  forget(table: TableName): void;
}

/** Nothing waits yet. */
export function createPending(now: () => number): Pending {
  const entries = new Map<string, PendingChanges>();
  return {
    add({ pipeline, table, topic, changes }) {
      const key = [pipeline, table.database, table.table, topic ?? ''].join('\0');
      const before = entries.get(key);
      const byColumn = new Map(before?.changes.map((change) => [change.column, change]));
      for (const change of changes) byColumn.set(change.column, change);
      entries.delete(key);
      entries.set(key, {
        pipeline,
        table,
        topic,
        changes: [...byColumn.values()],
        since: before?.since ?? now(),
        deliveries: (before?.deliveries ?? 0) + 1,
      });
      const [oldest] = entries.keys();
      if (entries.size > MOST_TABLES && oldest !== undefined) entries.delete(oldest);
    },
    of: (pipeline) => [...entries.values()].filter((entry) => entry.pipeline === pipeline),
    forget(table) {
      for (const [key, entry] of entries)
        if (entry.table.database === table.database && entry.table.table === table.table) entries.delete(key);
    },
  };
}
