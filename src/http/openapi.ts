import type { IncomingMessage } from 'node:http';
import { stringify } from 'yaml';
import type { HttpDeps } from './context.ts';

type Document = Readonly<Record<string, unknown>>;

/** Host and port, as they may stand in a URL. */
const HOST = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9A-Fa-f:]{2,45}\](:\d{1,5})?$/;

/**
 * The base document with one concrete path for each pipeline and each topic it names, and the address the request came to as server: what a
 * connector's wizard reads.
 */
export function openApiFor({ openapi, routes }: Pick<HttpDeps, 'openapi' | 'routes'>, { headers }: IncomingMessage): Document {
  const host = headers.host ?? '';
  const paths = { ...(openapi['paths'] as Record<string, Document>) };
  for (const { name, topics } of routes.all) {
    paths[`/v1/ingest/${name}`] = concrete(paths['/v1/ingest/{pipeline}'], `Pipeline ${name}`, `ingest_${name}`);
    for (const topic of topics) {
      if (typeof topic === 'string')
        paths[`/v1/topics/${topic}`] = concrete(paths['/v1/topics/{topic}'], `Topic ${topic}`, `topic_${topic}`);
    }
  }
  const servers = HOST.test(host) ? [{ url: `http://${host}` }] : openapi['servers'];
  return { ...openapi, servers, paths };
}

/** A path item with its parameter filled in. */
function concrete(item: Document | undefined, summary: string, id: string): Document {
  const operations = Object.entries(item ?? {}).filter(([key]) => key !== 'parameters');
  return Object.fromEntries(
    operations.map(([method, operation]) => [method, { ...(operation as Document), summary, operationId: `${method}_${id}` }]),
  );
}

/** A document as YAML. */
export function toYaml(document: Document): string {
  return stringify(document, { aliasDuplicateObjects: false });
}
