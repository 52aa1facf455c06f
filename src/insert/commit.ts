/**
 * The commit protocol: begin → insert → settle.
 *
 * Invariant: no byte of a batch is sent before the ledger has it on disk; a batch is committed only when ClickHouse confirmed it or its rows were
 * found in the table, and voided only when ClickHouse refused it whole or none were found with nothing running. An insert that was sent is never
 * aborted. Proved by `test/simulation/`, `test/unit/insert/commit.test.ts` and `test/faults/`.
 */
import { ANONYMOUS, type Run } from '../core/identity.ts';
import { type Ledger, LedgerError } from '../core/ledger.ts';
import { type Destination, DestinationError, type Timers } from '../core/ports.ts';
import { PROVENANCE, type TableSchema } from '../core/table.ts';
import { isUnverifiable, type Presence, StillRunning, verifyBatch } from './verify.ts';

/** Rows that are to become one block. */
export interface Block {
  /** UUIDv7, new for every block. */
  readonly id: string;
  readonly table: TableSchema;
  readonly columns: readonly string[];
  readonly rowCount: number;
  /** `row` counts from 0 within the block. */
  readonly runs: readonly Run[];
  readonly digests: ReadonlyMap<string, string>;
  /** The rows as JSONEachRow: all, or those with these numbers. */
  encode(rows?: ReadonlySet<number>): readonly Buffer[];
}

/** What became of a block. */
export type Settled =
  | { readonly kind: 'committed' }
  /** No row was written. */
  | { readonly kind: 'refused'; readonly error: DestinationError }
  /** These rows, ascending, were written; the others were refused afterwards. */
  | { readonly kind: 'partial'; readonly present: readonly number[]; readonly error: DestinationError }
  /** The ledger could not take the batch: nothing was sent. */
  | { readonly kind: 'not-begun'; readonly error: LedgerError }
  /** The gateway is closing and cannot wait: the ledger has the batch, recovery finds out. */
  | { readonly kind: 'abandoned' };

export interface CommitDeps {
  readonly destination: Pick<Destination, 'insert' | 'select' | 'execute' | 'kind'>;
  readonly ledger: Pick<Ledger, 'begin' | 'commit' | 'void'>;
  readonly timers: Timers;
  /** Whether nobody will wait for an outcome any more. */
  readonly isClosing: () => boolean;
  readonly report: CommitReport;
  /** For tests, which end the process at a step. */
  readonly onStep?: ((step: CommitStep) => void) | undefined;
}

/** What has just happened to a batch: it is in the ledger, ClickHouse confirmed it, the ledger has it as done. The answer comes after that. */
export type CommitStep = 'begun' | 'inserted' | 'committed';

/** What an operator may want to know. */
export interface CommitReport {
  /** ClickHouse did not say what became of a batch. */
  inDoubt(batch: string): void;
  /** It is known now. */
  settled(batch: string, presence: 'all' | 'none' | 'some'): void;
  /** ClickHouse confirmed a batch whose rows are not all in the table. */
  rowsMissing(batch: string): void;
  /** ClickHouse refused a batch and has rows of it all the same: a materialized view of the table failed. */
  storedAlthoughRefused(batch: string, reason: string): void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;
/** ClickHouse is taken at its word after so many confirmations of rows that nobody can see. */
const MOST_CONFIRMATIONS = 4;
/** Tries for a table in which nothing can be looked up. */
const BLIND_TRIES = 3;
/** A confirmed batch is looked up all the same, the first of a table and then one in this time. */
const SAMPLE_EVERY_MS = 60_000;

/**
 * Writes a block. It is begun and encoded at once and sent when `turn` has come.
 * @throws only what is a bug, and then nothing is known of the block.
 */
export type Commit = (block: Block, turn: Promise<unknown>) => Promise<Settled>;

/** A function that writes blocks. */
export function createCommit(deps: CommitDeps): Commit {
  const { ledger, timers } = deps;
  const sampled = new Map<string, number>();

  /** Whether this batch is one of those that are looked up although ClickHouse confirmed them. */
  const isSample = ({ name, hasProvenance }: TableSchema): boolean => {
    if (!hasProvenance) return false;
    const key = `${name.database}.${name.table}`;
    const last = sampled.get(key);
    if (last !== undefined && timers.now() - last < SAMPLE_EVERY_MS && timers.now() >= last) return false;
    sampled.set(key, timers.now());
    return true;
  };

  return async (block, turn) => {
    const isRemembered = block.runs.some(({ stream }) => stream !== ANONYMOUS);
    const { id, rowCount } = block;
    const begun = isRemembered ? begin(deps, block) : undefined;
    // While the disk works.
    const data = block.encode();
    const failed = await begun;
    if (failed !== undefined) return { kind: 'not-begun', error: failed };
    deps.onStep?.('begun');
    await turn;
    const sent = await send(deps, block, { data, rowCount, tokenEpoch: 0, attempt: 0 });
    const settled = await settleSent(deps, block, sent, isSample);
    if (settled.kind === 'committed') deps.onStep?.('inserted');
    if (isRemembered && settled.kind === 'committed') ledger.commit(id);
    if (isRemembered && settled.kind === 'refused') ledger.void(id);
    if (isRemembered && settled.kind === 'partial') ledger.void(id, settled.present);
    deps.onStep?.('committed');
    return settled;
  };
}

/** What became of a block by what its first insert was answered. */
async function settleSent(deps: CommitDeps, block: Block, sent: Sent, isSample: (table: TableSchema) => boolean): Promise<Settled> {
  switch (sent.kind) {
    case 'unknown':
      deps.report.inDoubt(block.id);
      return await settleUnknown(deps, block, sent.error);
    case 'committed':
      return isSample(block.table) ? await confirmed(deps, block) : sent;
    case 'refused': {
      const answer = { kind: 'refused', error: sent.error } as const;
      // What never reached ClickHouse left nothing there.
      return block.table.hasProvenance && sent.error.clickhouseCode !== undefined ? await refused(deps, block, answer) : answer;
    }
  }
}

/**
 * ClickHouse refuses an insert also when only a materialized view of the table fails, and then the table has the rows all the same: voided, they would be
 * written again.
 */
async function refused(deps: CommitDeps, block: Block, answer: Extract<Settled, { kind: 'refused' }>): Promise<Settled> {
  const presence = await lookUpUntilKnown(deps, block);
  if (presence === 'closing') return { kind: 'abandoned' };
  if (presence === 'none') return answer;
  deps.report.storedAlthoughRefused(block.id, answer.error.message);
  return presence === 'all' ? { kind: 'committed' } : { kind: 'partial', present: presence, error: answer.error };
}

/** Resolves when the batch is on disk, with an error when it is not. */
async function begin({ ledger, timers }: CommitDeps, { id, table, rowCount, runs, digests }: Block): Promise<LedgerError | undefined> {
  try {
    await ledger.begin({ id, table: table.name, rowCount, runs, digests, begunAt: timers.now() });
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

/** What ClickHouse said to an insert. */
type Sent = { readonly kind: 'committed' } | { readonly kind: 'refused' | 'unknown'; readonly error: DestinationError };

interface Sending {
  readonly data: readonly Buffer[];
  readonly rowCount: number;
  /** The token of other rows, or of rows whose token ClickHouse took without keeping them, is another one. */
  readonly tokenEpoch: number;
  readonly attempt: number;
}

async function send({ destination }: CommitDeps, block: Block, { data, rowCount, tokenEpoch, attempt }: Sending): Promise<Sent> {
  const { id, table, columns } = block;
  try {
    await destination.insert({
      table: table.name,
      columns: table.hasProvenance ? [...columns, PROVENANCE.batch, PROVENANCE.row] : columns,
      data,
      format: 'JSONEachRow',
      rowCount,
      queryId: attempt === 0 ? id : `${id}-${attempt}`,
      token: tokenEpoch === 0 ? id : `${id}-${tokenEpoch}`,
    });
    return { kind: 'committed' };
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return { kind: error.applied === 'no' ? 'refused' : 'unknown', error };
  }
}

/** Looks up a batch that ClickHouse confirmed. */
async function confirmed(deps: CommitDeps, block: Block): Promise<Settled> {
  try {
    const presence = await lookUp(deps, block);
    // A table that merges rows away is missing some for good reason.
    if (presence === 'all' || (presence !== 'none' && mergesRows(block.table))) return { kind: 'committed' };
  } catch (error) {
    // It was confirmed; that it cannot be looked up now says nothing against that.
    if (error instanceof DestinationError || error instanceof StillRunning) return { kind: 'committed' };
    throw error;
  }
  deps.report.rowsMissing(block.id);
  return await settleUnknown(deps, block, undefined);
}

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
async function settleUnknown(deps: CommitDeps, block: Block, cause: DestinationError | undefined): Promise<Settled> {
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

/** Tries of an insert whose answers say nothing and that leaves nothing in the table. */
const MOST_RESENDS = 8;

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

async function lookUp({ destination }: CommitDeps, { id, rowCount, table }: Block): Promise<Presence> {
  return await verifyBatch(destination, { table: table.name, replicated: isReplicated(table) }, { id, rowCount });
}

async function lookUpUntilKnown(deps: CommitDeps, block: Block): Promise<Presence | 'closing'> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lookUp(deps, block);
    } catch (error) {
      // Without the right to read, as for a table without provenance, only the token protects the rows.
      if (isUnverifiable(error) || (error instanceof DestinationError && error.failure === 'operator')) return 'none';
      if (!(error instanceof DestinationError || error instanceof StillRunning)) throw error;
    }
    if (deps.isClosing()) return 'closing';
    await pause(deps, attempt);
  }
}

/** Whether what one node took in has to reach the one that is asked. */
export function isReplicated({ engine }: Pick<TableSchema, 'engine'>): boolean {
  return /^(Replicated|Shared)/.test(engine);
}

/** Engines that let rows go when they merge parts. */
export function mergesRows({ engine }: TableSchema): boolean {
  return /Replacing|Summing|Aggregating|Collapsing|Graphite/.test(engine);
}

async function pause({ timers }: CommitDeps, attempt: number): Promise<void> {
  await timers.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10)));
}
