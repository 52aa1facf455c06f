/**
 * A Schema Registry with the routes and answers of Confluent's, in this process and in memory. It can misbehave.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SchemaText {
  readonly schema: string;
  /** AVRO when absent. */
  readonly schemaType?: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly references?: ReadonlyArray<{ readonly name: string; readonly subject: string; readonly version: number }>;
}

export interface TestRegistry {
  readonly url: string;
  /** A new version of a subject; the id of its text. */
  register(subject: string, text: SchemaText): number;
  /** Paths that were asked for, in order. */
  readonly calls: string[];
  /** Takes an answer over; returns true when it did. */
  before: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** `Authorization` that is wanted; absent: none. */
  authorization?: string;
  close(): Promise<void>;
}

const TYPE = 'application/vnd.schemaregistry.v1+json';

/** Starts a registry on a free loopback port. */
export async function startSchemaRegistry(): Promise<TestRegistry> {
  const ids = new Map<string, number>();
  const byId = new Map<number, SchemaText>();
  const subjects = new Map<string, number[]>();

  const guidOf = (id: number): string => `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`;
  const register = (subject: string, text: SchemaText): number => {
    const key = JSON.stringify(text);
    const id = ids.get(key) ?? ids.size + 1;
    ids.set(key, id);
    byId.set(id, text);
    subjects.set(subject, [...(subjects.get(subject) ?? []), id]);
    return id;
  };
  const textOf = (id: number): object => {
    const { schemaType, ...text } = byId.get(id)!;
    return schemaType === undefined || schemaType === 'AVRO' ? text : { schemaType, ...text };
  };

  const schemas = (id: number): [number, object] =>
    byId.has(id) ? [200, textOf(id)] : [404, { error_code: 40403, message: `Schema ${id} not found` }];
  const versions = (subject: string, which: string): [number, object] => {
    const all = subjects.get(subject);
    if (all === undefined) return [404, { error_code: 40401, message: `Subject '${subject}' not found.` }];
    const version = which === 'latest' ? all.length : Number(which);
    const id = all[version - 1];
    if (id === undefined) return [404, { error_code: 40402, message: `Version ${which} not found.` }];
    return [200, { subject, id, version, guid: guidOf(id), ...textOf(id) }];
  };
  const route = (path: string): [number, unknown] => {
    const [, first, second, third, fourth] = path.split('/').map(decodeURIComponent);
    if (first === 'schemas' && second === 'ids') return schemas(Number(third));
    if (first === 'schemas' && second === 'guids') {
      const id = [...byId.keys()].find((one) => guidOf(one).replaceAll('-', '') === third?.replaceAll('-', ''));
      return id === undefined ? [404, { error_code: 40403, message: 'not found' }] : [200, { id, ...textOf(id) }];
    }
    if (first === 'subjects' && second === undefined) return [200, [...subjects.keys()]];
    if (first === 'subjects' && third === 'versions') {
      if (fourth !== undefined) return versions(second!, fourth);
      return [200, (subjects.get(second!) ?? []).map((_, i) => i + 1)];
    }
    return [404, { error_code: 404, message: 'HTTP 404 Not Found' }];
  };

  const server = createServer((request, response) => {
    registry.calls.push(request.url ?? '');
    if (registry.before?.(request, response) === true) return;
    const refused = registry.authorization !== undefined && request.headers.authorization !== registry.authorization;
    const [status, body] = refused ? [401, { error_code: 401, message: 'Unauthorized' }] : route(request.url ?? '');
    response.writeHead(status, { 'Content-Type': TYPE }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: TestRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    register,
    calls: [],
    before: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}
