import { request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { RegistryConfig } from '../core/config.ts';

/** What the registry answered. `body` is parsed JSON. */
export interface RegistryAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Why there is no answer that can be used. `message` completes "The Schema Registry …". */
export class RegistryFailure extends Error {
  /** Whether asking again at once can help. */
  readonly passing: boolean;
  constructor(message: string, passing: boolean) {
    super(message);
    this.name = 'RegistryFailure';
    this.passing = passing;
  }
}

export interface RegistryTransport {
  /** @throws RegistryFailure */
  get(url: string): Promise<RegistryAnswer>;
  close(): void;
}

/** No schema is near as large. */
const MOST_BYTES = 4 * 1024 * 1024;

const JSON_TYPES = /^application\/(json|vnd\.schemaregistry[\w.+-]*json)\s*(;|$)/i;

/** GET requests that cost no more than a time and a size, whatever answers. Redirects are not followed: the credentials are for one server. */
export function createRegistryTransport({ auth, tls, timeoutMs }: RegistryConfig): RegistryTransport {
  const agent = tls === undefined ? undefined : new Agent({ keepAlive: true, ...tls });
  const headers = {
    Accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': 'sluice',
    ...(auth === undefined ? {} : { Authorization: authorization(auth) }),
  };
  return {
    async get(url) {
      const abort = AbortSignal.timeout(timeoutMs);
      const request = url.startsWith('https:')
        ? tlsRequest(url, { headers, signal: abort, ...(agent === undefined ? {} : { agent }) })
        : plainRequest(url, { headers, signal: abort });
      return await new Promise<RegistryAnswer>((resolve, reject) => {
        const fail = (error: unknown): void => reject(failureOf(error, abort.aborted, timeoutMs));
        request.on('error', fail).on('response', (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response
            .on('error', fail)
            .on('close', () => fail(new Error('cut')))
            .on('data', (chunk: Buffer) => {
              size += chunk.length;
              chunks.push(chunk);
              if (size > MOST_BYTES) request.destroy(new RegistryFailure('answers with more than 4 MiB, which no schema has', false));
            })
            .on('end', () => {
              try {
                resolve(answerOf(response.statusCode ?? 0, response.headers['content-type'] ?? '', Buffer.concat(chunks)));
              } catch (error) {
                fail(error);
              }
            });
        });
        request.end();
      });
    },
    close: () => agent?.destroy(),
  };
}

function authorization(auth: NonNullable<RegistryConfig['auth']>): string {
  if ('token' in auth) return `Bearer ${auth.token}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

function failureOf(error: unknown, isLate: boolean, timeoutMs: number): RegistryFailure {
  if (error instanceof RegistryFailure) return error;
  if (isLate) return new RegistryFailure(`did not answer within ${timeoutMs} ms`, true);
  const { code } = error as { code?: unknown };
  const isTls = typeof code === 'string' && /CERT|SSL|TLS|ERR_TLS/.test(code);
  if (isTls) return new RegistryFailure('has a certificate that is not trusted, or wants another one: see registry.tls', false);
  return new RegistryFailure('cannot be reached, or closed the connection', true);
}

/** @throws RegistryFailure for an answer that is none of a registry's. */
function answerOf(status: number, contentType: string, bytes: Buffer): RegistryAnswer {
  if (status >= 300 && status < 400)
    throw new RegistryFailure(`answered ${status}, and redirects are not followed: set registry.url to where it leads`, false);
  if (status === 401 || status === 403)
    throw new RegistryFailure("refuses the gateway's credentials: see registry.username and registry.token", false);
  if (status === 408 || status === 425 || status === 429 || status >= 500) throw new RegistryFailure(`answered ${status}`, true);
  if (!JSON_TYPES.test(contentType)) throw new RegistryFailure('answered with something else than JSON: see registry.url', false);
  try {
    return { status, body: JSON.parse(bytes.toString()) as unknown };
  } catch {
    throw new RegistryFailure('answered with JSON that is not valid', false);
  }
}
