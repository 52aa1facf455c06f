import { createHash } from 'node:crypto';
import type { Destination } from '../core/ports.ts';
import { type Column, PROVENANCE, type TableName, type TableSchema } from '../core/table.ts';
import { parseColumnType } from './column-type.ts';

/** How long a schema is used without asking whether it still holds. An INSERT that fails for its schema asks at once. */
const FRESH_MS = 60_000;

/** Records are refused for a table as it is, or was a moment ago: a flood of bad ones does not ask each time. */
const RECENT_MS = 1000;

/** The schemas of tables, read from ClickHouse and kept. */
export interface TableCatalog {
  /** The table as it was last read; undefined when there is none, which is not kept. */
  get(name: TableName): Promise<TableSchema | undefined>;
  /** The same, read again if it was read longer than a second ago: for records that would be refused. */
  recent(name: TableName): Promise<TableSchema | undefined>;
  /** Reads the table anew. Callers at the same time share one reading. */
  refresh(name: TableName): Promise<TableSchema | undefined>;
}

/** A catalog over `destination`. Its methods throw DestinationError. */
export function createTableCatalog({ destination, now }: { destination: Destination; now: () => number }): TableCatalog {
  const known = new Map<string, { readonly schema: TableSchema; readonly readAt: number }>();
  const reading = new Map<string, Promise<TableSchema | undefined>>();

  const read = async (name: TableName, key: string): Promise<TableSchema | undefined> => {
    const schema = await describe(destination, name);
    if (schema === undefined) known.delete(key);
    else known.set(key, { schema, readAt: now() });
    return schema;
  };
  const refresh = async (name: TableName): Promise<TableSchema | undefined> => {
    const key = `${name.database}.${name.table}`;
    let running = reading.get(key);
    if (running === undefined) {
      running = read(name, key).finally(() => reading.delete(key));
      reading.set(key, running);
    }
    return await running;
  };
  return {
    refresh,
    async recent(name) {
      const entry = known.get(`${name.database}.${name.table}`);
      return entry === undefined || now() - entry.readAt > RECENT_MS ? await refresh(name) : entry.schema;
    },
    async get(name) {
      const entry = known.get(`${name.database}.${name.table}`);
      if (entry === undefined) return await refresh(name);
      // Old, but not known to be wrong: it serves while it is read again.
      if (now() - entry.readAt > FRESH_MS) refresh(name).catch(() => undefined);
      return entry.schema;
    },
  };
}

async function describe(destination: Destination, { database, table }: TableName): Promise<TableSchema | undefined> {
  const params = { database, table };
  const [found] = await destination.select<{ engine: string; engine_full: string }>(
    'SELECT engine, engine_full FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    params,
  );
  if (found === undefined) return undefined;
  const rows = await destination.select<{ name: string; type: string; default_kind: Column['defaultKind']; in_key: number }>(
    `SELECT name, type, default_kind, is_in_sorting_key OR is_in_partition_key AS in_key
     FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY position`,
    params,
  );
  const columns = rows.map(({ name, type, default_kind: defaultKind, in_key: inKey }) => ({
    name,
    typeText: type,
    type: parseColumnType(type),
    defaultKind,
    inKey: inKey === 1,
  }));
  const lacks = lacksOf(found, columns, destination.kind);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([found.engine, rows]))
    .digest('base64url')
    .slice(0, 22);
  return {
    name: { database, table },
    engine: found.engine,
    columns,
    hasProvenance: lacks.every((lack) => lack === 'fsync' || lack === 'window'),
    lacks,
    fingerprint,
  };
}

/** A version column is named, after the path and the replica where there are those. */
const VERSIONED = /^\w*ReplacingMergeTree\(('[^']*', '[^']*', )?`?\w/;

/** Engines that keep the rows they were given, or others that were given for the same key. The rest add rows up, and their provenance with them. */
const KEEPS_ROWS = /^(Replicated|Shared)?(Replacing)?MergeTree$/;

function lacksOf(
  found: { engine: string; engine_full: string },
  columns: readonly Column[],
  kind: Destination['kind'],
): TableSchema['lacks'] {
  const typeOf = (name: string): string | undefined => columns.find((column) => column.name === name)?.typeText;
  const isProven = typeOf(PROVENANCE.batch) === 'UUID' && typeOf(PROVENANCE.row) === 'UInt32';
  // A server syncs, or replicates, as its operator decided; here nobody else does.
  const isSynced =
    kind !== 'embedded' ||
    ['fsync_after_insert', 'fsync_part_directory'].every((name) => new RegExp(`\\b${name} = (1|true)`).test(found.engine_full));
  if (!KEEPS_ROWS.test(found.engine)) return ['engine'];
  if (found.engine.includes('Replacing') && !VERSIONED.test(found.engine_full)) return ['version'];
  // Replicated tables remember inserts by themselves, and so does the embedded engine as the gateway starts it.
  const remembers =
    kind === 'embedded' ||
    found.engine !== found.engine.replace(/^(Replicated|Shared)/, '') ||
    /\bnon_replicated_deduplication_window = [1-9]/.test(found.engine_full);
  return [...(isProven ? [] : ['provenance' as const]), ...(remembers ? [] : ['window' as const]), ...(isSynced ? [] : ['fsync' as const])];
}
