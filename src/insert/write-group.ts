/**
 * The shares of a group as one block, and what ClickHouse refuses of it told apart.
 *
 * Invariant: every share of a group is settled or failed, once; what is refused for one is not the fate of another.
 * Proved by `test/unit/insert/group.test.ts` and `test/simulation/`.
 */
import { type Run, streamKind } from '../core/identity.ts';
import type { RowSet } from '../core/insert.ts';
import type { LedgerError } from '../core/ledger.ts';
import { DestinationError, type Timers } from '../core/ports.ts';
import type { Block, Settled } from './attempt.ts';
import { encodeRows } from './block.ts';
import type { Commit } from './commit.ts';

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

/** A share, and who waits for it. */
export interface Waiting {
  readonly share: Share;
  readonly rows: number;
  readonly bytes: number;
  readonly settle: (outcome: ShareOutcome) => void;
  readonly fail: (error: unknown) => void;
}

export interface WriteGroupDeps {
  readonly commit: Commit;
  readonly newId: () => string;
  readonly timers: Timers;
}

/** Tries of a group that ClickHouse put off, before its senders are told. */
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 100;

/** Writes a group as one block, or as several where ClickHouse refuses a share of it. Every share is settled or failed. */
export async function writeGroup(
  deps: WriteGroupDeps,
  group: readonly Waiting[],
  turn: Promise<unknown> = Promise.resolve(),
  tries = 1,
): Promise<void> {
  if (group.length === 0) return;
  const block = blockOf(group, deps.newId());
  let settled: Settled;
  try {
    settled = await deps.commit(block, turn);
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
async function isolate(deps: WriteGroupDeps, group: readonly Waiting[], error: DestinationError, tries: number): Promise<void> {
  const refuse = (waiting: Waiting, row?: number): void =>
    waiting.settle({ kind: 'refused', error, ...(row === undefined ? {} : { row }) });
  if (isPutOff(error) && tries < MOST_TRIES) {
    await deps.timers.sleep(FIRST_PAUSE_MS * 3 ** (tries - 1));
    await writeGroup(deps, group, Promise.resolve(), tries + 1);
    return;
  }
  const isForOne = error.failure === 'row' || error.failure === 'partition-spread' || error.failure === 'other';
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
function isPutOff({ applied, failure, clickhouseCode }: DestinationError): boolean {
  if (applied !== 'no') return false;
  return failure === 'back-off' || failure === 'cluster-state' || (failure === 'unknown-outcome' && clickhouseCode === undefined);
}

function settlePartly(group: readonly Waiting[], batch: string, { present, error: cause }: Extract<Settled, { kind: 'partial' }>): void {
  // What was wrong with the others need not be these records: they are sent again.
  const error = new DestinationError('ClickHouse took only some of the rows', { failure: 'other', applied: 'unknown', cause });
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
