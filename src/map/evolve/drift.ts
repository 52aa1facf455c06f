/**
 * What a table lacks of the newest schema of its records, and what records wait for. Read anew for every question, so that it holds whichever gateway the
 * records went to.
 */
import { createHash } from 'node:crypto';
import type { PipelineConfig } from '../../core/config.ts';
import { GatewayError } from '../../core/errors.ts';
import type { Destination, Drift, DriftChange, DriftTable } from '../../core/ports.ts';
import type { RecordType } from '../../core/schema.ts';
import type { TableName } from '../../core/table.ts';
import type { TableCatalog } from '../tables.ts';
import { alterSql, rewritesRows, type TableChange } from './changes.ts';
import type { Pending, PendingChanges } from './pending.ts';
import { changesBySchema, type SchemaChanges } from './schema-changes.ts';
import type { InTurn } from './turns.ts';

export interface DriftDeps {
  readonly destination: Pick<Destination, 'execute' | 'select'>;
  readonly catalog: Pick<TableCatalog, 'refresh'>;
  readonly pending: Pending;
  readonly inTurn: InTurn;
  readonly cluster: string | undefined;
  /** The newest schema of a topic's records, or what is wrong with it; undefined where there is none. @throws GatewayError when the registry cannot be asked. */
  readonly schemaOf: (
    pipeline: PipelineConfig,
    topic: string | undefined,
  ) => Promise<{ readonly record: RecordType } | { readonly problem: string } | undefined>;
  /** The table of a topic; undefined where the pipeline's table depends on a topic and there is none. */
  readonly tableOf: (pipeline: PipelineConfig, topic: string | undefined) => TableName | undefined;
}

/** Topics that are looked at without being asked for. */
const MOST_TOPICS = 50;

/** A table, and the topic whose schema it follows. */
interface Subject {
  readonly name: TableName;
  readonly topic: string | undefined;
}

/** Answers from tables, the registry and what waits. Its methods throw GatewayError and DestinationError. */
export function createDrift(deps: DriftDeps): Drift {
  return {
    async show(pipeline, topic) {
      const subjects = subjectsOf(deps, pipeline, topic);
      const tables: DriftTable[] = [];
      for (const subject of subjects.slice(0, MOST_TOPICS)) tables.push(await describe(deps, pipeline, subject));
      const more = subjects.length - MOST_TOPICS;
      return { pipeline: pipeline.name, auto_evolve: pipeline.autoEvolve, tables, ...(more > 0 ? { more_tables: more } : {}) };
    },
    async approve(pipeline, { plan, topic }) {
      for (const subject of subjectsOf(deps, pipeline, topic)) {
        if ((await describe(deps, pipeline, subject)).plan !== plan) continue;
        return await deps.inTurn(subject.name, async () => await apply(deps, pipeline, { subject, plan }));
      }
      throw changed();
    },
  };
}

/** Runs what was approved, if that is still what is to be done. */
async function apply(
  deps: DriftDeps,
  pipeline: PipelineConfig,
  { subject, plan }: { readonly subject: Subject; readonly plan: string },
): Promise<DriftTable> {
  const { plan: now, statement } = await describe(deps, pipeline, subject);
  if (now !== plan || statement === undefined) throw changed();
  await deps.destination.execute(statement);
  deps.pending.forget(subject.name);
  return await describe(deps, pipeline, subject);
}

function changed(): GatewayError {
  return new GatewayError(
    'plan_changed',
    'This is not, or no longer, the plan of a table: look at the drift again, and approve the plan it shows now',
  );
}

/** The tables of a pipeline's topics, and those for which records wait. */
function subjectsOf({ tableOf, pending }: DriftDeps, pipeline: PipelineConfig, only: string | undefined): Subject[] {
  const topics = only === undefined ? pipeline.topics.filter((topic) => typeof topic === 'string') : [only];
  const waiting = only === undefined ? pending.of(pipeline.name).map(({ topic }) => topic) : [];
  const subjects = new Set<string | undefined>([...topics, ...waiting]);
  if (subjects.size === 0) subjects.add(undefined);
  return [...subjects].flatMap((topic) => {
    const name = tableOf(pipeline, topic);
    return name === undefined ? [] : [{ name, topic }];
  });
}

const NOTHING: SchemaChanges = { changes: [], undecided: [] };

async function describe(deps: DriftDeps, pipeline: PipelineConfig, { name, topic }: Subject): Promise<DriftTable> {
  const table = await deps.catalog.refresh(name);
  const schema = await deps.schemaOf(pipeline, topic);
  const about = { table: `${name.database}.${name.table}`, ...(topic === undefined ? {} : { topic }), ...schemaFacts(schema) };
  if (table === undefined) return { ...about, exists: false, changes: [] };
  const { changes, undecided } = schema !== undefined && 'record' in schema ? changesBySchema(table, schema.record, pipeline) : NOTHING;
  const waiting = deps.pending
    .of(pipeline.name)
    .find((one) => one.topic === topic && one.table.table === name.table && one.table.database === name.database);
  const all = combined(changes, waiting?.changes.filter((change) => isOpen(change, table.columns)) ?? []);
  const sizes = await sizesOf(deps.destination, name);
  const statement = all.length === 0 ? undefined : alterSql(name, all, deps.cluster);
  return {
    ...about,
    exists: true,
    changes: all.map((change) => shownChange(change, sizes.columns.get(change.column))),
    ...(undecided.length === 0 ? {} : { decided_by_records: undecided }),
    ...(statement === undefined ? {} : { plan: idOf(statement), statement, rows: sizes.rows }),
    ...(waiting === undefined ? {} : waitingOf(waiting)),
  };
}

function schemaFacts(schema: Awaited<ReturnType<DriftDeps['schemaOf']>>): Pick<DriftTable, 'has_schema' | 'schema_problem'> {
  if (schema === undefined) return { has_schema: false };
  return { has_schema: true, ...('problem' in schema ? { schema_problem: `The newest schema ${schema.problem}` } : {}) };
}

/** ClickHouse does not count the columns of small parts apart. */
function shownChange(change: TableChange, bytes = '0'): DriftChange {
  const { column, change: what, type: to } = change;
  const before = change.change === 'add' ? {} : { from: onOneLine(change.from) };
  if (!rewritesRows(change)) return { column, change: what, ...before, to, effect: 'metadata only' };
  return { column, change: what, ...before, to, effect: 'rewrites the column', ...(bytes === '0' ? {} : { bytes }) };
}

function waitingOf({ since, deliveries, changes }: PendingChanges): Pick<DriftTable, 'waiting'> {
  return { waiting: { since: new Date(since).toISOString(), deliveries, columns: changes.map(({ column }) => column) } };
}

/** Whether it is still to be done: the table may have been changed by somebody else. */
function isOpen(change: TableChange, columns: ReadonlyArray<{ readonly name: string; readonly typeText: string }>): boolean {
  const column = columns.find(({ name }) => name === change.column);
  return change.change === 'add' ? column === undefined : column !== undefined && column.typeText === change.from;
}

/** Each column once. What records wait for was tried with their values. */
function combined(bySchema: readonly TableChange[], waiting: readonly TableChange[]): TableChange[] {
  const byColumn = new Map([...bySchema, ...waiting].map((change) => [change.column, change]));
  return [...byColumn.values()];
}

function onOneLine(type: string): string {
  return type.replaceAll(/\s+/g, ' ').replaceAll('( ', '(');
}

function idOf(statement: string): string {
  return createHash('sha256').update(statement).digest('hex').slice(0, 16);
}

interface Sizes {
  readonly rows: string;
  /** Compressed bytes, by column. */
  readonly columns: ReadonlyMap<string, string>;
}

async function sizesOf(destination: Pick<Destination, 'select'>, { database, table }: TableName): Promise<Sizes> {
  const params = { database, table };
  const [total] = await destination.select<{ rows: string | null }>(
    'SELECT total_rows AS rows FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    params,
  );
  const columns = await destination.select<{ name: string; bytes: string }>(
    'SELECT name, data_compressed_bytes AS bytes FROM system.columns WHERE database = {database:String} AND table = {table:String}',
    params,
  );
  return { rows: total?.rows ?? '0', columns: new Map(columns.map(({ name, bytes }) => [name, bytes])) };
}
