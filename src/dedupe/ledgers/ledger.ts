/**
 * A ledger over an ordered store of bytes.
 *
 * Invariant: a batch is in the store from before its first byte is sent until its positions are, in the same transaction that takes it out;
 * so whatever is lost at a crash, each position is done, or in a batch that is in doubt, or was never sent.
 * Proved by `test/conformance/ledger.test.ts` and `test/simulation/`.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Run } from '../../core/identity.ts';
import { type BegunBatch, type Ledger, LedgerError } from '../../core/ledger.ts';
import { openLedger } from './open.ts';
import { createPendingWrites, isForLater } from './pending-writes.ts';
import { createPositions } from './positions.ts';
import * as records from './records.ts';
import type { Change, Store } from './store.ts';

export interface LedgerOptions {
  readonly now: () => number;
  /** Milliseconds that delivery keys and record ids are remembered. */
  readonly retentionMs: number;
  /** Real time, unless said. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const FLUSH_AFTER_MS = 100;

async function realSleep(ms: number): Promise<void> {
  await wait(ms, undefined, { ref: false });
}

/** Keyed entries looked at in one step of expiry. */
const ENTRIES_A_STEP = 500;

/** The ledger in `store`, which is empty or was written by this version. @throws LedgerError */
export async function createLedger(store: Store, { now, retentionMs, sleep = realSleep }: LedgerOptions): Promise<Ledger> {
  const { batches, partitions } = await openLedger(store);
  const writes = createPendingWrites(store);
  const read = (key: Buffer): Buffer | undefined => {
    const pending = writes.value(key);
    return pending === undefined ? store.get(key) : (pending ?? undefined);
  };
  const positions = createPositions({ partitions, read, now, retentionMs });
  let broken: LedgerError | undefined;

  const write = async (changes: readonly Change[]): Promise<void> => {
    if (broken !== undefined) throw broken;
    try {
      await writes.write(changes);
    } catch (error) {
      if (!isForLater(error)) broken = brokenBy(error);
      throw error;
    }
  };
  /** A page that cannot be read is no answer, and nothing after it is. */
  const reading = <T>(look: () => T): T => {
    try {
      return look();
    } catch (error) {
      broken = brokenBy(error);
      throw broken;
    }
  };
  /** Nobody waits for what is settled: it goes with the next batch that is begun, which saves a sync, or after a moment without one. */
  let isFlushDue = false;
  const flushSoon = (): void => {
    if (isFlushDue) return;
    isFlushDue = true;
    const flush = async (): Promise<void> => {
      await sleep(FLUSH_AFTER_MS);
      isFlushDue = false;
      if (writes.anyWaits()) await write([]);
    };
    flush().catch(() => undefined);
  };
  /** Marks rows of a batch as done and the batch as settled. In memory that holds at once; on disk recovery finds it out again if this gets lost. */
  const settle = (batchId: string, runsOf: (batch: BegunBatch) => readonly Run[]): void => {
    const batch = batches.get(batchId);
    if (batch === undefined) throw new Error(`the batch ${batchId} was not begun`);
    let changes: Change[];
    try {
      changes = positions.add(batch, runsOf(batch));
    } catch (error) {
      // The batch stays begun, and recovery finds out again what is known here.
      broken = brokenBy(error);
      return;
    }
    batches.delete(batchId);
    writes.later([...changes, { key: records.batchKey(batchId), value: undefined }]);
    flushSoon();
  };

  return {
    inDoubt: () => [...batches.values()],
    done: (stream, from, to) => reading(() => positions.done(stream, from, to)),
    keyed: (stream) => reading(() => positions.keyed(stream)),
    async begin(batch) {
      const key = records.batchKey(batch.id);
      await write([records.keep(key, records.encodeBatch(batch))]);
      batches.set(batch.id, batch);
    },
    commit: (batchId) => settle(batchId, ({ runs }) => runs),
    void: (batchId, keep = []) => settle(batchId, ({ runs }) => runsOfRows(runs, keep)),
    streams: (prefix) => positions.streams(prefix),
    failure: () => broken,
    size: () => ({ streams: positions.count(), inDoubt: batches.size }),
    expire: async () => await expire(store, { write, now, isPending: (key) => writes.value(key) !== undefined }),
    async flush() {
      await write([]);
      await writes.idle();
      if (broken !== undefined) throw broken;
    },
    async close() {
      // What cannot be written any more recovery finds out again.
      if (writes.anyWaits()) await write([]).catch(() => undefined);
      await writes.idle();
      await store.close();
    },
  };
}

function brokenBy(error: unknown): LedgerError {
  return error instanceof LedgerError ? error : new LedgerError('broken', 'The ledger cannot be read or written', error);
}

/** The parts of runs that are these rows. `rows` is ascending. */
function runsOfRows(runs: readonly Run[], rows: readonly number[]): Run[] {
  const parts: Run[] = [];
  let at = 0;
  for (const { stream, from, row, count } of runs) {
    while (at < rows.length && rows[at]! < row + count) {
      const start = rows[at]!;
      let end = start + 1;
      for (at += 1; at < rows.length && rows[at] === end && end < row + count; at++) end += 1;
      parts.push({ stream, from: from + BigInt(start - row), row: start, count: end - start });
    }
  }
  return parts;
}

async function expire(
  store: Store,
  {
    write,
    isPending,
    now,
  }: { write: (changes: readonly Change[]) => Promise<void>; isPending: (key: Buffer) => boolean; now: () => number },
): Promise<number> {
  let removed = 0;
  let from: Buffer | undefined;
  for (;;) {
    const gone: Change[] = [];
    let seen = 0;
    let last: Buffer | undefined;
    for (const { key, value } of store.range(records.KEYED, from)) {
      last = key;
      // What is about to be written there anew has not expired.
      if (records.decodeKeyed(key, value).expiresAt <= now() && !isPending(key)) gone.push({ key, value: undefined });
      if (++seen >= ENTRIES_A_STEP) break;
    }
    if (gone.length > 0) await write(gone);
    removed += gone.length;
    if (last === undefined || seen < ENTRIES_A_STEP) return removed;
    from = Buffer.concat([last, Buffer.of(0)]);
    // Requests come first.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
