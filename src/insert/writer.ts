/**
 * Rows of a delivery → durable rows.
 *
 * Invariant: a claim is given back when, and only when, it is known what became of every row of it; a request that cannot wait that long is answered,
 * and its rows go on. Proved by `test/unit/insert/writer.test.ts` and `test/simulation/`.
 */
import type { Rejection } from '../core/batch.ts';
import { GatewayError } from '../core/errors.ts';
import { ledgerFailure } from '../core/failures.ts';
import { ANONYMOUS, type Claim } from '../core/identity.ts';
import type { RowSet, WriteResult } from '../core/insert.ts';
import type { DestinationError, Timers } from '../core/ports.ts';
import type { TableSchema } from '../core/table.ts';
import { cutRuns, rowsIn } from './block.ts';
import type { Groups, Submitted } from './group.ts';
import type { ShareOutcome } from './write-group.ts';

/**
 * The stage. `deadline` is a time of the clock.
 * @throws (the stage) DestinationError when ClickHouse refused the rows for a reason that lies in no record; GatewayError when the deadline passed, the
 * ledger cannot be written, or a record was refused after others of the delivery had been stored.
 */
export type Write = (rowSet: RowSet, claim: Claim, deadline: number) => Promise<WriteResult>;

export interface WriterDeps {
  readonly groups: Groups;
  readonly timers: Timers;
  /** Caps of a block. */
  readonly maxRows: number;
  readonly maxBytes: number;
  /** @throws GatewayError when the table can take no more now. */
  readonly admit: (table: TableSchema) => void;
}

/** A stage that writes through `groups`. */
export function createWriter(deps: WriterDeps): Write {
  return async (rowSet, claim, deadline) => {
    try {
      deps.admit(rowSet.table);
    } catch (error) {
      claim.release();
      throw error;
    }
    const progress: Progress = { current: undefined };
    const work = writeAll(deps, rowSet, claim, progress);
    if (await deps.timers.before(work, deadline)) return await work;
    // Nobody waits for it any more; what went wrong with it is known to the ledger.
    work.catch(() => undefined);
    if (progress.current?.cancel() === true) {
      // It never ends by itself now.
      claim.release();
      throw new GatewayError('target_overloaded', 'The rows waited for their turn until the deadline of the request: send it again', {
        retryAfterSeconds: 5,
      });
    }
    throw inDoubt(claim, work);
  };
}

interface Progress {
  current: Submitted | undefined;
}

async function writeAll({ groups, maxRows, maxBytes }: WriterDeps, rowSet: RowSet, claim: Claim, progress: Progress): Promise<WriteResult> {
  let batch: string | undefined;
  let stored = 0;
  for (const runs of cutRuns(rowSet.rows, claim.fresh, maxRows, maxBytes)) {
    progress.current = groups.submit({ rowSet, runs, digest: claim.digest });
    const outcome = await progress.current.outcome;
    if (outcome.kind !== 'stored') return notStored(outcome, rowSet, claim, stored);
    batch ??= outcome.batch;
    stored += rowsIn(runs);
  }
  claim.release();
  return { kind: 'stored', batch: batch ?? '' };
}

function notStored(outcome: Exclude<ShareOutcome, { kind: 'stored' }>, rowSet: RowSet, claim: Claim, stored: number): WriteResult {
  // Still in doubt, and so still claim: given back, the rows could be written a second time beside the first.
  if (outcome.kind === 'in-doubt') throw inDoubt(claim, Promise.resolve());
  claim.release();
  if (outcome.kind === 'not-begun') throw ledgerFailure(outcome.error);
  const { error, row } = outcome;
  const rejection = row === undefined ? undefined : refusedRecord(error, rowSet, row);
  if (rejection === undefined) throw error;
  if (stored === 0) return { kind: 'refused', rejection };
  throw new GatewayError('records_rejected', `${rejection.reason}. ${stored} records of the request before it were stored`, {
    cause: error,
  });
}

function refusedRecord(error: DestinationError, { ordinals }: RowSet, row: number): Rejection {
  return {
    ordinal: ordinals[row]!,
    code: 'refused_by_clickhouse',
    ...(error.column === undefined ? {} : { column: error.column }),
    reason: `${error.message}: compare the record with the table's types and constraints`,
  };
}

function inDoubt({ fresh }: Claim, until: Promise<unknown>): GatewayError {
  const advice = fresh.some(({ stream }) => stream === ANONYMOUS)
    ? 'send the request again; records without identity may then be there twice'
    : 'send the request again, nothing is written twice';
  return new GatewayError('commit_in_doubt', `It is not known yet whether the records are stored: ${advice}`, {
    retryAfterSeconds: 5,
    until,
  });
}
