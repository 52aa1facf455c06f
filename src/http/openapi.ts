import { stringify } from 'yaml';
import type { HttpDeps } from './context.ts';

type Document = Readonly<Record<string, unknown>>;

/** Host and port, as they may stand in a URL. */
const HOST = /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9A-Fa-f:]{2,45}\](:\d{1,5})?$/;

/** Stand for what differs between two texts. */
const ANY_URL = 'http://any.invalid';
const ANY_NAME = 'any-name.invalid';
const CONCRETE = '/any-path.invalid';

/** The interface of this gateway as text. `host` is the Host header of the request, whatever it holds. */
export interface OpenApi {
  readonly json: (host: string | undefined) => string;
  readonly yaml: (host: string | undefined) => string;
}

/**
 * The base document with one concrete path for each pipeline and each topic it names, and the address the request came to as server: what a
 * connector's wizard reads. Anybody may ask for it, so each text is made once.
 */
export function createOpenApi({ openapi, routes }: Pick<HttpDeps, 'openapi' | 'routes'>): OpenApi {
  const servers = openapi['servers'] as ReadonlyArray<{ readonly url: string }> | undefined;
  const base = { ...openapi, servers: [{ url: ANY_URL }] };
  const json = once(() =>
    JSON.stringify({ ...base, paths: { ...pathsOf(openapi), ...Object.assign({}, ...concretePaths(base, routes)) } }),
  );
  const yaml = once(() => yamlOf(base, routes));
  const at = (text: string, host = ''): string => text.replace(ANY_URL, HOST.test(host) ? `http://${host}` : (servers?.[0]?.url ?? '/'));
  return { json: (host) => at(json(), host), yaml: (host) => at(yaml(), host) };
}

function once(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

const pathsOf = (document: Document): Readonly<Record<string, Document>> => document['paths'] as Record<string, Document>;

const KINDS = { ingest: { pattern: '{pipeline}', label: 'Pipeline' }, topics: { pattern: '{topic}', label: 'Topic' } } as const;
type Kind = keyof typeof KINDS;

/** What has a path of its own, in the order of the configuration. Names and topics are letters, digits, dots, dashes and underscores. */
function named(routes: HttpDeps['routes']): ReadonlyArray<readonly [Kind, string]> {
  return routes.all.flatMap(({ name, topics }) => [
    ['ingest', name] as const,
    ...topics.filter((topic) => typeof topic === 'string').map((topic) => ['topics', topic] as const),
  ]);
}

function concretePaths(base: Document, routes: HttpDeps['routes']): Document[] {
  return named(routes).map(([kind, name]) => concretePath(base, kind, name));
}

/** The path item of a kind with its parameter filled in. */
function concretePath(base: Document, kind: Kind, name: string): Document {
  const { pattern, label } = KINDS[kind];
  const item = pathsOf(base)[`/v1/${kind}/${pattern}`] ?? {};
  const operations = Object.entries(item).filter(([key]) => key !== 'parameters');
  return {
    [`/v1/${kind}/${name}`]: Object.fromEntries(
      operations.map(([method, operation]) => [
        method,
        { ...(operation as Document), summary: `${label} ${name}`, operationId: `${method}_${kind}_${name}` },
      ]),
    ),
  };
}

/** Writing YAML takes about a millisecond a path: the two kinds are written once and filled in as text. */
function yamlOf(base: Document, routes: HttpDeps['routes']): string {
  const write = (document: Document): string => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
  const template = (kind: Kind): string => write(concretePath(base, kind, ANY_NAME)).replaceAll(/^(?=.)/gm, '  ');
  const templates = { ingest: template('ingest'), topics: template('topics') };
  const concrete = named(routes).map(([kind, name]) => templates[kind].replaceAll(ANY_NAME, name));
  const document = write({ ...base, paths: { ...pathsOf(base), [CONCRETE]: null } });
  return document.replace(`  ${CONCRETE}: null\n`, () => concrete.join(''));
}
