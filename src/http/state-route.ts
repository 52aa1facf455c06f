import type { Request, Response, Router } from 'express';
import type { Principal } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Answer } from '../respond/http.ts';
import type { HttpDeps, RequestContext } from './context.ts';
import { visible } from './deliveries.ts';
import { reply } from './reply.ts';

export type Handler = (request: Request, response: Response) => Promise<Answer> | Answer;

/** Adds a route of one method; every other method is told which it is. */
export type AddRoute = (method: 'get' | 'post', path: string, handler: Handler) => void;

/** Adds routes to `router`. */
export function routesOf(router: Router): AddRoute {
  return (method, path, handler) => {
    router[method](path, async (request, response) => {
      (response.locals as RequestContext).route = path.replaceAll(/:(\w+)/g, '{$1}');
      reply(request, response, await handler(request, response));
    });
    router.all(path, (_request, response) => {
      response.setHeader('Allow', method === 'get' ? 'GET, HEAD' : 'POST');
      throw new GatewayError('method_not_allowed', `This route takes ${method === 'get' ? 'GET' : 'POST'}`);
    });
  };
}

/** The pipeline of the path, for somebody who may look at it. @throws GatewayError `unauthenticated`, `not_found` or `forbidden`. */
export function readable(
  { authenticate, routes }: Pick<HttpDeps, 'authenticate' | 'routes'>,
  { headers, params }: Request,
): { readonly pipeline: PipelineConfig; readonly principal: Principal } {
  const principal = authenticate(headers);
  const pipeline = visible(routes.byName(String(params['pipeline'])), principal);
  if (!principal.can('read', pipeline.name))
    throw new GatewayError('forbidden', `The credential may not read the state of the pipeline ${pipeline.name}`);
  return { pipeline, principal };
}
