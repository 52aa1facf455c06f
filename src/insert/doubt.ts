/**
 * What becomes of a block of which ClickHouse did not say what became of it.
 *
 * Invariant: rows are sent again only when they are not in the table, and never under a token that could stand for others; the loop ends.
 * Proved by `test/simulation/` and `test/unit/insert/commit.test.ts`.
 */
import { DestinationError } from '../core/ports.ts';
import { type Block, type CommitDeps, lookUpUntilKnown, pause, type Settled, send } from './attempt.ts';

/** ClickHouse is taken at its word after so many confirmations of rows that nobody can see. */
const MOST_CONFIRMATIONS = 4;

/** Tries of an insert whose answers say nothing and that leaves nothing in the table. */
const MOST_RESENDS = 8;

/** Tries for a table in which nothing can be looked up. */
const BLIND_TRIES = 3;

/** What was sent of a block since its outcome is unknown. */
interface Doubt {
  /** Which rows the current token stands for: '' for all of them. */
  rows: string;
  tokenEpoch: number;
  /** The current token must not be used again: ClickHouse knows it and does not have the rows. */
  isTokenSpent: boolean;
  /** How often ClickHouse confirmed rows that were then not there. */
  confirmations: number;
  /** When the last insert was sent of which nobody knows where it is. */
  lostAt: number;
}

/**
 * Inserts what is missing until the table has all of it. The same rows go under the same token, so that a copy that still is on its way cannot land
 * beside them; other rows go under another one, and then such a copy is waited for.
 */
export async function settleUnknown(deps: CommitDeps, block: Block, cause: DestinationError | undefined): Promise<Settled> {
  if (!block.table.hasProvenance) return await sendBlindly(deps, block);
  let last = cause;
  const doubt: Doubt = { rows: '', tokenEpoch: 0, isTokenSpent: cause === undefined, confirmations: 0, lostAt: deps.timers.now() };
  for (let attempt = 1; ; attempt++) {
    const presence = await lookUpUntilKnown(deps, block);
    if (presence === 'closing') return { kind: 'abandoned' };
    if (presence === 'all') {
      deps.report.settled(block.id, 'all');
      return { kind: 'committed' };
    }
    if (presence === 'none' && last !== undefined && isHopeless(last, attempt)) {
      if (await waitedForLate(deps, doubt)) continue;
      deps.report.settled(block.id, 'none');
      return { kind: 'refused', error: withNothingApplied(last) };
    }
    if (attempt > 1 && deps.isClosing()) return { kind: 'abandoned' };
    const missing = presence === 'none' ? undefined : missingRows(block, presence);
    const rows = missing === undefined ? '' : [...missing].join();
    // Without a window ClickHouse knows no token, and a second copy would land beside the first.
    if (rows !== doubt.rows || doubt.isTokenSpent || block.table.lacks.includes('window')) {
      if (await waitedForLate(deps, doubt)) continue;
      doubt.rows = rows;
      doubt.tokenEpoch += 1;
      doubt.isTokenSpent = false;
    }
    const sent = await send(deps, block, {
      data: block.encode(missing),
      rowCount: missing?.size ?? block.rowCount,
      tokenEpoch: doubt.tokenEpoch,
      attempt,
    });
    if (sent.kind === 'unknown') {
      last = sent.error;
      doubt.lostAt = deps.timers.now();
      await pause(deps, attempt);
    } else if (sent.kind === 'refused') {
      const goesOn = isForLater(sent.error) && !deps.isClosing();
      if (goesOn) await pause(deps, attempt);
      if (goesOn || (await waitedForLate(deps, doubt))) continue;
      deps.report.settled(block.id, presence === 'none' ? 'none' : 'some');
      return presence === 'none' ? { kind: 'refused', error: sent.error } : { kind: 'partial', present: presence, error: sent.error };
    } else {
      // Confirmed. If it is not there either, ClickHouse knows the token of a part it never finished; or it never keeps such rows, by a TTL or a policy.
      doubt.isTokenSpent = true;
      doubt.confirmations += 1;
      if (doubt.confirmations > MOST_CONFIRMATIONS) {
        deps.report.rowsMissing(block.id);
        return { kind: 'committed' };
      }
      if (doubt.confirmations > 1) await pause(deps, attempt);
    }
  }
}

/** What a broken connection had in it has arrived, or never will, after this time. */
export const LATE_ARRIVAL_MS = 1000;

/** Waits, if it is needed, until no insert of the block can still be on its way. True when it waited, so that the table has to be asked again. */
async function waitedForLate({ destination, timers }: CommitDeps, { lostAt }: Doubt): Promise<boolean> {
  const left = destination.kind === 'embedded' ? 0 : lostAt + LATE_ARRIVAL_MS - timers.now();
  if (left <= 0) return false;
  // A clock that jumps back must not make it longer.
  await timers.sleep(Math.min(left, LATE_ARRIVAL_MS));
  return true;
}

/** ClickHouse answered with an error that it gives again, or it was tried often enough: the senders are told, and try again themselves. */
function isHopeless({ clickhouseCode, failure }: DestinationError, attempt: number): boolean {
  return (clickhouseCode !== undefined && failure === 'other') || attempt > MOST_RESENDS;
}

/** The table was asked: what could not be known is known now. */
function withNothingApplied({ message, failure, clickhouseCode, cause }: DestinationError): DestinationError {
  return new DestinationError(message, { failure, applied: 'no', ...(clickhouseCode === undefined ? {} : { clickhouseCode }), cause });
}

/** Whether the same insert can succeed later: then rows of which some landed are not given up. */
function isForLater({ failure }: DestinationError): boolean {
  return failure === 'back-off' || failure === 'storage-full' || failure === 'cluster-state' || failure === 'unknown-outcome';
}

function missingRows({ rowCount }: Block, present: readonly number[]): ReadonlySet<number> {
  const there = new Set(present);
  return new Set(Array.from({ length: rowCount }, (_, row) => row).filter((row) => !there.has(row)));
}

/** Nothing can be looked up: the token alone protects the rows, as far as ClickHouse remembers it. */
async function sendBlindly(deps: CommitDeps, block: Block): Promise<Settled> {
  for (let attempt = 1; attempt <= BLIND_TRIES; attempt++) {
    await pause(deps, attempt);
    const sent = await send(deps, block, { data: block.encode(), rowCount: block.rowCount, tokenEpoch: 0, attempt });
    if (sent.kind === 'committed') return sent;
    if (sent.kind === 'refused') return { kind: 'refused', error: sent.error };
  }
  const error = new DestinationError('ClickHouse did not say whether the rows were stored', {
    failure: 'unknown-outcome',
    applied: 'unknown',
  });
  return { kind: 'refused', error };
}
