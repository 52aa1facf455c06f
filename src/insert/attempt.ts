/**
 * A block on its way: what it is, how it is sent, and how the table is asked for it.
 *
 * Invariant: an insert that was sent is never aborted, and what its answer means for the rows is read from its class alone.
 * Proved by `test/unit/insert/commit.test.ts`.
 */
import type { Run } from '../core/identity.ts';
import type { Ledger, LedgerError } from '../core/ledger.ts';
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

/** What ClickHouse said to an insert. */
export type Sent = { readonly kind: 'committed' } | { readonly kind: 'refused' | 'unknown'; readonly error: DestinationError };

export interface Sending {
  readonly data: readonly Buffer[];
  readonly rowCount: number;
  /** The token of other rows, or of rows whose token ClickHouse took without keeping them, is another one. */
  readonly tokenEpoch: number;
  readonly attempt: number;
}

export async function send({ destination }: CommitDeps, block: Block, { data, rowCount, tokenEpoch, attempt }: Sending): Promise<Sent> {
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

export async function lookUp({ destination }: CommitDeps, { id, rowCount, table }: Block): Promise<Presence> {
  return await verifyBatch(destination, { table: table.name, replicated: isReplicated(table) }, { id, rowCount });
}

export async function lookUpUntilKnown(deps: CommitDeps, block: Block): Promise<Presence | 'closing'> {
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

const FIRST_PAUSE_MS = 50;

const LONGEST_PAUSE_MS = 5000;

export async function pause({ timers }: CommitDeps, attempt: number): Promise<void> {
  await timers.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10)));
}
