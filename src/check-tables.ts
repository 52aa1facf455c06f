import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, PipelineConfig } from './core/config.ts';
import { alterOf, guaranteeOf } from './core/guarantee.ts';
import { LedgerError } from './core/ledger.ts';
import type { Guarantee } from './core/outcome.ts';
import { type Destination, DestinationError } from './core/ports.ts';
import type { TableName, TableSchema } from './core/table.ts';
import { openLmdbStore } from './dedupe/ledgers/lmdb.ts';
import { nameOf, tablesBy } from './dedupe/pipeline-tables.ts';
import { createClickHouseDestination } from './insert/destinations/clickhouse.ts';
import { createEmbeddedDestination } from './insert/destinations/embedded.ts';
import { resolveTable } from './map/table-name.ts';
import { createTableCatalog } from './map/tables.ts';

/** A table of a pipeline, and what it lets the pipeline promise. */
export interface TableCheck {
  readonly pipeline: string;
  /** `database.table`; null for the tables of topics that a regular expression takes. */
  readonly table: string | null;
  readonly exists: boolean;
  readonly guarantee: Guarantee;
  readonly reasons: readonly string[];
  /** The statement that makes the table fit; null when none does or none is needed. */
  readonly alter: string | null;
  /** Whether the statement was run, and if it failed, why. */
  readonly applied?: true | string;
}

/**
 * Looks at the tables of every pipeline; with `apply` makes them fit for exactly once where a statement can.
 * @throws Error when ClickHouse cannot be asked: the message is one public sentence.
 */
export async function checkTables(config: Config, { apply }: { readonly apply: boolean }): Promise<TableCheck[]> {
  const destination = await open(config);
  try {
    const catalog = destination === undefined ? undefined : createTableCatalog({ destination, now: Date.now });
    const checks: TableCheck[] = [];
    for (const pipeline of config.pipelines) {
      for (const name of tablesOf(pipeline, config)) {
        const read = async (): Promise<TableSchema | undefined> => (name === undefined ? undefined : await catalog?.refresh(name));
        const before = await read();
        const alter = statementFor(before);
        const applied = apply && alter !== null && destination !== undefined ? await run(destination, alter) : undefined;
        checks.push(checkOf(pipeline, name, applied === undefined ? before : await read(), applied));
      }
    }
    return checks;
  } finally {
    await destination?.close();
  }
}

/** The tables of a pipeline: one for each topic it names, where they depend on the topic, and undefined for those it does not name. */
function tablesOf(pipeline: PipelineConfig, config: Config): Array<TableName | undefined> {
  const tableOf = tablesBy((pattern, topic) => resolveTable(pattern, topic, config.clickhouse.database));
  const fixed = tableOf(pipeline, undefined);
  if (fixed !== undefined) return [fixed];
  const named = pipeline.topics.flatMap((topic) => (typeof topic === 'string' ? (tableOf(pipeline, topic) ?? []) : []));
  return pipeline.topics.every((topic) => typeof topic === 'string') ? named : [...named, undefined];
}

function checkOf(
  pipeline: PipelineConfig,
  name: TableName | undefined,
  table: TableSchema | undefined,
  applied: true | string | undefined,
): TableCheck {
  const { guarantee, reasons } = guaranteeOf(pipeline, table);
  return {
    pipeline: pipeline.name,
    table: name === undefined ? null : nameOf(name),
    exists: table !== undefined,
    guarantee,
    // The statement is told once, and not with each reason.
    reasons: reasons.map((reason) => reason.replace(/: ALTER TABLE .*$/, '')),
    alter: statementFor(table),
    ...(applied === undefined ? {} : { applied }),
  };
}

/** No statement makes an engine keep rows apart. */
function statementFor(table: TableSchema | undefined): string | null {
  return table === undefined || table.lacks.length === 0 || table.lacks.includes('engine') || table.lacks.includes('version')
    ? null
    : alterOf(table.name, table.lacks);
}

async function run(destination: Pick<Destination, 'execute'>, statement: string): Promise<true | string> {
  try {
    await destination.execute(statement);
    return true;
  } catch (error) {
    if (error instanceof DestinationError) return error.message;
    throw error;
  }
}

/** Undefined where the embedded engine has not been started yet, so that there is no table. */
async function open({ clickhouse, data }: Config): Promise<Destination | undefined> {
  if (!clickhouse.embedded) return createClickHouseDestination(clickhouse);
  if (!existsSync(join(data, 'clickhouse'))) return undefined;
  const release = await takeData(data);
  try {
    const engine = await createEmbeddedDestination(clickhouse, data);
    return {
      ...engine,
      async close() {
        await engine.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The engine finds out too that a gateway has it, and says so in words of its own. Who has the ledger has the engine. */
async function takeData(data: string): Promise<() => Promise<void>> {
  const directory = join(data, 'ledger');
  if (!existsSync(directory)) return async () => await Promise.resolve();
  try {
    const store = await openLmdbStore(directory);
    return async () => await store.close();
  } catch (error) {
    if (!(error instanceof LedgerError) || !error.message.includes(' is in use ')) throw error;
    const message =
      'The gateway is running and has the embedded ClickHouse: stop it first, or read its GET /v1/pipelines, which tells the same';
    throw new Error(message, { cause: error });
  }
}
