import type { Batch, Delivery } from '../../src/core/batch.ts';
import type { Config, PipelineConfig } from '../../src/core/config.ts';
import type { RowSet } from '../../src/core/insert.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { createClaims } from '../../src/dedupe/claims.ts';
import { createIdentify } from '../../src/dedupe/identity.ts';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { createCommit } from '../../src/insert/commit.ts';
import { createGroups } from '../../src/insert/group.ts';
import { startRecovery } from '../../src/insert/recovery.ts';
import { createWriter } from '../../src/insert/writer.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { asJson } from '../support/deliveries.ts';
import type { ModelClickHouse } from './model-clickhouse.ts';
import type { ModelDisk } from './model-disk.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A gateway from claims to commit: the real code on a model of the world. */
export interface SimulatedProcess {
  ingest(delivery: Delivery, pipeline: PipelineConfig): Promise<Outcome>;
  /** Ends at once. Nothing of it goes on, but what it sent. */
  kill(): void;
  isAlive(): boolean;
}

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly disk: ModelDisk;
  readonly clickhouse: ModelClickHouse;
  readonly newId: () => string;
  readonly decode: (delivery: Delivery) => Promise<Batch>;
  readonly map: (batch: Batch) => RowSet;
}

export const DEADLINE_MS = 2000;
const RETENTION_MS: Config['ledger']['retentionMs'] = 3_600_000_000;
/** Small, so that groups, and deliveries, are cut. */
const MOST_ROWS = 12;

/** Starts a gateway on what is on the disk. */
export async function startProcess({ time, random, disk, clickhouse, newId, decode, map }: World): Promise<SimulatedProcess> {
  const life = { alive: true };
  const isAlive = (): boolean => life.alive;
  const timers = time.timersFor(isAlive);
  const destination = clickhouse.destinationFor(isAlive);
  const ledger = await createLedger(disk.open(isAlive), {
    now: () => time.now(),
    retentionMs: RETENTION_MS,
    sleep: async (ms) => await timers.sleep(ms),
  });
  const claims = createClaims({ ledger, timers });
  startRecovery({
    destination,
    ledger,
    timers,
    hold: claims.hold,
    isReplicated: async () => await Promise.resolve(false),
    report: { recovered: () => undefined, unknowable: () => undefined, postponed: () => undefined },
  });
  const groups = createGroups({
    commit: createCommit({
      destination,
      ledger,
      timers,
      isClosing: () => false,
      report: { inDoubt: () => undefined, settled: () => undefined, rowsMissing: () => undefined, storedAlthoughRefused: () => undefined },
    }),
    newId,
    timers,
    limits: { rows: MOST_ROWS, bytes: 1_000_000, inserts: 1, largeRows: random.between(1, MOST_ROWS), largeBytes: 1_000_000 },
    pace: () => 0,
  });
  const ingest = createPipeline(
    {
      decode,
      resolve: asJson,
      map: async (batch) => await Promise.resolve(map(batch)),
      identify: createIdentify({ isDone: (stream, position) => ledger.done(stream, position, position).length > 0 }),
      claim: claims.claim,
      write: createWriter({ groups, timers, maxRows: MOST_ROWS, maxBytes: 1_000_000, admit: () => undefined }),
      refreshTable: async () => await Promise.resolve(),
    },
    DEADLINE_MS,
  );
  return {
    ingest,
    isAlive,
    kill: () => {
      life.alive = false;
    },
  };
}
