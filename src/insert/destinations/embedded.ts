/**
 * ClickHouse in this process (npm chdb).
 *
 * Invariant: a block reaches the engine only as a file named in the statement, and every setting is scoped to its statement.
 * Bodies inside the SQL text end at a blank line and run as SQL; settings of the package's own insert call stick to the session
 * and make later inserts vanish. Proved by `test/conformance/destination.test.ts`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from 'chdb';
import type { ClickHouseConfig } from '../../core/config.ts';
import type { Insert } from '../../core/insert.ts';
import { type Destination, DestinationError } from '../../core/ports.ts';
import { serverFailure, transportFailure } from '../classify.ts';
import { insertInto, insertSettings } from '../settings.ts';
import { refuseUnsafeQuery } from './read-only.ts';
import { createScratch, isAlive, type ScratchFile } from './scratch.ts';
import { createPool } from './session-pool.ts';

/** Statements that run at the same time. Must stay below the threads of libuv's pool, which each of them holds one of. */
const PARALLEL_STATEMENTS = 3;

/** For statements of administrators: they cannot write, run without end, or fill the memory. The session can't change these any more. */
const READER_SETTINGS =
  "SET max_execution_time = 60, max_result_bytes = 67108864, result_overflow_mode = 'throw', max_memory_usage = 1073741824, readonly = 1";

interface Worker {
  readonly session: Session;
  readonly file: ScratchFile;
}

/**
 * The engine on `dataDirectory`, which no other process may use meanwhile.
 * @throws DestinationError when the package is missing, the platform unsupported or the directory taken.
 */
export async function createEmbeddedDestination(
  config: Extract<ClickHouseConfig, { embedded: true }>,
  dataDirectory: string,
): Promise<Destination> {
  const chdb = await importEngine();
  mkdirSync(dataDirectory, { recursive: true });
  const configFile = join(dataDirectory, 'engine.xml');
  writeFileSync(configFile, engineConfig(config.maxMemoryBytes), { mode: 0o600 });
  const path = join(dataDirectory, 'clickhouse');
  const open = (): Session =>
    new chdb.Session(path, { connectionArgs: [`--config-file=${configFile}`, '--output_format_json_quote_64bit_integers=1'] });
  const scratch = createScratch(join(dataDirectory, 'scratch'));

  const workers: Worker[] = [];
  let reader: Session;
  let version: string;
  try {
    for (let i = 0; i < PARALLEL_STATEMENTS; i++) workers.push({ session: open(), file: scratch.open(`block-${i}`) });
    reader = open();
    version = (await reader.queryAsync('SELECT version()', { format: 'TSVRaw' })).text().trim();
    await reader.queryAsync(READER_SETTINGS);
  } catch (error) {
    for (const { session } of workers) session.close();
    scratch.close();
    throw startFailure(error, path);
  }
  const pool = createPool(workers);
  const readers = createPool([reader]);

  return {
    kind: 'embedded',
    version: async () => await Promise.resolve(version),
    insert: async (insert) => await pool.use(async (worker) => await insertFile(worker, insert, version)),
    async select<Row>(sql: string, params: Readonly<Record<string, string>> = {}) {
      const text = await pool
        .use(async ({ session }) => (await session.queryBindAsync(sql, params, { format: 'JSONEachRow' })).text())
        .catch(rethrow);
      return parseRows<Row>(text);
    },
    async execute(sql) {
      await pool.use(async ({ session }) => await session.queryAsync(sql)).catch(rethrow);
    },
    async queryReadOnly(sql) {
      return await readers
        .use(async (session) => {
          await refuseUnsafeQuery(session, sql);
          return Buffer.from((await session.queryAsync(sql, { format: 'JSONEachRow' })).bytes());
        })
        .catch(rethrow);
    },
    async close() {
      await pool.drain();
      await readers.drain();
      for (const { session } of workers) session.close();
      reader.close();
      await chdb.drainPending();
      scratch.close();
    },
  };
}

async function insertFile({ session, file }: Worker, insert: Insert, version: string): Promise<void> {
  writeScratch(file, insert.data);
  const settings = Object.entries(insertSettings(insert, version)).map(([name, value]) => `${name}=${literal(value)}`);
  const sql = `${insertInto(insert)} FROM INFILE ${literal(file.path)} COMPRESSION 'none' SETTINGS ${settings.join(', ')} FORMAT ${insert.format}`;
  try {
    const result = await session.queryAsync(sql);
    // The engine reports the rows it read, also for a block it has seen before. Fewer means that it misread the block.
    if (result.rowsRead !== insert.rowCount) throw transportFailure(new Error(`${result.rowsRead} of ${insert.rowCount} rows read`), true);
  } catch (error) {
    rethrow(error, insert);
  } finally {
    file.clear();
  }
}

/** The engine has seen nothing of the block yet. */
function writeScratch(file: ScratchFile, data: readonly Buffer[]): void {
  try {
    file.write(data);
  } catch (cause) {
    const isFull = ['ENOSPC', 'EDQUOT', 'ENOMEM'].includes((cause as NodeJS.ErrnoException).code ?? '');
    const message = isFull
      ? 'there is no room for the rows on their way to ClickHouse, in /dev/shm or the data directory'
      : 'the rows cannot be handed to ClickHouse';
    throw new DestinationError(message, { failure: isFull ? 'storage-full' : 'operator', applied: 'no', cause });
  }
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function parseRows<Row>(text: string): Row[] {
  return text.trim() === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Row);
}

function rethrow(error: unknown, insert?: Insert): never {
  if (error instanceof DestinationError) throw error;
  const code = (error as { clickhouseCode?: unknown } | null)?.clickhouseCode;
  if (typeof code === 'number' && code > 0) throw serverFailure(code, (error as Error).message, insert);
  throw transportFailure(error, true);
}

async function importEngine(): Promise<typeof import('chdb')> {
  try {
    return await import('chdb');
  } catch (cause) {
    const detail =
      'The embedded engine cannot be loaded: it needs Linux with glibc, or macOS, and the optional package chdb. Install it, or set clickhouse.url';
    throw new DestinationError(detail, { failure: 'operator', applied: 'no', cause });
  }
}

/** The engine tells why only on the native error stream. Its lock file names the process that holds the directory. */
function startFailure(cause: unknown, path: string): DestinationError {
  const owner = Number(/^PID: (\d+)/m.exec(readIfThere(join(path, 'status')))?.[1] ?? 0);
  const taken = owner !== 0 && owner !== process.pid && isAlive(owner);
  const message = taken
    ? `The data directory is in use by process ${owner}: stop it, or set data to another directory`
    : 'The embedded engine cannot open its data directory: check that it is writable and was not written by a newer version';
  return new DestinationError(message, { failure: 'operator', applied: 'no', cause });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function engineConfig(maxMemoryBytes: number): string {
  return [
    '<clickhouse>',
    `  <max_server_memory_usage>${maxMemoryBytes}</max_server_memory_usage>`,
    '  <merge_tree><non_replicated_deduplication_window>10000</non_replicated_deduplication_window></merge_tree>',
    '</clickhouse>',
    '',
  ].join('\n');
}
