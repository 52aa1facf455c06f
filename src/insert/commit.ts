/**
 * The commit protocol: begin → insert → settle.
 *
 * Invariant: no byte of a batch is sent before the ledger has it on disk; a batch is committed only when ClickHouse confirmed it or its rows were
 * found in the table, and voided only when ClickHouse refused it whole or none were found with nothing running. An insert that was sent is never
 * aborted. Proved by `test/simulation/`, `test/unit/insert/commit.test.ts` and `test/faults/`.
 */
import { ANONYMOUS } from '../core/identity.ts';
import { LedgerError } from '../core/ledger.ts';
import { DestinationError } from '../core/ports.ts';
import type { TableSchema } from '../core/table.ts';
import { type Block, type CommitDeps, lookUp, lookUpUntilKnown, type Sent, type Settled, send } from './attempt.ts';
import { settleUnknown } from './doubt.ts';
import { StillRunning } from './verify.ts';

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

/** Engines that let rows go when they merge parts. */
export function mergesRows({ engine }: TableSchema): boolean {
  return /Replacing|Summing|Aggregating|Collapsing|Graphite/.test(engine);
}
