/**
 * Group commit: rows of many deliveries for one table travel in one block.
 *
 * Invariant: a table has one insert at a time; a delivery's share is in exactly one block, or in none any more; what ClickHouse refuses for one share
 * is not the fate of another. Proved by `test/unit/insert/group.test.ts` and `test/simulation/`.
 */
import type { Timers } from '../core/ports.ts';
import type { TableSchema } from '../core/table.ts';
import { MOST_RUNS, rowsIn, runBytes } from './block.ts';
import { type Share, type ShareOutcome, type Waiting, type WriteGroupDeps, writeGroup } from './write-group.ts';

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
  /** A group of this size waits for no more, and is begun and encoded while the one before it is inserted. */
  readonly largeRows: number;
  readonly largeBytes: number;
}

export interface GroupDeps extends WriteGroupDeps {
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

/** What waits for a group of a table. */
interface Table {
  readonly waiting: Waiting[];
  /** As the last share has it. */
  schema: TableSchema;
  /** The group before; kept between two bursts. */
  last: GroupDone;
  /** Shares of the group that is being inserted. */
  running: number;
  isRunning: boolean;
  /** Called when a share is added. */
  onArrival: () => void;
}

interface GroupDone {
  readonly shares: number;
  readonly ms: number;
}

/** Groups of all tables. */
export function createGroups(deps: GroupDeps): Groups {
  const { timers, limits } = deps;
  const tables = new Map<string, Table>();
  const running = new Set<Promise<void>>();
  const places = createPlaces(limits.inserts);

  const write = async (group: readonly Waiting[], turn: Promise<unknown>): Promise<GroupDone> => {
    let started = timers.now();
    const begin = turn.then(() => {
      started = timers.now();
      return started;
    });
    try {
      await writeGroup(deps, group, begin);
    } finally {
      await turn;
      places.give();
    }
    const done = { shares: group.length, ms: timers.now() - started };
    deps.onGroup?.({ ...done, rows: group.reduce((sum, { rows }) => sum + rows, 0) });
    return done;
  };

  /** Resolves when the next insert of the table may be sent. */
  const takeTurn = async (table: Table, ahead: Promise<unknown> | undefined): Promise<void> => {
    await (ahead ?? gather(timers, table, limits));
    await keepPace(deps, table);
    await places.take();
  };

  const runTable = async (table: Table): Promise<void> => {
    const { waiting } = table;
    let ahead: Promise<GroupDone> | undefined;
    while (waiting.length > 0 || ahead !== undefined) {
      if (ahead !== undefined && !(await canBeClosed(timers, table, limits, ahead))) {
        table.last = await ahead;
        ahead = undefined;
        continue;
      }
      const turn = takeTurn(table, ahead);
      if (ahead === undefined) await turn;
      // All of them may have been taken back meanwhile: then the group is empty, and only its place is given back.
      const group = takeGroup(waiting, limits);
      const written = write(group, turn);
      if (ahead !== undefined) table.last = await ahead;
      ahead = written;
      table.running = group.length;
    }
    table.isRunning = false;
  };

  return {
    submit(share) {
      const { database, table: name } = share.rowSet.table.name;
      const key = `${database}.${name}`;
      let entry: Waiting | undefined;
      const outcome = new Promise<ShareOutcome>((settle, fail) => {
        entry = { share, rows: rowsIn(share.runs), bytes: runBytes(share.rowSet.rows, share.runs), settle, fail };
      });
      const table = tables.get(key) ?? createTable(share);
      table.schema = share.rowSet.table;
      tables.set(key, table);
      table.waiting.push(entry!);
      table.onArrival();
      if (!table.isRunning) {
        table.isRunning = true;
        const run = runTable(table);
        running.add(run);
        void run.finally(() => running.delete(run));
      }
      return {
        outcome,
        cancel() {
          const at = table.waiting.indexOf(entry!);
          if (at !== -1) table.waiting.splice(at, 1);
          return at !== -1;
        },
      };
    },
    async drain() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

function createTable({ rowSet }: Share): Table {
  return { waiting: [], schema: rowSet.table, last: { shares: 0, ms: 0 }, running: 0, isRunning: false, onArrival: () => undefined };
}

/** Leaves ClickHouse the time between two inserts that it needs to merge parts. */
async function keepPace({ timers, pace }: GroupDeps, { schema }: Table): Promise<void> {
  const ms = pace(schema);
  if (ms > 0) await timers.sleep(ms);
}

/**
 * Resolves with true when what waits can be closed and the insert ahead of it will end soon, and with false when that has ended before. The later a
 * group is closed the larger it is, as long as it is begun when its turn comes.
 */
async function canBeClosed(timers: Timers, table: Table, limits: GroupLimits, ahead: Promise<unknown>): Promise<boolean> {
  const close = timers.now() + table.last.ms * CLOSE_AFTER;
  const ended = ahead.then(() => false);
  if (await timers.before(ended, close)) return false;
  if (isClosable(table, limits)) return true;
  const closable = new Promise<boolean>((resolve) => {
    table.onArrival = () => {
      if (isClosable(table, limits)) resolve(true);
    };
  });
  return await Promise.race([ended, closable]).finally(() => {
    table.onArrival = () => undefined;
  });
}

/**
 * Whether waiting for more shares is of no use: there are many rows, or everybody is there who was answered before the insert that runs. A few that came
 * by themselves are no group beside a large one.
 */
function isClosable({ waiting, last, running }: Table, limits: GroupLimits): boolean {
  const areAllThere = last.shares > 0 && waiting.length >= last.shares && waiting.length * 2 >= running;
  return areAllThere || isLarge(waiting, limits);
}

/** Part of the time of an insert after which the next group may be closed: it takes the rest of it to be begun. */
const CLOSE_AFTER = 0.5;

/** Whether rows, and not what any insert costs, are what an insert of these would take its time for. */
function isLarge(waiting: readonly Waiting[], limits: GroupLimits): boolean {
  let rows = 0;
  let bytes = 0;
  for (const share of waiting) {
    rows += share.rows;
    bytes += share.bytes;
  }
  return rows >= limits.largeRows || bytes >= limits.largeBytes;
}

/**
 * Senders whose requests were answered together send their next ones together, one after the other. While what waits is so little that an insert would
 * cost the same with more in it, the group waits for as many as there were, a part of the time the last insert took at most. After a group of one it
 * waits for nobody.
 */
async function gather(timers: Timers, table: Table, limits: GroupLimits): Promise<void> {
  const { waiting, last } = table;
  if (last.shares <= 1) return;
  const patience = timers.now() + Math.min(LONGEST_GATHERING_MS, last.ms);
  while (waiting.length > 0 && waiting.length < last.shares && !isLarge(waiting, limits) && timers.now() < patience) await timers.sleep(1);
}

const LONGEST_GATHERING_MS = 100;

/** The first shares that fit into one block and have the same table, columns and all. */
function takeGroup(queue: Waiting[], limits: GroupLimits): Waiting[] {
  const group: Waiting[] = [];
  let rows = 0;
  let bytes = 0;
  let runs = 0;
  for (const waiting of queue) {
    const { table, columns } = waiting.share.rowSet;
    const first = group[0]?.share.rowSet;
    if (first !== undefined) {
      if (rows + waiting.rows > limits.rows || bytes + waiting.bytes > limits.bytes) break;
      if (runs + waiting.share.runs.length > MOST_RUNS) break;
      if (first.table.fingerprint !== table.fingerprint || first.columns.join() !== columns.join()) break;
    }
    group.push(waiting);
    rows += waiting.rows;
    bytes += waiting.bytes;
    runs += waiting.share.runs.length;
  }
  queue.splice(0, group.length);
  return group;
}

/** So many inserts at the same time; others wait in order. */
function createPlaces(count: number): { take(): Promise<void>; give(): void } {
  let free = count;
  const waiting: Array<() => void> = [];
  return {
    async take() {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
