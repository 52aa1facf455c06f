import type { Log } from './log.ts';

/** One answered request, without anything of its content. */
export interface RequestDone {
  readonly id: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly code?: string;
  readonly records?: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Everything the gateway reports, as typed functions: the only source of its log. */
export interface Events {
  started(facts: { url: string; version: string; configuration: object }): void;
  /** Quiet at the default level while requests succeed. */
  requestDone(event: RequestDone): void;
  bug(error: unknown, requestId: string): void;
  /** The gateway listens and cannot store records yet. */
  notReady(reasons: readonly string[]): void;
  keysReloaded(keys: number): void;
  /** The keys that were read last still count. */
  keysUnreadable(problem: string): void;
  /** ClickHouse did not say what became of a batch; its senders wait. */
  batchInDoubt(batch: string): void;
  /** The table was asked: all, none or some of the rows are in it. */
  batchSettled(batch: string, presence: 'all' | 'none' | 'some'): void;
  /** ClickHouse confirmed a batch that is not in the table as it was sent. The rows are written again. */
  batchMissing(batch: string): void;
  /** An insert failed and its rows are in the table: a materialized view of it does not have them. */
  batchStoredAlthoughRefused(batch: string, reason: string): void;
  recovered(facts: { committed: number; voided: number; partly: number }): void;
  /** What was written to a table that is gone or has no provenance cannot be found out. */
  recoveryUnknowable(table: string, batches: number): void;
  recoveryPostponed(table: string, batches: number, reason: string): void;
  /** A pipeline cannot promise what it could for another table. Reported once for each table. */
  guaranteeLowered(pipeline: string, reasons: readonly string[]): void;
  /** Values were stored with fewer digits than were sent: in how many records, by column. */
  valuesCut(pipeline: string, columns: ReadonlyMap<string, number>): void;
  stopping(reason: string): void;
  /** `inTime` is false when requests were still in flight. */
  stopped(inTime: boolean): void;
}

const MOST_COLUMNS = 20;

/** Events that go to `log`. */
export function createEvents(log: Log): Events {
  return {
    started: (facts) => log.info(facts, 'listening'),
    requestDone(event) {
      if (event.status >= 500) log.warn(event, 'request failed');
      else if (event.status >= 400) log.info(event, 'request refused');
      else log.debug(event, 'request done');
    },
    bug: (error, requestId) => log.error({ requestId, stack: stackOf(error) }, 'bug'),
    notReady: (reasons) => log.warn({ reasons }, 'not ready: records are answered 503 until this passes'),
    keysReloaded: (keys) => log.info({ keys }, 'keys read again'),
    keysUnreadable: (problem) => log.error({ problem }, 'keys cannot be read'),
    batchInDoubt: (batch) => log.warn({ batch }, 'batch in doubt'),
    batchSettled: (batch, presence) => log.info({ batch, presence }, 'batch settled'),
    batchMissing: (batch) => log.error({ batch }, 'ClickHouse confirmed rows that it does not have: they are written again'),
    batchStoredAlthoughRefused: (batch, reason) =>
      log.error({ batch, reason }, 'a materialized view failed: the table has the rows of this batch, the view does not'),
    recovered: (facts) => log.info(facts, 'batches of the last run settled'),
    recoveryUnknowable: (table, batches) =>
      log.error(
        { table, batches },
        'what was written to this table is not known: it is gone, or its rows do not say with which batch they came',
      ),
    recoveryPostponed: (table, batches, reason) => log.error({ table, batches, reason }, 'batches of the last run wait for an operator'),
    guaranteeLowered: (pipeline, reasons) => log.warn({ pipeline, reasons }, 'records of this pipeline can be written twice'),
    valuesCut: (pipeline, columns) =>
      log.warn({ pipeline, columns: Object.fromEntries([...columns].slice(0, MOST_COLUMNS)) }, 'values were stored with fewer digits'),
    stopping: (reason) => log.info({ reason }, 'stopping'),
    stopped(inTime) {
      if (inTime) log.info('stopped');
      else log.warn('stopped with requests in flight');
    },
  };
}

/** Where it happened. The first line of a stack is the message, which may quote data: only the error's name stays of it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join('\n');
}
