/**
 * Finds out what became of batches that were begun and not settled when the gateway ended.
 *
 * Invariant: until a batch is settled its positions are held, so that nobody writes them; a batch is settled by what its table holds, never by
 * assumption. Proved by `test/unit/insert/recovery.test.ts`, `test/simulation/` and `test/faults/`.
 */
import type { Run } from '../core/identity.ts';
import type { BegunBatch, Ledger } from '../core/ledger.ts';
import { type Destination, DestinationError, type Timers } from '../core/ports.ts';
import type { TableName } from '../core/table.ts';
import { LATE_ARRIVAL_MS } from './doubt.ts';
import { isTableGone, isUnverifiable, type Presence, StillRunning, verifyBatches } from './verify.ts';

export interface RecoveryDeps {
  readonly destination: Pick<Destination, 'select' | 'execute' | 'kind'>;
  readonly ledger: Pick<Ledger, 'inDoubt' | 'commit' | 'void'>;
  /** Keeps positions from being written until the returned function is called. */
  readonly hold: (runs: readonly Run[]) => () => void;
  readonly isReplicated: (table: TableName) => Promise<boolean>;
  readonly timers: Timers;
  readonly report: {
    /** `partly`: rows of the batch were found, not all. */
    recovered(facts: { committed: number; voided: number; partly: number }): void;
    /** The table has no provenance: what was written to it is not known, so it counts as not written. */
    unknowable(table: TableName, batches: number): void;
    /** The table cannot be asked for a reason an operator has to mend, or is gone. It is asked again on a schedule. */
    postponed(table: TableName, batches: number, reason: string): void;
  };
}

export interface Recovery {
  /** Resolves when every batch is settled, or waits for an operator. */
  readonly finished: Promise<void>;
  /** Batches that are not settled. */
  pending(): number;
  /** Why the gateway is not ready; undefined when recovery has finished. */
  state(): string | undefined;
  stop(): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const POSTPONED_PAUSE_MS = 30_000;

/** Starts to recover. To be called before anything is begun. */
export function startRecovery(deps: RecoveryDeps): Recovery {
  const holds = new Map(deps.ledger.inDoubt().map((batch) => [batch, deps.hold(batch.runs)]));
  const tables = new Map<string, BegunBatch[]>();
  for (const batch of holds.keys()) {
    const key = `${batch.table.database}.${batch.table.table}`;
    tables.set(key, [...(tables.get(key) ?? []), batch]);
  }
  const life = { isStopped: false };
  let open = tables.size;
  const settle = (batch: BegunBatch, presence: Presence): void => {
    if (presence === 'all') deps.ledger.commit(batch.id);
    else deps.ledger.void(batch.id, presence === 'none' ? [] : presence);
    holds.get(batch)?.();
    holds.delete(batch);
  };

  const recoverTable = async (batches: readonly BegunBatch[], finish: () => void): Promise<void> => {
    let isTold = false;
    for (let attempt = 0; !life.isStopped; attempt++) {
      const result = await lookUp(deps, batches);
      // The ledger may be closed by now.
      if (life.isStopped) break;
      if (result instanceof Map) {
        for (const batch of batches) settle(batch, result.get(batch.id) ?? 'none');
        deps.report.recovered(count(result));
        break;
      }
      const { table } = batches[0]!;
      if (result === 'unknowable') {
        deps.report.unknowable(table, batches.length);
        for (const batch of batches) settle(batch, 'none');
        break;
      }
      if (result !== 'again') {
        if (!isTold) deps.report.postponed(table, batches.length, result.message);
        isTold = true;
        finish();
      }
      await deps.timers.sleep(
        result === 'again' ? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)) : POSTPONED_PAUSE_MS,
      );
    }
    finish();
  };

  const finished = Promise.all(
    [...tables.values()].map(async (batches) => {
      await new Promise<void>((resolve, reject) => {
        recoverTable(batches, resolve).catch(reject);
      });
      open -= 1;
    }),
  ).then(() => undefined);
  return {
    finished,
    pending: () => holds.size,
    state: () => (open > 0 ? `The gateway is finding out what became of ${holds.size} batches from before it was started` : undefined),
    stop: () => {
      life.isStopped = true;
    },
  };
}

async function lookUp(
  deps: RecoveryDeps,
  batches: readonly BegunBatch[],
): Promise<Map<string, Presence> | 'again' | 'unknowable' | DestinationError> {
  const { destination, timers } = deps;
  const { table } = batches[0]!;
  try {
    const where = { table, replicated: await deps.isReplicated(table) };
    const found = await verifyBatches(destination, where, batches);
    const absent = batches.filter(({ id }) => found.get(id) !== 'all');
    if (destination.kind === 'embedded' || absent.length === 0) return found;
    // A connection that broke with the old gateway may still have had a whole insert in it.
    await timers.sleep(LATE_ARRIVAL_MS);
    return new Map([...found, ...(await verifyBatches(destination, where, absent))]);
  } catch (error) {
    if (error instanceof StillRunning) return 'again';
    // Back under its name, or made anew and empty, it can be asked.
    if (isTableGone(error)) return error;
    if (isUnverifiable(error)) return 'unknowable';
    if (error instanceof DestinationError) return error.failure === 'operator' ? error : 'again';
    throw error;
  }
}

function count(found: ReadonlyMap<string, Presence>): { committed: number; voided: number; partly: number } {
  const all = [...found.values()];
  const committed = all.filter((presence) => presence === 'all').length;
  const voided = all.filter((presence) => presence === 'none').length;
  return { committed, voided, partly: all.length - committed - voided };
}
