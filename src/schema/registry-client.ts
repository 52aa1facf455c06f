import createApi from '@kafkajs/confluent-schema-registry/dist/api/index.js';
import type { RegistryConfig } from '../core/config.ts';
import { createRegistryTransport, type RegistryAnswer, RegistryFailure } from './registry-transport.ts';

/** The routes of a registry that are used. Undefined: it has no such thing. */
export interface RegistryClient {
  /** @throws RegistryFailure */
  schema(id: number): Promise<Found | undefined>;
  schemaByGuid(guid: string): Promise<Found | undefined>;
  version(subject: string, version: number | 'latest'): Promise<Found | undefined>;
  close(): void;
}

/** What a registry says of a schema; not checked yet. */
export type Found = Readonly<Record<string, unknown>>;

/** Tries after the first. */
const RETRIES = 2;
const FIRST_PAUSE_MS = 100;

/** The registries of `config`, of which the one that answered last is asked first. */
export function createRegistryClient(config: RegistryConfig): RegistryClient {
  const transport = createRegistryTransport(config);
  const hosts = config.urls.map((url) => url.replace(/\/+$/, ''));
  const apis = hosts.map((host) => apiOf(host, async (url) => await transport.get(url)));
  let preferred = 0;

  /** Asks one after the other, and all of them again while what is wrong can pass. */
  const ask = async (call: (i: number) => Promise<RegistryAnswer>): Promise<Found | undefined> => {
    const deadline = performance.now() + config.timeoutMs * 1.5;
    let failure = new RegistryFailure('cannot be reached', true);
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      if (attempt > 0) await pause(attempt);
      for (let i = 0; i < hosts.length; i++) {
        const at = (preferred + i) % hosts.length;
        try {
          const found = foundIn(await call(at));
          preferred = at;
          return found;
        } catch (error) {
          if (!(error instanceof RegistryFailure)) throw error;
          failure = error;
        }
      }
      if (!failure.passing || performance.now() > deadline) break;
    }
    throw failure;
  };

  return {
    schema: async (id) => await ask(async (i) => await apis[i]!.schema(id)),
    schemaByGuid: async (guid) => await ask(async (i) => await transport.get(`${hosts[i]}/schemas/guids/${guid}`)),
    version: async (subject, version) => await ask(async (i) => await apis[i]!.version(subject, version)),
    close: () => transport.close(),
  };
}

async function pause(attempt: number): Promise<void> {
  const ms = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** @throws RegistryFailure */
function foundIn({ status, body }: RegistryAnswer): Found | undefined {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  if (status === 404 && isObject && 'error_code' in body) return undefined;
  if (status !== 200 || !isObject)
    throw new RegistryFailure(`answered ${status}, which is no answer of a Schema Registry: see registry.url`, false);
  return body as Found;
}

interface Api {
  schema(id: number): Promise<RegistryAnswer>;
  version(subject: string, version: number | 'latest'): Promise<RegistryAnswer>;
}

/**
 * The package knows the routes. Its own requests have no limit of time or size and follow what they are told, so that each is made by `get` instead:
 * a middleware that does not call the next one answers itself.
 */
function apiOf(host: string, get: (url: string) => Promise<RegistryAnswer>): Api {
  const answering = () => {
    let url = '';
    return {
      request: (request: { url(): string }) => {
        url = request.url();
        return request;
      },
      response: async () => asResponse(await get(url)),
    };
  };
  const { Schema, Subject } = createApi.default({ host, retry: { retries: 0 }, middlewares: [answering as never] });
  return {
    schema: async (id) => await read(Schema.find({ id })),
    version: async (subject, version) =>
      await read(version === 'latest' ? Subject.latestVersion({ subject }) : Subject.version({ subject, version })),
  };
}

async function read(response: Promise<unknown>): Promise<RegistryAnswer> {
  return ((await response) as { readonly answer: RegistryAnswer }).answer;
}

/** As much of the package's response as its other middleware asks for. */
function asResponse(answer: RegistryAnswer): object {
  const response = { answer, status: () => answer.status, data: () => answer.body, success: () => true, enhance: () => response };
  return response;
}
