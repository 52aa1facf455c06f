import type { Config } from '../core/config.ts';
import type { Ledger } from '../core/ledger.ts';
import { type Destination, type SchemaSource, type Timers } from '../core/ports.ts';
import type { TableName } from '../core/table.ts';
import { createDecoder } from '../decode/decoder.ts';
import { createJsonReader } from '../decode/json-reader.ts';
import { createClaims } from '../dedupe/claims.ts';
import { createIdentify } from '../dedupe/identity.ts';
import { type CommitReport, type CommitStep, isReplicated } from '../insert/attempt.ts';
import { createCommit } from '../insert/commit.ts';
import { createGovernor } from '../insert/governor.ts';
import { createGroups, type Groups } from '../insert/group.ts';
import { type Recovery, type RecoveryDeps, startRecovery } from '../insert/recovery.ts';
import { createWriter } from '../insert/writer.ts';
import type { FollowerDeps } from '../map/evolve/follower.ts';
import { createPending } from '../map/evolve/pending.ts';
import { createInTurn } from '../map/evolve/turns.ts';
import { createMapper } from '../map/mapper.ts';
import { createPreview } from '../map/preview.ts';
import { createTableCatalog, type TableCatalog } from '../map/tables.ts';
import type { Events } from '../ops/events.ts';
import { createTurns } from '../ops/turns.ts';
import { type Stages } from '../pipeline.ts';
import { type Codecs, createCodecs } from '../schema/codecs.ts';
import { createResolver } from '../schema/resolver.ts';

export interface WritingDeps {
  readonly destination: Destination;
  readonly ledger: Ledger;
  readonly timers: Timers;
  readonly newId: () => string;
  readonly events: Events;
  readonly isClosing: () => boolean;
  /** For tests, which end the process at a step. */
  readonly onStep: ((step: CommitStep) => void) | undefined;
  readonly schemas: SchemaSource | undefined;
}

export interface Writing {
  readonly stages: Stages;
  readonly groups: Groups;
  readonly recovery: Recovery;
  readonly catalog: TableCatalog;
  readonly codecs: Codecs;
  /** Maps without a change to any table. */
  readonly preview: ReturnType<typeof createPreview>;
  /** How tables follow their records. */
  readonly following: Omit<FollowerDeps, 'destination'>;
}

/** The stages from bytes to durable rows, and what goes on beside them. */
export function createWriting(config: Config, deps: WritingDeps): Writing {
  const { destination, ledger, timers, newId, events, isClosing, schemas } = deps;
  const catalog = createTableCatalog({ destination, now: Date.now });
  const claims = createClaims({ ledger, timers });
  const recovery = startRecovery({
    destination,
    ledger,
    timers,
    hold: claims.hold,
    isReplicated: async (table) => isReplicated((await catalog.get(table)) ?? { engine: '' }),
    report: recoveryReport(events),
  });
  const governor = createGovernor({ destination, timers });
  const groups = createGroups({
    commit: createCommit({ destination, ledger, timers, isClosing, report: commitReport(events), onStep: deps.onStep }),
    newId,
    timers,
    limits: { rows: MAX_BLOCK_ROWS, bytes: GROUP_BYTES, inserts: PARALLEL_INSERTS, largeRows: LARGE_ROWS, largeBytes: LARGE_BYTES },
    pace: (table) => governor.pace(table),
  });
  const cluster = config.clickhouse.embedded ? undefined : config.clickhouse.cluster;
  const following = { catalog, pending: createPending(Date.now), inTurn: createInTurn(), cluster };
  const codecs = createCodecs(schemas, config.limits, createJsonReader(config.limits));
  const stages: Stages = {
    decode: inTurns(createDecoder(config.limits)),
    resolve: createResolver({ codecs, limits: config.limits }),
    map: createMapper({
      ...following,
      destination,
      defaultDatabase: config.clickhouse.database,
      onLowered: (pipeline, reasons) => events.guaranteeLowered(pipeline, reasons),
      onCut: (pipeline, columns) => events.valuesCut(pipeline, columns),
    }),
    identify: createIdentify({ isDone: (stream, position) => ledger.done(stream, position, position).length > 0 }),
    claim: claims.claim,
    write: createWriter({
      groups,
      timers,
      maxRows: MAX_BLOCK_ROWS,
      maxBytes: MAX_BLOCK_BYTES,
      admit: (table) => governor.admit(table),
    }),
    refreshTable: async ({ table }) => await catalog.refresh(table.name),
  };
  const site = { kind: destination.kind, ...(cluster === undefined ? {} : { cluster }) };
  const preview = createPreview({ catalog, defaultDatabase: config.clickhouse.database, site });
  return { stages, groups, recovery, catalog, codecs, following, preview };
}

/** A body that takes longer to read than a round of the event loop waits for its turn. */
function inTurns(decode: Stages['decode']): Stages['decode'] {
  const takeTurn = createTurns();
  return async (delivery, framing) => {
    if (delivery.body.length > OWN_TURN_BYTES) await takeTurn();
    return await decode(delivery, framing);
  };
}

const OWN_TURN_BYTES = 8 * 1024;

/** One block stays far below the sizes at which ClickHouse would cut it, and within the engine's memory. */
const MAX_BLOCK_ROWS = 500_000;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** The engine needs many times the bytes of a block. One delivery may be larger than a group is made. */
const GROUP_BYTES = 8 * 1024 * 1024;
/** Fewer than the embedded engine runs at a time, so that tables can be asked meanwhile. */
const PARALLEL_INSERTS = 2;
/** From here on a larger block is hardly faster for each of its rows. */
const LARGE_ROWS = 16_000;
const LARGE_BYTES = 4 * 1024 * 1024;

function commitReport(events: Events): CommitReport {
  return {
    inDoubt: (batch) => events.batchInDoubt(batch),
    settled: (batch, presence) => events.batchSettled(batch, presence),
    rowsMissing: (batch) => events.batchMissing(batch),
    storedAlthoughRefused: (batch, reason) => events.batchStoredAlthoughRefused(batch, reason),
  };
}

function recoveryReport(events: Events): RecoveryDeps['report'] {
  return {
    recovered: (facts) => events.recovered(facts),
    unknowable: (table, batches) => events.recoveryUnknowable(nameOf(table), batches),
    postponed: (table, batches, reason) => events.recoveryPostponed(nameOf(table), batches, reason),
  };
}

function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}
