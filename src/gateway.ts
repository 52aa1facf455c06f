import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAuthenticator } from './auth/authenticate.ts';
import type { KeyStore } from './auth/key-store.ts';
import type { Config, PipelineConfig } from './core/config.ts';
import { type Promised } from './core/guarantee.ts';
import type { Ledger } from './core/ledger.ts';
import type { Destination } from './core/ports.ts';
import { createLedger } from './dedupe/ledgers/ledger.ts';
import { openLmdbStore } from './dedupe/ledgers/lmdb.ts';
import { tablesBy } from './dedupe/pipeline-tables.ts';
import { createHttpApp } from './http/app.ts';
import { createHttpServer } from './http/server.ts';
import { createClickHouseDestination } from './insert/destinations/clickhouse.ts';
import { createEmbeddedDestination } from './insert/destinations/embedded.ts';
import { resolveTable } from './map/table-name.ts';
import { redactedPipeline } from './ops/config/redact.ts';
import { routePipelines } from './ops/config/routes.ts';
import type { Events } from './ops/events.ts';
import { createReadiness, type Readiness } from './ops/health.ts';
import { createIds } from './ops/ids.ts';
import { createTimers } from './ops/timers.ts';
import { createPipeline } from './pipeline.ts';
import { createRegistry } from './schema/registry.ts';
import { createAsking } from './wiring/asking.ts';
import { promisedFor } from './wiring/promised.ts';
import { createWriting, type WritingDeps } from './wiring/writing.ts';

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
  readonly onStep?: WritingDeps['onStep'];
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
  const promisedBy = async (pipeline: PipelineConfig): Promise<Promised> => await promisedFor(pipeline, { tableOf, catalog, timers });
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
    ...createAsking({ writing, destination, ledger, tableOf, promisedBy, defaultDatabase }),
    limits: config.limits,
    describePipeline: async (pipeline) => describe(pipeline, await promisedBy(pipeline)),
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

async function openDestination(config: Config): Promise<Destination> {
  const { clickhouse, data } = config;
  return clickhouse.embedded ? await createEmbeddedDestination(clickhouse, data) : createClickHouseDestination(clickhouse);
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
