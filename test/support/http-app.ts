import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Delivery, Operation } from '../../src/core/batch.ts';
import type { Limits, PipelineConfig } from '../../src/core/config.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { createHttpApp } from '../../src/http/app.ts';
import type { HttpDeps } from '../../src/http/context.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createIds } from '../../src/ops/ids.ts';
import { LIMITS } from './deliveries.ts';
import { pipelineOf } from './pipelines.ts';

/** The HTTP stage on a real socket; what reaches ingest is kept. Key `good` may do everything, `orders` may write to orders only. */
export interface TestApp {
  readonly port: number;
  readonly server: Server;
  readonly deliveries: Delivery[];
  readonly events: Array<Parameters<HttpDeps['onRequestDone']>[0]>;
  readonly bugs: unknown[];
  /** Replaces what ingest answers. */
  answer: (delivery: Delivery, pipeline: PipelineConfig) => Promise<Outcome>;
  close(): Promise<void>;
}

const GRANTS: Readonly<Record<string, (operation: Operation, pipeline: string) => boolean>> = {
  good: () => true,
  orders: (operation, pipeline) => operation === 'write' && pipeline === 'orders',
  reader: (operation) => operation === 'read',
};

const unasked = async (): Promise<never> => await Promise.reject(new Error('nobody asks'));
const NO_DRIFT: HttpDeps['drift'] = {
  show: async () => await Promise.reject(new Error('not asked')),
  approve: async () => await Promise.reject(new Error('not asked')),
};
const NO_INSPECTION: HttpDeps['inspection'] = {
  ledger: unasked,
  record: unasked,
  reconcile: unasked,
  delivery: () => ({ duplicate: false, in_doubt: false }),
};

export async function startTestApp(limits: Partial<Limits> = {}, changes: Partial<HttpDeps> = {}): Promise<TestApp> {
  const orders = pipelineOf('orders');
  const other = pipelineOf('other');
  const state: Pick<TestApp, 'deliveries' | 'events' | 'bugs' | 'answer'> = {
    deliveries: [],
    events: [],
    bugs: [],
    answer: async () => await Promise.resolve({ kind: 'stored', accepted: 1, duplicate: 0, quarantined: 0, batch: 'b' }),
  };
  const all = { ...LIMITS, ...limits };
  const app = createHttpApp({
    authenticate: (headers) => {
      const key = String(headers['x-api-key'] ?? headers.authorization?.replace('Bearer ', '') ?? '');
      const can = GRANTS[key];
      if (can === undefined) throw new GatewayError('unauthenticated', 'No credential');
      return { id: key, can };
    },
    challenge: 'Bearer realm="sluice"',
    keyHeader: 'x-api-key',
    routes: {
      all: [orders, other],
      byName: (name) => [orders, other].find((pipeline) => pipeline.name === name),
      forTopic: (topic) => [orders, other].find((pipeline) => pipeline.topics.includes(topic)),
    },
    ingest: async (delivery, pipeline) => {
      state.deliveries.push(delivery);
      return await state.answer(delivery, pipeline);
    },
    explain: async ({ topic, body }, { name }) =>
      await Promise.resolve({
        pipeline: name,
        ...(topic === undefined ? {} : { topic }),
        would_answer: { status: 200 },
        records: body.length,
      }),
    limits: all,
    describePipeline: async ({ name }) => await Promise.resolve({ name, guarantee: 'at-least-once' }),
    inspection: NO_INSPECTION,
    drift: NO_DRIFT,
    ready: async () => await Promise.resolve({ ready: true, reasons: [] }),
    query: async (sql) => await Promise.resolve(Buffer.from(`${JSON.stringify({ sql })}\n`)),
    openapi: { openapi: '3.1.0', paths: { '/v1/ingest/{pipeline}': { post: {} }, '/v1/topics/{topic}': { post: {} } } },
    draining: () => false,
    onRequestDone: (event) => state.events.push(event),
    onBug: (error) => state.bugs.push(error),
    newId: createIds(Date.now),
    now: Date.now,
    ...changes,
  });
  const server = createHttpServer(app, all);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
