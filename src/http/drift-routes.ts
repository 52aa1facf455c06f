import type { Request, Response } from 'express';
import { GatewayError } from '../core/errors.ts';
import { createAdmission } from './admission.ts';
import { readBody } from './body.ts';
import type { HttpDeps } from './context.ts';
import { bodyCoding } from './headers.ts';
import { json } from './json-answer.ts';
import { parametersOf, passing, topicOf } from './parameters.ts';
import { type AddRoute, readable } from './state-route.ts';

const LONGEST_APPROVAL = 4096;

/** What tables lack of their schemas, and the approval of what is to be done about it. */
export function addDriftRoutes(add: AddRoute, deps: HttpDeps): void {
  const { drift, limits } = deps;
  const admission = createAdmission(LONGEST_APPROVAL * 64);
  add('get', '/v1/pipelines/:pipeline/drift', async (request) => {
    const { pipeline } = readable(deps, request);
    return json(await passing(drift.show(pipeline, topicOf(parametersOf(request, ['topic'])))));
  });
  add('post', '/v1/pipelines/:pipeline/drift/approve', async (request, response) => {
    const { pipeline, principal } = readable(deps, request);
    if (!principal.can('admin', pipeline.name))
      throw new GatewayError('forbidden', `To approve a change of the table needs the admin grant on the pipeline ${pipeline.name}`);
    const wanted = approvalOf(await textOf(request, response, { limits, admission }));
    return json(await passing(drift.approve(pipeline, wanted)));
  });
}

async function textOf(
  request: Request,
  response: Response,
  { limits, admission }: { limits: HttpDeps['limits']; admission: ReturnType<typeof createAdmission> },
): Promise<string> {
  const small = { ...limits, body: LONGEST_APPROVAL, inflated: LONGEST_APPROVAL };
  const body = await readBody(request, response, bodyCoding(request), small, admission);
  try {
    return body.bytes.toString('utf8');
  } finally {
    body.release();
  }
}

/** @throws GatewayError `malformed_request` */
function approvalOf(text: string): { plan: string; topic?: string } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  const { plan, topic, ...others } = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  if (typeof plan !== 'string' || Object.keys(others).length > 0 || (topic !== undefined && typeof topic !== 'string'))
    throw new GatewayError(
      'malformed_request',
      'The body must be JSON such as {"plan":"0123456789abcdef"}, with the plan as the drift shows it',
    );
  return { plan, ...(topic === undefined ? {} : { topic: topicOf({ topic }) ?? '' }) };
}
