import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthenticator } from './auth/authenticate.ts';
import type { KeyStore } from './auth/key-store.ts';
import type { Config, PipelineConfig } from './core/config.ts';
import type { Destination } from './core/ports.ts';
import { createDecoder } from './decode/decoder.ts';
import { createHttpApp } from './http/app.ts';
import { createHttpServer } from './http/server.ts';
import { createClickHouseDestination } from './insert/destinations/clickhouse.ts';
import { createEmbeddedDestination } from './insert/destinations/embedded.ts';
import { createInserter } from './insert/inserter.ts';
import { createMapper } from './map/mapper.ts';
import { createTableCatalog } from './map/tables.ts';
import { redactedPipeline } from './ops/config/redact.ts';
import { routePipelines } from './ops/config/routes.ts';
import type { Events } from './ops/events.ts';
import { createReadiness, type Readiness } from './ops/health.ts';
import { createIds } from './ops/ids.ts';
import { createPipeline } from './pipeline.ts';

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
}

/**
 * The composition root: configuration → adapters → stages → HTTP.
 * @throws DestinationError when the embedded engine cannot start. A server may be away: the gateway is then not ready.
 */
export async function createGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const { events, keys } = deps;
  const newId = createIds(Date.now);
  const destination = await openDestination(config);
  const catalog = createTableCatalog({ destination, now: Date.now });
  const ingest = createPipeline({
    decode: createDecoder(config.limits),
    map: createMapper({ destination, catalog, defaultDatabase: config.clickhouse.database }),
    insert: createInserter({ destination, newId }),
    refreshTable: async ({ table }) => await catalog.refresh(table.name),
  });
  const authenticator = createAuthenticator(keys, config.auth.keyHeader);
  const readiness = createReadiness(destination, Date.now);
  let draining = false;
  const app = createHttpApp({
    authenticate: authenticator.authenticate,
    challenge: authenticator.challenge,
    keyHeader: config.auth.keyHeader.toLowerCase(),
    routes: routePipelines(config),
    ingest,
    limits: config.limits,
    describePipeline: (pipeline) => describe(pipeline),
    ready: async () => (draining ? { ready: false, reasons: ['The gateway is shutting down'] } : await readiness()),
    draining: () => draining,
    query: destination.queryReadOnly?.bind(destination),
    openapi: deps.openapi,
    onRequestDone: (event) => events.requestDone(event),
    onBug: (error, id) => events.bug(error, id),
    newId,
  });
  const server = createHttpServer(app, config.limits);
  return {
    listen: async () => await listen(server, config),
    ready: readiness,
    async close() {
      draining = true;
      await stopListening(server);
      await destination.close();
    },
  };
}

async function openDestination(config: Config): Promise<Destination> {
  const { clickhouse, data } = config;
  return clickhouse.embedded ? await createEmbeddedDestination(clickhouse, data) : createClickHouseDestination(clickhouse);
}

function describe(pipeline: PipelineConfig): object {
  return { name: pipeline.name, ...redactedPipeline(pipeline), guarantee: 'at-least-once' };
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
