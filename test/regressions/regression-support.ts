/** What several of these tests stand on: keyed deliveries with a ledger, and the parts of a commit that are of no interest to them. */
import type { Batch, Delivery, Rejection } from '../../src/core/batch.ts';
import type { PipelineConfig } from '../../src/core/config.ts';
import { type Claim, type Identified, streamKind } from '../../src/core/identity.ts';
import type { RowSet } from '../../src/core/insert.ts';
import { endOf, startOf } from '../../src/core/json-tape.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { createClaims } from '../../src/dedupe/claims.ts';
import { createIdentify } from '../../src/dedupe/identity.ts';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { createMemoryStore } from '../../src/dedupe/ledgers/memory.ts';
import type { CommitDeps, CommitReport } from '../../src/insert/attempt.ts';
import { createVirtualTime } from '../simulation/virtual-time.ts';
import { AUTO, createJsonDecoder, LIMITS } from '../support/deliveries.ts';
import { idOf, NOON, TABLE } from '../unit/insert/insert-support.ts';

const decode = createJsonDecoder(LIMITS);

/** The records of a body to the topic `orders`. */
export async function batchOf(body: string, sent: Partial<Pick<Delivery, 'key'>> = {}): Promise<Batch> {
  const delivery = { id: 'd', pipeline: 'p', topic: 'orders', principal: 'tester', body: Buffer.from(body), receivedAt: 0, ...sent };
  return await decode(delivery, AUTO);
}

/** The rows of a batch: each record's own text, but for those with these ordinals, which the table does not take. */
export function rowsOf({ records }: Batch, rejected: readonly number[] = []): RowSet {
  const taken = records.filter(({ ordinal }) => !rejected.includes(ordinal));
  return {
    table: TABLE,
    columns: [],
    rows: {
      sources: [records[0]?.value.tape.bytes ?? Buffer.alloc(0)],
      spans: Int32Array.from(taken.flatMap(({ value: { tape, node } }) => [0, startOf(tape, node), endOf(tape, node)])),
    },
    ordinals: Int32Array.from(taken.map(({ ordinal }) => ordinal)),
    rejections: rejected.map((ordinal): Rejection => ({ ordinal, code: 'wrong_type', column: 'v', reason: 'it is of another type' })),
  };
}

/** Senders with keys, and a ledger that remembers what they wrote. */
export interface KeyedWorld {
  /** What is found out about a delivery under a key. */
  identify(key: string, body: string, rejected?: readonly number[]): Promise<Identified>;
  /** Claims what was identified, for 10 ms at most. */
  claim(identified: Identified): Promise<Claim>;
  /** Writes what was claimed, settles it, and gives the claim back. */
  write(claim: Claim): Promise<void>;
}

export async function keyedWorld(pipeline: PipelineConfig): Promise<KeyedWorld> {
  const time = createVirtualTime(NOON);
  const ledger = await createLedger(createMemoryStore(), { now: () => time.now(), retentionMs: 3_600_000 });
  const claims = createClaims({ ledger, timers: time.timersFor(() => true) });
  const identify = createIdentify({ isDone: (stream, position) => ledger.done(stream, position, position).length > 0 });
  let serial = 0;
  return {
    async identify(key, body, rejected) {
      const batch = await batchOf(body, { key });
      return identify(batch, rowsOf(batch, rejected), pipeline);
    },
    claim: async ({ identities }) => await claims.claim(identities, NOON + 10),
    async write(claim) {
      serial += 1;
      await writeClaim(ledger, claim, idOf(serial));
    },
  };
}

async function writeClaim(ledger: Ledger, claim: Claim, id: string): Promise<void> {
  const { fresh, digest } = claim;
  let rowCount = 0;
  const runs = fresh.map(({ stream, from, count }) => {
    const row = rowCount;
    rowCount += count;
    return { stream, from, row, count };
  });
  const keys = runs.filter(({ stream }) => streamKind(stream) === 'delivery');
  const digests = new Map(digest === undefined ? [] : keys.map(({ stream }) => [stream, digest]));
  await ledger.begin({ id, table: TABLE.name, rowCount, begunAt: NOON, runs, digests });
  ledger.commit(id);
  claim.release();
}

/** A ledger for commits of which it does not matter what becomes of them there. */
export const FORGETFUL_LEDGER: CommitDeps['ledger'] = {
  begin: async () => await Promise.resolve(),
  commit: () => undefined,
  void: () => undefined,
};

/** Reports that nobody reads, but for `changes`. */
export function reportOf(changes: Partial<CommitReport> = {}): CommitReport {
  return {
    inDoubt: () => undefined,
    settled: () => undefined,
    rowsMissing: () => undefined,
    storedAlthoughRefused: () => undefined,
    ...changes,
  };
}
