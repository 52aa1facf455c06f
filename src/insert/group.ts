/**
 * Group commit: rows of many deliveries for one table travel in one block.
 *
 * Invariant: a table has one insert at a time; a delivery's share is in exactly one block, or in none any more; what ClickHouse refuses for one share
 * is not the fate of another. Proved by `test/unit/insert/group.test.ts` and `test/simulation/`.
 */
import { type Run, streamKind } from '../core/identity.ts';
import type { RowSet } from '../core/insert.ts';
import type { LedgerError } from '../core/ledger.ts';
import type { DestinationError, Timers } from '../core/ports.ts';
import type { TableSchema } from '../core/table.ts';
import { encodeRows, rowsIn, runBytes } from './block.ts';
import type { Block, Settled } from './commit.ts';

/** Rows of one delivery, few enough for one block. */
export interface Share {
  readonly rowSet: RowSet;
  readonly runs: readonly Run[];
  /** Payload digest of the delivery stream among the runs. */
  readonly digest: string | undefined;
}

/** What became of a share. */
export type ShareOutcome =
  | { readonly kind: 'stored'; readonly batch: string }
  /** Nothing of the share was written. `row` is the row of the row set that ClickHouse named. */
  | { readonly kind: 'refused'; readonly error: DestinationError; readonly row?: number }
  | { readonly kind: 'not-begun'; readonly error: LedgerError }
  | { readonly kind: 'in-doubt' };

export interface Submitted {
  readonly outcome: Promise<ShareOutcome>;
  /** Takes the share back if it is not in a block yet. True: nothing of it was or will be sent. */
  cancel(): boolean;
}

export interface GroupLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Inserts at the same time over all tables. */
  readonly inserts: number;
}

export interface GroupDeps {
  readonly commit: (block: Block) => Promise<Settled>;
  readonly newId: () => string;
  readonly timers: Timers;
  readonly limits: GroupLimits;
  /** Milliseconds the table needs between two inserts. */
  readonly pace: (table: TableSchema) => number;
  readonly onGroup?: (facts: { readonly shares: number; readonly rows: number; readonly ms: number }) => void;
}

export interface Groups {
  submit(share: Share): Submitted;
  /** Resolves when no share waits or is in a block. */
  drain(): Promise<void>;
}

interface Waiting {
  readonly share: Share;
  readonly rows: number;
  readonly bytes: number;
  readonly settle: (outcome: ShareOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Tries of a group that ClickHouse put off, before its senders are told. */
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 100;

/** Groups of all tables. */
export function createGroups(deps: GroupDeps): Groups {
  const { timers, limits } = deps;
  const queues = new Map<string, Waiting[]>();
  const running = new Set<Promise<void>>();
  const places = createPlaces(limits.inserts);

  const runTable = async (key: string, queue: Waiting[]): Promise<void> => {
    let last = { shares: 0, ms: 0 };
    while (queue.length > 0) {
      await gather(timers, queue, last);
      const first = queue[0];
      if (first === undefined) break;
      const pace = deps.pace(first.share.rowSet.table);
      if (pace > 0) await timers.sleep(pace);
      await places.use(async () => {
        const group = takeGroup(queue, limits);
        // All of them may have been taken back meanwhile.
        if (group.length === 0) return;
        const started = timers.now();
        await writeGroup(deps, group);
        last = { shares: group.length, ms: timers.now() - started };
        deps.onGroup?.({ shares: group.length, rows: group.reduce((sum, { rows }) => sum + rows, 0), ms: last.ms });
      });
    }
    queues.delete(key);
  };

  return {
    submit(share) {
      const { database, table } = share.rowSet.table.name;
      const key = `${database}.${table}`;
      let entry: Waiting | undefined;
      const outcome = new Promise<ShareOutcome>((settle, fail) => {
        entry = { share, rows: rowsIn(share.runs), bytes: runBytes(share.rowSet.rows, share.runs), settle, fail };
      });
      const queue = queues.get(key);
      if (queue === undefined) {
        const own = [entry!];
        queues.set(key, own);
        const run = runTable(key, own);
        running.add(run);
        void run.finally(() => running.delete(run));
      } else {
        queue.push(entry!);
      }
      return {
        outcome,
        cancel() {
          const waiting = queues.get(key);
          const at = waiting?.indexOf(entry!) ?? -1;
          if (at !== -1) waiting!.splice(at, 1);
          return at !== -1;
        },
      };
    },
    async drain() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/**
 * Senders whose requests were answered together send their next ones together: the group waits for them while they keep coming, a part of the time
 * the last insert took at most. After a group of one, or none, it waits for nobody.
 */
async function gather(timers: Timers, queue: readonly unknown[], last: { shares: number; ms: number }): Promise<void> {
  if (last.shares <= 1) return;
  const patience = timers.now() + last.ms / 4;
  let seen = -1;
  while (queue.length < last.shares && timers.now() < patience && queue.length !== seen) {
    seen = queue.length;
    await timers.sleep(1);
  }
}

/** The first shares that fit into one block and have the same table, columns and all. */
function takeGroup(queue: Waiting[], limits: GroupLimits): Waiting[] {
  const group: Waiting[] = [];
  let rows = 0;
  let bytes = 0;
  for (const waiting of queue) {
    const { table, columns } = waiting.share.rowSet;
    const first = group[0]?.share.rowSet;
    if (first !== undefined) {
      if (rows + waiting.rows > limits.rows || bytes + waiting.bytes > limits.bytes) break;
      if (first.table.fingerprint !== table.fingerprint || first.columns.join() !== columns.join()) break;
    }
    group.push(waiting);
    rows += waiting.rows;
    bytes += waiting.bytes;
  }
  queue.splice(0, group.length);
  return group;
}

/** Writes a group as one block, or as several where ClickHouse refuses a share of it. Every share is settled or failed. */
async function writeGroup(deps: GroupDeps, group: readonly Waiting[], tries = 1): Promise<void> {
  const block = blockOf(group, deps.newId());
  let settled: Settled;
  try {
    settled = await deps.commit(block);
  } catch (error) {
    for (const { fail } of group) fail(error);
    return;
  }
  switch (settled.kind) {
    case 'committed':
      for (const { settle } of group) settle({ kind: 'stored', batch: block.id });
      return;
    case 'not-begun':
      for (const { settle } of group) settle({ kind: 'not-begun', error: settled.error });
      return;
    case 'abandoned':
      for (const { settle } of group) settle({ kind: 'in-doubt' });
      return;
    case 'partial':
      settlePartly(group, block.id, settled);
      return;
    case 'refused':
      await isolate(deps, group, settled.error, tries);
  }
}

/** Which of several shares is to blame, found out with as few inserts as may be. */
async function isolate(deps: GroupDeps, group: readonly Waiting[], error: DestinationError, tries: number): Promise<void> {
  const refuse = (waiting: Waiting, row?: number): void =>
    waiting.settle({ kind: 'refused', error, ...(row === undefined ? {} : { row }) });
  if (isPutOff(error) && tries < MOST_TRIES) {
    await deps.timers.sleep(FIRST_PAUSE_MS * 3 ** (tries - 1));
    await writeGroup(deps, group, tries + 1);
    return;
  }
  const isForOne = error.failure === 'row' || error.failure === 'partition-spread';
  const named = error.failure === 'row' && error.row !== undefined ? ownerOf(group, error.row) : undefined;
  if (!isForOne || group.length === 1) {
    for (const waiting of group) refuse(waiting, waiting === named?.waiting ? named.row : undefined);
  } else if (named !== undefined) {
    refuse(named.waiting, named.row);
    await writeGroup(
      deps,
      group.filter((waiting) => waiting !== named.waiting),
    );
  } else {
    const half = Math.ceil(group.length / 2);
    await writeGroup(deps, group.slice(0, half));
    await writeGroup(deps, group.slice(half));
  }
}

/** Refused whole and not for good: nothing was written, and the same rows may pass in a moment. */
function isPutOff({ failure, clickhouseCode }: DestinationError): boolean {
  return failure === 'back-off' || failure === 'cluster-state' || (failure === 'unknown-outcome' && clickhouseCode === undefined);
}

function settlePartly(group: readonly Waiting[], batch: string, { present, error }: Extract<Settled, { kind: 'partial' }>): void {
  const there = new Set(present);
  let first = 0;
  for (const { rows, settle } of group) {
    let isWhole = true;
    for (let row = first; row < first + rows; row++) isWhole &&= there.has(row);
    first += rows;
    settle(isWhole ? { kind: 'stored', batch } : { kind: 'refused', error });
  }
}

/** The share that has row `number` of the block, and which row of its row set that is. */
function ownerOf(group: readonly Waiting[], number: number): { waiting: Waiting; row: number } | undefined {
  let left = number;
  for (const waiting of group) {
    if (left < waiting.rows) {
      for (const { row, count } of waiting.share.runs) {
        if (left < count) return { waiting, row: row + left };
        left -= count;
      }
    }
    left -= waiting.rows;
  }
  return undefined;
}

function blockOf(group: readonly Waiting[], id: string): Block {
  const { table, columns } = group[0]!.share.rowSet;
  const runs: Run[] = [];
  const digests = new Map<string, string>();
  let rowCount = 0;
  for (const { share } of group) {
    for (const run of share.runs) {
      runs.push({ ...run, row: rowCount });
      rowCount += run.count;
      if (share.digest !== undefined && streamKind(run.stream) === 'delivery') digests.set(run.stream, share.digest);
    }
  }
  return {
    id,
    table,
    columns,
    rowCount,
    runs,
    digests,
    encode(rows) {
      const data: Buffer[] = [];
      let first = 0;
      for (const { share, rows: count } of group) {
        if (rows === undefined) {
          data.push(encodeRows(share.rowSet.rows, share.runs, table.hasProvenance ? { batchId: id, firstRow: first } : undefined));
        } else {
          for (const { run, number } of singleRows(share.runs, first))
            if (rows.has(number)) data.push(encodeRows(share.rowSet.rows, [run], { batchId: id, firstRow: number }));
        }
        first += count;
      }
      return data;
    },
  };
}

function* singleRows(runs: readonly Run[], first: number): Iterable<{ run: Run; number: number }> {
  let number = first;
  for (const { stream, from, row, count } of runs)
    for (let i = 0; i < count; i++) yield { run: { stream, from: from + BigInt(i), row: row + i, count: 1 }, number: number++ };
}

/** So many pieces of work at the same time; others wait in order. */
function createPlaces(count: number): { use(work: () => Promise<void>): Promise<void> } {
  let free = count;
  const waiting: Array<() => void> = [];
  return {
    async use(work) {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
      try {
        await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
