import type { IncomingHttpHeaders } from 'node:http';
import type { Delivery, Principal } from '../core/batch.ts';
import type { Limits, PipelineConfig } from '../core/config.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Drift, Explanation, Inspection } from '../core/ports.ts';
import type { RequestDone } from '../ops/events.ts';

/** What the HTTP stage is handed by the composition root. */
export interface HttpDeps {
  /** @throws GatewayError `unauthenticated`. */
  readonly authenticate: (headers: IncomingHttpHeaders) => Principal;
  /** Value of `WWW-Authenticate` on a 401. */
  readonly challenge: string;
  /** Name of the header of API keys, lower case. */
  readonly keyHeader: string;
  readonly routes: {
    readonly forTopic: (topic: string) => PipelineConfig | undefined;
    readonly byName: (name: string) => PipelineConfig | undefined;
    readonly all: readonly PipelineConfig[];
  };
  readonly ingest: (delivery: Delivery, pipeline: PipelineConfig) => Promise<Outcome>;
  /** What would become of a delivery; nothing is written. */
  readonly explain: (delivery: Delivery, pipeline: PipelineConfig) => Promise<Explanation>;
  readonly limits: Limits;
  /** What `/v1/pipelines` shows of a pipeline. */
  readonly describePipeline: (pipeline: PipelineConfig) => Promise<object>;
  /** Answers to what was written. */
  readonly inspection: Inspection;
  /** What tables lack of the schemas of their records. */
  readonly drift: Drift;
  readonly ready: () => Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }>;
  /** Read-only SQL; undefined where it is switched off. */
  readonly query: ((sql: string) => Promise<Buffer>) | undefined;
  /** The base document of the interface. */
  readonly openapi: Readonly<Record<string, unknown>>;
  /** Whether the gateway is shutting down: records are then refused, health is still told. */
  readonly draining: () => boolean;
  readonly onRequestDone: (event: RequestDone) => void;
  readonly onBug: (error: unknown, requestId: string) => void;
  readonly newId: () => string;
  /** Milliseconds since the epoch, by the clock deadlines are kept by. */
  readonly now: () => number;
}

/** What is known of a request on its way, in `response.locals`. */
export interface RequestContext {
  readonly id: string;
  /** Whether the gateway is shutting down, so that the connection ends with this answer. */
  readonly draining: () => boolean;
  /** Connections that were told that they end: no further request on them counts (RFC 9112, 9.6). */
  readonly ended: WeakSet<object>;
  readonly startedAt: number;
  /** The route's pattern, for the log: paths hold names of topics. */
  route: string;
  code?: string;
  records?: number;
  bytes: number;
}

/** What is known of the request that this is the answer to. */
export function contextOf(response: object): RequestContext {
  return (response as { readonly locals: RequestContext }).locals;
}
