import type { Request } from 'express';
import type { Principal } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { MAX_POSITION } from '../core/identity.ts';
import type { HttpDeps } from './context.ts';
import { json } from './json-answer.ts';
import { malformed, type Parameters, parametersOf, passing, topicOf } from './parameters.ts';
import { type AddRoute, readable } from './state-route.ts';

const DELIVERY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const MAX_PARTITION = 2n ** 31n - 1n;

/** What was written: the ledger, and the ledger against the tables. */
export function addLedgerRoutes(add: AddRoute, deps: HttpDeps): void {
  const { inspection } = deps;
  add('get', '/v1/pipelines/:pipeline/ledger', async (request) => {
    const { pipeline, principal } = readable(deps, request);
    return json(await passing(ledgerAnswer(deps, request, { pipeline, principal })));
  });
  add('get', '/v1/pipelines/:pipeline/reconcile', async (request) => {
    const { pipeline } = readable(deps, request);
    const parameters = parametersOf(request, ['topic']);
    return json(await passing(inspection.reconcile(pipeline, topicOf(parameters))));
  });
}

async function ledgerAnswer(
  { inspection }: HttpDeps,
  request: Request,
  { pipeline, principal }: { pipeline: PipelineConfig; principal: Principal },
): Promise<object> {
  const parameters = parametersOf(request, ['topic', 'partition', 'offset', 'key', 'principal']);
  const topic = topicOf(parameters);
  const partition = wholeNumber(parameters, 'partition', MAX_PARTITION);
  const offset = wholeNumber(parameters, 'offset', MAX_POSITION);
  const { key } = parameters;
  if (key !== undefined) {
    if (topic !== undefined || partition !== undefined || offset !== undefined)
      throw malformed('A delivery key has no topic, partition or offset: send key alone, or with principal');
    return inspection.delivery(pipeline, { key: checkedKey(key, pipeline), principal: parameters['principal'] ?? principal.id });
  }
  if (parameters['principal'] !== undefined) throw malformed('The parameter principal says whose key it is: send key too');
  if (offset === undefined)
    return await inspection.ledger(pipeline, {
      ...(topic === undefined ? {} : { topic }),
      ...(partition === undefined ? {} : { partition: Number(partition) }),
    });
  if (topic === undefined || partition === undefined)
    throw malformed('An offset belongs to a partition of a topic: send topic and partition too');
  if (!('fields' in pipeline.identity))
    throw malformed(`The pipeline ${pipeline.name} does not recognise records by their offsets: its identity is ${pipeline.identity.kind}`);
  return await inspection.record(pipeline, { topic, partition: Number(partition), offset });
}

function wholeNumber(parameters: Parameters, name: 'partition' | 'offset', most: bigint): bigint | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  const value = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > most)
    throw malformed(`The parameter ${name} must be a whole number from 0 to ${name === 'offset' ? '2^63 − 1' : '2^31 − 1'}`);
  return value;
}

function checkedKey(key: string, { name, identity }: PipelineConfig): string {
  if (identity.kind !== 'key' && identity.kind !== 'auto')
    throw malformed(`The pipeline ${name} does not recognise requests by a key: its identity is ${identity.kind}`);
  if (!DELIVERY_KEY.test(key))
    throw malformed('The parameter key must be 1 to 255 visible ASCII characters, as the sender sent them, without quotes');
  return key;
}
