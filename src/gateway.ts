import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAuthenticator } from './auth/authenticate.ts';
import type { KeyStore } from './auth/key-store.ts';
import type { Config, PipelineConfig } from './core/config.ts';
import { guaranteeOf, type Promised } from './core/guarantee.ts';
import type { Ledger } from './core/ledger.ts';
import { type Destination, DestinationError, type SchemaSource, type Timers } from './core/ports.ts';
import type { TableName } from './core/table.ts';
import { createDecoder } from './decode/decoder.ts';
import { createJsonReader } from './decode/json-reader.ts';
import { createClaims } from './dedupe/claims.ts';
import { createIdentify } from './dedupe/identity.ts';
import { createInspection } from './dedupe/inspection.ts';
import { createLedger } from './dedupe/ledgers/ledger.ts';
import { openLmdbStore } from './dedupe/ledgers/lmdb.ts';
import { onlyTable, type TableOf, tablesBy } from './dedupe/pipeline-tables.ts';
import { createHttpApp } from './http/app.ts';
import { createHttpServer } from './http/server.ts';
import { type CommitReport, type CommitStep, isReplicated } from './insert/attempt.ts';
import { createCommit } from './insert/commit.ts';
import { createClickHouseDestination } from './insert/destinations/clickhouse.ts';
import { createEmbeddedDestination } from './insert/destinations/embedded.ts';
import { createGovernor } from './insert/governor.ts';
import { createGroups, type Groups } from './insert/group.ts';
import { type Recovery, type RecoveryDeps, startRecovery } from './insert/recovery.ts';
import { createTableView } from './insert/table-view.ts';
import { createWriter } from './insert/writer.ts';
import { createMapper } from './map/mapper.ts';
import { resolveTable } from './map/table-name.ts';
import { createTableCatalog, type TableCatalog } from './map/tables.ts';
import { redactedPipeline } from './ops/config/redact.ts';
import { routePipelines } from './ops/config/routes.ts';
import type { Events } from './ops/events.ts';
import { createReadiness, type Readiness } from './ops/health.ts';
import { createIds } from './ops/ids.ts';
import { createTimers } from './ops/timers.ts';
import { createTurns } from './ops/turns.ts';
import { createPipeline, type Stages } from './pipeline.ts';
import { createCodecs } from './schema/codecs.ts';
import { createRegistry } from './schema/registry.ts';
import { createResolver } from './schema/resolver.ts';

/** A gateway that is put together and not yet listening. */
export interface Gateway {
  /** Starts to listen; resolves with the URL. */
  listen(): Promise<string>;
  /** Whether records can be stored now. */
  ready(): Promise<Readiness>;
  /** Takes no new request, finishes those in flight, then frees everything, last built first. */
  close(): Promise<void>;
}

/** What the gateway is handed beside its configuration. The caller closes the key store. */
export interface GatewayDeps {
  readonly keys: KeyStore;
  readonly events: Events;
  /** The parsed base document of the interface. */
  readonly openapi: Readonly<Record<string, unknown>>;
  /** For tests, which end the process at a step. */
  readonly onStep?: (step: CommitStep) => void;
}

/**
 * The composition root: configuration → adapters → stages → HTTP.
 * @throws LedgerError when the ledger cannot be used; DestinationError when the embedded engine cannot start. A server may be away: the gateway is then
 * not ready.
 */
export async function createGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const { events, keys } = deps;
  const newId = createIds(Date.now);
  const timers = createTimers();
  const ledger = await openLedger(config);
  const destination = await openDestination(config).catch(async (error: unknown) => {
    await ledger.close();
    throw error;
  });
  const registry = config.registry === undefined ? undefined : createRegistry(config.registry);
  let draining = false;
  const writing = createWriting(config, {
    destination,
    ledger,
    timers,
    newId,
    events,
    isClosing: () => draining,
    onStep: deps.onStep,
    schemas: registry,
  });
  const { recovery, catalog } = writing;
  const defaultDatabase = config.clickhouse.database;
  const tableOf = tablesBy((pattern, topic) => resolveTable(pattern, topic, defaultDatabase));
  const promisedBy = async (pipeline: PipelineConfig): Promise<Promised> => await promised(pipeline, { tableOf, catalog, timers });
  const expiry = setInterval(() => void ledger.expire().catch(() => undefined), EXPIRE_EVERY_MS).unref();
  const authenticator = createAuthenticator(keys, config.auth.keyHeader);
  const readiness = createReadiness(destination, Date.now, () =>
    [draining ? 'The gateway is shutting down' : undefined, recovery.state(), ledger.failure()?.message].filter(
      (reason) => reason !== undefined,
    ),
  );
  const app = createHttpApp({
    authenticate: authenticator.authenticate,
    challenge: authenticator.challenge,
    keyHeader: config.auth.keyHeader.toLowerCase(),
    routes: routePipelines(config),
    ingest: createPipeline(writing.stages, config.limits.deadlineMs),
    limits: config.limits,
    describePipeline: async (pipeline) => describe(pipeline, await promisedBy(pipeline)),
    inspection: createInspection({
      ledger,
      tables: createTableView(destination),
      schemaOf: async (name) => await catalog.refresh(name),
      tableOf,
      promisedBy,
      defaultDatabase,
    }),
    ready: readiness,
    draining: () => draining,
    query: destination.queryReadOnly?.bind(destination),
    openapi: deps.openapi,
    onRequestDone: (event) => events.requestDone(event),
    onBug: (error, id) => events.bug(error, id),
    newId,
    now: () => timers.now(),
  });
  const server = createHttpServer(app, config.limits);
  return {
    listen: async () => await listen(server, config),
    ready: readiness,
    async close() {
      draining = true;
      recovery.stop();
      clearInterval(expiry);
      await stopListening(server);
      await writing.groups.drain();
      await ledger.close();
      registry?.close();
      await destination.close();
    },
  };
}

function nameOf({ database, table }: TableName): string {
  return `${database}.${table}`;
}

interface WritingDeps {
  readonly destination: Destination;
  readonly ledger: Ledger;
  readonly timers: Timers;
  readonly newId: () => string;
  readonly events: Events;
  readonly isClosing: () => boolean;
  readonly onStep: GatewayDeps['onStep'] | undefined;
  readonly schemas: SchemaSource | undefined;
}

/** The stages from bytes to durable rows, and what goes on beside them. */
function createWriting(config: Config, deps: WritingDeps): { stages: Stages; groups: Groups; recovery: Recovery; catalog: TableCatalog } {
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
  const stages: Stages = {
    decode: inTurns(createDecoder(config.limits)),
    resolve: createResolver({ codecs: createCodecs(schemas, config.limits, createJsonReader(config.limits)), limits: config.limits }),
    map: createMapper({
      destination,
      catalog,
      defaultDatabase: config.clickhouse.database,
      onLowered: (pipeline, reasons) => events.guaranteeLowered(pipeline, reasons),
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
  return { stages, groups, recovery, catalog };
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
const EXPIRE_EVERY_MS = 3_600_000;

async function openLedger(config: Config): Promise<Ledger> {
  const store = await openLmdbStore(join(config.data, 'ledger'));
  try {
    return await createLedger(store, { now: Date.now, retentionMs: config.ledger.retentionMs });
  } catch (error) {
    await store.close();
    throw error;
  }
}

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

async function openDestination(config: Config): Promise<Destination> {
  const { clickhouse, data } = config;
  return clickhouse.embedded ? await createEmbeddedDestination(clickhouse, data) : createClickHouseDestination(clickhouse);
}

/** A question about guarantees waits so long for ClickHouse. */
const PATIENCE_MS = 2000;

/** What a pipeline promises for the table it has; for the tables it will make, where that depends on the topic. */
async function promised(
  pipeline: PipelineConfig,
  { tableOf, catalog, timers }: { tableOf: TableOf; catalog: TableCatalog; timers: Timers },
): Promise<Promised> {
  const name = onlyTable(pipeline, tableOf);
  if (name === undefined) return guaranteeOf(pipeline, undefined);
  const reading = catalog.refresh(name);
  try {
    if (await timers.before(reading, timers.now() + PATIENCE_MS)) return guaranteeOf(pipeline, await reading);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
  }
  const { reasons } = guaranteeOf(pipeline, undefined);
  return {
    guarantee: 'at-least-once',
    reasons: [...reasons, `ClickHouse does not answer, so it is not known what the table ${nameOf(name)} allows`],
  };
}

function describe(pipeline: PipelineConfig, { guarantee, reasons }: Promised): object {
  return { name: pipeline.name, ...redactedPipeline(pipeline), guarantee, ...(reasons.length === 0 ? {} : { guarantee_reasons: reasons }) };
}

async function listen(server: Server, { listen: { host, port } }: Config): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Why the address can't be had, and what to change. */
function cannotListen({ code }: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use by another process: stop it, or',
    EADDRNOTAVAIL: 'is no address of this machine:',
    EACCES: 'needs rights this process does not have:',
  };
  const reason = reasons[code ?? ''] ?? `cannot be listened on (${code ?? 'unknown error'}):`;
  return new Error(`The address ${host}:${port} ${reason} set listen, or SLUICE_LISTEN, to another one`);
}

async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
