import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Delivery, Principal } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { type Answer, answerOf } from '../respond/http.ts';
import { createAdmission } from './admission.ts';
import { readBody } from './body.ts';
import { contextOf, type HttpDeps } from './context.ts';
import { deliveryKey } from './delivery-key.ts';
import { bodyCoding } from './headers.ts';
import { json } from './json-answer.ts';
import { reply } from './reply.ts';
import { schemaHint } from './schema-hint.ts';

const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const SENDING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const PROBE: Answer = { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'send records with POST\n' };

/** A body that is explained says as much as one that is larger. */
const LONGEST_EXPLAINED = 8 * 1024 * 1024;

/** Where records are sent to. */
export interface IngestTarget {
  readonly kind: 'topics' | 'ingest';
  /** The topic or the pipeline. */
  readonly name: string;
  /** Nothing is to be written: what would become of the records is asked. */
  readonly explain: boolean;
}

/** The target a URL names; undefined for every other route. @throws URIError when its path cannot be decoded. */
export function ingestTarget(url: string): IngestTarget | undefined {
  const query = url.indexOf('?');
  const match = /^\/v1\/(topics|ingest)\/([^/]+)(\/explain)?\/?$/.exec(query === -1 ? url : url.slice(0, query));
  return match === null
    ? undefined
    : { kind: match[1] as IngestTarget['kind'], name: decodeURIComponent(match[2]!), explain: match[3] !== undefined };
}

/** Takes deliveries. @throws (the function) GatewayError; SenderGone. */
export function createReceiver(
  deps: HttpDeps,
): (target: IngestTarget, request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { routes, limits, authenticate, ingest, explain } = deps;
  const admission = createAdmission(limits.inFlight);

  const find = ({ kind, name }: IngestTarget, principal: Principal): { pipeline: PipelineConfig; topic?: string } => {
    if (kind === 'ingest') return withOnlyTopic(visible(routes.byName(name), principal));
    if (!TOPIC.test(name) || name === '.' || name === '..')
      throw new GatewayError(
        'invalid_topic',
        'The topic is not a Kafka topic name: letters, digits, dots, dashes and underscores, at most 249',
      );
    return { topic: name, pipeline: visible(routes.forTopic(name), principal, 'No pipeline takes this topic, or it is not yours') };
  };

  const explained = { ...limits, body: Math.min(limits.body, LONGEST_EXPLAINED), inflated: Math.min(limits.inflated, LONGEST_EXPLAINED) };
  const take = async (delivery: Delivery, pipeline: PipelineConfig, target: IngestTarget): Promise<Answer> =>
    target.explain ? json(await explain(delivery, pipeline)) : answerOf(await ingest(delivery, pipeline));

  return async (target, request, response) => {
    const context = contextOf(response);
    const method = request.method ?? '';
    context.route = `${target.kind === 'topics' ? '/v1/topics/{topic}' : '/v1/ingest/{pipeline}'}${target.explain ? '/explain' : ''}`;
    if (deps.draining()) {
      response.setHeader('Connection', 'close');
      throw new GatewayError('draining', 'The gateway is shutting down: send the request again', { retryAfterSeconds: 5 });
    }
    const coding = SENDING.has(method) ? bodyCoding(request) : 'identity';
    const principal = authenticate(request.headers);
    const { pipeline, topic } = find(target, principal);
    if (method === 'GET' || method === 'HEAD') return reply(request, response, PROBE);
    if (!SENDING.has(method)) {
      response.setHeader('Allow', 'GET, HEAD, POST, PUT, PATCH');
      throw new GatewayError('method_not_allowed', 'Records are sent with POST, PUT or PATCH');
    }
    if (!principal.can('write', pipeline.name))
      throw new GatewayError('forbidden', `The credential may not write to the pipeline ${pipeline.name}`);
    const key = target.explain ? keyIfAny(request, pipeline) : deliveryKey(request.headers, pipeline);
    const hint = schemaHint(request.url ?? '', request.headers, pipeline);
    const body = await readBody(request, response, coding, target.explain ? explained : limits, admission);
    let until: Promise<unknown> | undefined;
    try {
      context.bytes = body.bytes.length;
      const delivery = {
        id: context.id,
        pipeline: pipeline.name,
        principal: principal.id,
        body: body.bytes,
        receivedAt: deps.now(),
        ...(key === undefined ? {} : { key }),
        ...hint,
      };
      const answer = await take(topic === undefined ? delivery : { ...delivery, topic }, pipeline, target);
      if (answer.code !== undefined) context.code = answer.code;
      if (answer.records !== undefined) context.records = answer.records;
      reply(request, response, answer);
    } catch (error) {
      until = error instanceof GatewayError ? error.until : undefined;
      throw error;
    } finally {
      // The rows of a request that could not wait hold its body until they are written.
      if (until === undefined) body.release();
      else
        until.then(
          () => body.release(),
          () => body.release(),
        );
    }
  };
}

/** What is wrong with the key is explained with the rest. */
function keyIfAny({ headers }: IncomingMessage, pipeline: PipelineConfig): string | undefined {
  try {
    return deliveryKey(headers, pipeline);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** A pipeline that takes one topic takes it also when the sender does not name it. */
function withOnlyTopic(pipeline: PipelineConfig): { pipeline: PipelineConfig; topic?: string } {
  const [topic, ...others] = pipeline.topics;
  return typeof topic === 'string' && others.length === 0 ? { pipeline, topic } : { pipeline };
}

/**
 * The pipeline if the principal has any grant on it. Someone else's looks like one that does not exist.
 * @throws GatewayError `not_found`.
 */
export function visible(
  pipeline: PipelineConfig | undefined,
  principal: Principal,
  detail = 'There is no such pipeline, or it is not yours',
): PipelineConfig {
  const known =
    pipeline !== undefined && (['write', 'read', 'admin'] as const).some((operation) => principal.can(operation, pipeline.name));
  if (!known) throw new GatewayError('not_found', detail);
  return pipeline;
}
