/**
 * A ClickHouse server over HTTP.
 *
 * Invariant: an insert that was sent is never aborted, and an answer that can't be understood is an unknown outcome, never a
 * success. Proved by `test/conformance/destination.test.ts` and `test/unit/insert/clickhouse.test.ts`.
 */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseConfig } from '../../core/config.ts';
import type { Insert } from '../../core/insert.ts';
import { type Destination, DestinationError } from '../../core/ports.ts';
import { serverFailure, transportFailure } from '../classify.ts';
import { atLeast, insertInto, insertSettings, MINIMUM_VERSION } from '../settings.ts';

/** An error body is read up to here: enough for the code, the row and the column. */
const ERROR_TEXT_LIMIT = 64 * 1024;

/** Errors of a connection that was never made. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
]);

/** A destination on the server of `config`. Connects on the first call, so that it can be made while the server is away. */
export function createClickHouseDestination(config: Extract<ClickHouseConfig, { embedded: false }>): Destination {
  const client = createClient({
    url: config.url,
    username: config.username,
    password: config.password,
    database: config.database,
    request_timeout: config.requestTimeoutMs,
    compression: { request: true, response: false },
    log: { level: ClickHouseLogLevel.OFF },
    application: 'sluice',
  });
  let knownVersion: string | undefined;

  const version = async (): Promise<string> => {
    if (knownVersion !== undefined) return knownVersion;
    const [row] = await select<{ version: string }>(client, 'SELECT version() AS version');
    const found = row?.version ?? '';
    if (!atLeast(found, ...MINIMUM_VERSION)) throw tooOld(found);
    knownVersion = found;
    return found;
  };

  return {
    kind: 'clickhouse',
    version,
    async insert(insert) {
      const settings = insertSettings(insert, await version());
      await send(client, insert, settings);
    },
    async select(sql, params) {
      return await select(client, sql, params);
    },
    async execute(sql) {
      await client.command({ query: sql, clickhouse_settings: { wait_end_of_query: 1 } }).catch(rethrow);
    },
    async close() {
      await client.close();
    },
  };
}

async function select<Row>(client: ClickHouseClient, query: string, params: Readonly<Record<string, string>> = {}): Promise<Row[]> {
  try {
    const result = await client.query({
      query,
      query_params: { ...params },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1, wait_end_of_query: 1 },
    });
    return await result.json<Row>();
  } catch (error) {
    return rethrow(error);
  }
}

/** exec(), not insert(): the client's insert wants objects, we have bytes. The error answer is read raw, see {@link serverFailure}. */
async function send(client: ClickHouseClient, insert: Insert, settings: Readonly<Record<string, string | number>>): Promise<void> {
  let answer: Awaited<ReturnType<typeof client.exec>> & { http_status_code?: number };
  let text: string;
  try {
    answer = await client.exec({
      query: `${insertInto(insert)} FORMAT ${insert.format}`,
      values: Readable.from(insert.data, { objectMode: false }),
      query_id: insert.queryId,
      clickhouse_settings: { ...settings, wait_end_of_query: 1 },
      ignore_error_response: true,
    });
    text = await readText(answer.stream);
  } catch (error) {
    return rethrow(error);
  }
  const header = answer.response_headers['x-clickhouse-exception-code'];
  const code = Number(header ?? /^\s*Code: (\d+)\./.exec(text)?.[1] ?? 0);
  if (code !== 0) throw serverFailure(code, text, insert);
  // A proxy's error page, or a body where a stored insert has none: nobody knows what became of the rows.
  if ((answer.http_status_code ?? 200) >= 300 || text.trim() !== '') throw transportFailure(new Error('unexpected answer'), true);
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (length < ERROR_TEXT_LIMIT) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8', 0, ERROR_TEXT_LIMIT);
}

function rethrow(error: unknown): never {
  if (error instanceof DestinationError) throw error;
  if (error instanceof ClickHouseError && Number(error.code) > 0) throw serverFailure(Number(error.code), error.message);
  const code = (error as { code?: unknown } | null)?.code;
  throw transportFailure(error, !(typeof code === 'string' && NOT_SENT.has(code)));
}

function tooOld(version: string): DestinationError {
  const [major, minor] = MINIMUM_VERSION;
  const shown = /^[\d.]{1,40}$/.test(version) ? version : 'of unknown version';
  return new DestinationError(`The ClickHouse server is ${shown}; the gateway needs ${major}.${minor} or later`, {
    failure: 'operator',
    applied: 'no',
  });
}
