/**
 * Schemas from the Schema Registry, asked as seldom as may be.
 *
 * Invariant: a schema that was found once is never asked for again, so a registry that is away stops only what it was never asked for; what it does not
 * have, or cannot say, is asked for at most once in a while. Proved by `test/unit/schema/registry.test.ts`.
 */
import { LRUCache } from 'lru-cache';
import type { RegistryConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { RegisteredSchema, SchemaSource } from '../core/ports.ts';
import { readRegistered } from './registered.ts';
import { createRegistryClient, type Found, type RegistryClient } from './registry-client.ts';
import { RegistryFailure } from './registry-transport.ts';
import { Undecodable } from './undecodable.ts';

export interface RegistryDeps {
  /** Milliseconds. */
  readonly now?: () => number;
}

const MOST_SCHEMAS = 10_000;
const MOST_TEXT = 64 * 1024 * 1024;
/** What the registry does not have, or what cannot be used, is not asked for again so soon. */
const NEGATIVE_MS = 30_000;
/** After a failure nobody asks for so long. */
const COOL_DOWN_MS = 2000;
/** Questions at the same time; others wait, and are told of a failure of these. */
const MOST_AT_ONCE = 4;

interface Absent {
  readonly until: number;
  readonly error: Undecodable | undefined;
}

/** A source over the registries of `config`. */
export function createRegistry(config: RegistryConfig, { now = Date.now }: RegistryDeps = {}): SchemaSource & { close(): void } {
  const client = createRegistryClient(config);
  const ask = createAsker(now);
  const found = new LRUCache<string, RegisteredSchema>({ max: MOST_SCHEMAS, maxSize: MOST_TEXT, sizeCalculation: sizeOf });
  const absent = new LRUCache<string, Absent>({ max: MOST_SCHEMAS });
  const newest = new LRUCache<string, Newest>({ max: MOST_SCHEMAS });
  const running = new Map<string, Promise<RegisteredSchema | undefined>>();

  const single = async (key: string, work: () => Promise<RegisteredSchema | undefined>): Promise<RegisteredSchema | undefined> => {
    const known = absent.get(key);
    if (known !== undefined && now() < known.until) {
      if (known.error !== undefined) throw new Undecodable(known.error.message, known.error.code);
      return undefined;
    }
    let result = running.get(key);
    if (result === undefined) {
      result = remembering(key, work).finally(() => running.delete(key));
      running.set(key, result);
    }
    return await result;
  };
  const remembering = async (key: string, work: () => Promise<RegisteredSchema | undefined>): Promise<RegisteredSchema | undefined> => {
    const forget = (error?: Undecodable): void => void absent.set(key, { until: now() + NEGATIVE_MS, error });
    try {
      const schema = await work();
      if (schema === undefined) forget();
      else absent.delete(key);
      return schema;
    } catch (error) {
      if (error instanceof Undecodable) forget(error);
      throw error;
    }
  };
  const once = async (
    key: string,
    question: (from: RegistryClient) => Promise<Found | undefined>,
  ): Promise<RegisteredSchema | undefined> => {
    const known = found.get(key);
    if (known !== undefined) return known;
    return await single(key, async () => {
      const schema = await ask(async () => await readRegistered(client, await question(client)));
      if (schema !== undefined) found.set(key, schema);
      return schema;
    });
  };

  return {
    byId: async (id) => await once(`id ${id}`, async (from) => withId(await from.schema(id), id)),
    byGuid: async (guid) => await once(`guid ${guid}`, async (from) => await from.schemaByGuid(guid)),
    async latest(subject, seen) {
      const known = newest.get(subject);
      // A record of a schema that is not the newest is of an older one, or of one that is newer than was known.
      const isNews = seen !== undefined && seen !== known?.schema.id && known?.seen.has(seen) !== true;
      if (known !== undefined && !isNews && now() - known.at < config.ttlMs) return known.schema;
      try {
        const schema = await single(
          `subject ${subject}`,
          async () => await ask(async () => await readRegistered(client, await client.version(subject, 'latest'))),
        );
        if (schema === undefined) newest.delete(subject);
        else newest.set(subject, { schema, at: now(), seen: withSeen(known?.seen, seen) });
        return schema;
      } catch (error) {
        // An old version is better than none: it was the newest a moment ago.
        if (known !== undefined && error instanceof GatewayError) return known.schema;
        throw error;
      }
    },
    close: () => client.close(),
  };
}

interface Newest {
  readonly schema: RegisteredSchema;
  readonly at: number;
  /** Numbers of other schemas of the subject's records, for which it was asked again. */
  readonly seen: ReadonlySet<number>;
}

const MOST_SEEN = 1000;

function withSeen(before: ReadonlySet<number> | undefined, id: number | undefined): ReadonlySet<number> {
  const seen = new Set(before === undefined || before.size >= MOST_SEEN ? [] : before);
  return id === undefined ? seen : seen.add(id);
}

/** A registry does not repeat the id it was asked for. */
function withId(answer: Found | undefined, id: number): Found | undefined {
  return answer === undefined ? undefined : { ...answer, id };
}

function sizeOf({ text, references }: RegisteredSchema): number {
  return Math.max(1, text.length + references.reduce((sum, reference) => sum + reference.text.length, 0));
}

/** Questions, few at a time. After a failure all are told the same for a while. */
function createAsker(now: () => number): <T>(question: () => Promise<T>) => Promise<T> {
  let failed: { readonly until: number; readonly message: string } | undefined;
  let free = MOST_AT_ONCE;
  const waiting: Array<() => void> = [];
  const refuseWhileFailed = (): void => {
    if (failed !== undefined && now() < failed.until) throw unavailable(failed.message);
  };
  return async (question) => {
    refuseWhileFailed();
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      refuseWhileFailed();
      return await question();
    } catch (error) {
      if (!(error instanceof RegistryFailure)) throw error;
      failed = { until: now() + COOL_DOWN_MS, message: error.message };
      throw unavailable(error.message, error);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

function unavailable(message: string, cause?: unknown): GatewayError {
  return new GatewayError('registry_unavailable', `The Schema Registry ${message}`, { cause, retryAfterSeconds: 5 });
}
