/**
 * What a table holds, for a person who wants to know: by the coordinates its rows keep, or by the batches they came with.
 *
 * Invariant: every row of the topic that has coordinates is in exactly one range, however many there are, or the answer is `too-many`.
 * Proved by `test/unit/insert/table-view.test.ts`.
 */
import { type Destination, DestinationError, type NumberColumn, type TableRange, type TableView, type TopicRows } from '../core/ports.ts';
import { PROVENANCE, type TableSchema } from '../core/table.ts';
import { quoteIdentifier } from './settings.ts';

/** Offsets are first counted in buckets of so many: most of them are whole, and then are not looked at one by one. */
const BUCKET = 65_536;
/** Buckets that are looked at in one statement. A million offsets take some 100 MB. */
const BUCKETS_A_QUERY = 15;
const MOST_QUERIES = 64;
const MOST_RANGES = 200_000;

/** In the gateway's own process a question must not take the memory that inserts need. A server has an operator who set limits. */
const EMBEDDED_LIMITS = ' SETTINGS max_execution_time = 20, max_memory_usage = 1000000000';
/** ClickHouse's codes for a question that is too large to answer: time, memory, rows. */
const TOO_LARGE: ReadonlySet<number> = new Set([159, 160, 241, 158, 307, 396]);

const NO_BATCH = '00000000-0000-0000-0000-000000000000';

interface Bucket {
  readonly p: string;
  readonly bucket: string;
  readonly first: string;
  readonly last: string;
  readonly total: string;
  readonly distinct: string;
}

/** A view of the tables of `destination`. */
export function createTableView(destination: Pick<Destination, 'select' | 'execute' | 'kind'>): TableView {
  const limits = destination.kind === 'embedded' ? EMBEDDED_LIMITS : '';
  const select = async <Row>(sql: string, params: Readonly<Record<string, string>>): Promise<Row[]> =>
    await destination.select<Row>(`${sql}${limits}`, params);

  const readRanges = async (table: TableSchema, rows: TopicRows): Promise<readonly TableRange[] | 'too-many'> => {
    const { sql, params } = coordinatesSql(table, rows);
    const buckets = await select<Bucket>(
      `SELECT p, intDiv(o, ${BUCKET}) AS bucket, min(o) AS first, max(o) AS last, count() AS total, toUInt64(groupBitmap(toUInt32(o % ${BUCKET}))) AS distinct
       FROM (${sql}) GROUP BY p, bucket ORDER BY p, bucket`,
      params,
    );
    const whole = buckets.filter(isWhole).map(({ p, first, last }) => rangeOf(p, first, last, 1));
    const others = buckets.filter((bucket) => !isWhole(bucket));
    if (others.length > BUCKETS_A_QUERY * MOST_QUERIES) return 'too-many';
    const single: TableRange[] = [];
    for (let i = 0; i < others.length; i += BUCKETS_A_QUERY) {
      const some = others.slice(i, i + BUCKETS_A_QUERY);
      const found = await select<{ p: string; first: string; last: string; copies: string }>(
        `SELECT p, min(o) AS first, max(o) AS last, copies
         FROM (SELECT p, o, copies, o - toInt64(row_number() OVER (PARTITION BY p, copies ORDER BY o)) AS island
               FROM (SELECT p, o, count() AS copies FROM (${sql})
                     WHERE (p, intDiv(o, ${BUCKET})) IN (SELECT arrayJoin(arrayZip({partitions:Array(Int64)}, {buckets:Array(Int64)})))
                     GROUP BY p, o))
         GROUP BY p, copies, island ORDER BY p, first LIMIT ${MOST_RANGES + 1}`,
        { ...params, partitions: `[${some.map(({ p }) => p).join()}]`, buckets: `[${some.map(({ bucket }) => bucket).join()}]` },
      );
      single.push(...found.map(({ p, first, last, copies }) => rangeOf(p, first, last, Number(copies))));
      if (single.length > MOST_RANGES) return 'too-many';
    }
    return [...whole, ...single].toSorted((a, b) => a.partition - b.partition || (a.from < b.from ? -1 : 1));
  };

  return {
    async ranges(table, rows) {
      await syncReplica(destination, table);
      try {
        return await readRanges(table, rows);
      } catch (error) {
        if (error instanceof DestinationError && TOO_LARGE.has(error.clickhouseCode ?? 0)) return 'too-many';
        throw error;
      }
    },

    async find(table, rows, { partition, offset }) {
      const { condition, params } = topicCondition(rows);
      const places = rows.columns.map(
        ({ partition: p, offset: o }) => `(${equals(p, '{partition:Int64}')} AND ${equals(o, '{offset:Int64}')})`,
      );
      const provenance = hasBatches(table)
        ? `toString(${PROVENANCE.batch}) AS batch, ${PROVENANCE.row} AS row`
        : `'${NO_BATCH}' AS batch, 0 AS row`;
      const found = await select<{ batch: string; row: number }>(
        `SELECT ${provenance} FROM ${nameOf(table)} WHERE (${places.join(' OR ')})${condition} ORDER BY batch, row LIMIT 2`,
        { ...params, partition: String(partition), offset: String(offset) },
      );
      return found.map(({ batch, row }) => ({ batch: batch === NO_BATCH ? undefined : batch, row }));
    },

    async countWritten(table, except) {
      if (!hasBatches(table)) return undefined;
      await syncReplica(destination, table);
      const ids = `[${except.map((id) => `'${id}'`).join()}]`;
      const [found] = await select<{ total: string }>(
        `SELECT count() AS total FROM ${nameOf(table)}
         WHERE ${PROVENANCE.batch} != {none:UUID} AND NOT has({except:Array(UUID)}, ${PROVENANCE.batch})`,
        { none: NO_BATCH, except: ids },
      );
      return BigInt(found?.total ?? 0);
    },
  };
}

/** What another replica took in has to be here before it is looked at. */
async function syncReplica(destination: Pick<Destination, 'execute'>, table: TableSchema): Promise<void> {
  if (/^(Replicated|Shared)/.test(table.engine)) await destination.execute(`SYSTEM SYNC REPLICA ${nameOf(table)}`);
}

function hasBatches({ columns }: TableSchema): boolean {
  const types = { [PROVENANCE.batch]: 'UUID', [PROVENANCE.row]: 'UInt32' };
  return Object.entries(types).every(([own, type]) => columns.some(({ name, typeText }) => name === own && typeText === type));
}

/** The coordinates of every row of the topic that has them, as p and o. */
function coordinatesSql(table: TableSchema, rows: TopicRows): { sql: string; params: Record<string, string> } {
  const { condition, params } = topicCondition(rows);
  const p = firstOf(rows.columns.map(({ partition }) => partition));
  const o = firstOf(rows.columns.map(({ offset }) => offset));
  const known = `SELECT ${p} AS known_p, ${o} AS known_o FROM ${nameOf(table)} WHERE true${condition}`;
  // Nothing after this meets a NULL, which ClickHouse would refuse to look for in a set.
  return {
    sql: `SELECT assumeNotNull(known_p) AS p, assumeNotNull(known_o) AS o FROM (${known}) WHERE known_p >= 0 AND known_o >= 0`,
    params,
  };
}

function topicCondition({ columns, topic, isOnlyTopic }: TopicRows): { condition: string; params: Record<string, string> } {
  const named = columns.flatMap((group) => (group.topic === undefined ? [] : [quoteIdentifier(group.topic)]));
  if (named.length === 0) return { condition: '', params: {} };
  const found = `coalesce(${named.join(', ')})`;
  return { condition: ` AND (${found} = {topic:String}${isOnlyTopic ? ` OR ${found} IS NULL` : ''})`, params: { topic } };
}

function firstOf(columns: readonly NumberColumn[]): string {
  return `coalesce(${columns.map(asNumber).join(', ')})`;
}

function asNumber({ name }: NumberColumn): string {
  return `accurateCastOrNull(${quoteIdentifier(name)}, 'Int64')`;
}

/** A column of numbers is compared as it is, so that an index of the table serves. */
function equals(column: NumberColumn, value: string): string {
  return `${column.isText ? asNumber(column) : quoteIdentifier(column.name)} = ${value}`;
}

function isWhole({ first, last, total, distinct }: Bucket): boolean {
  return total === distinct && BigInt(last) - BigInt(first) + 1n === BigInt(total);
}

function rangeOf(partition: string, from: string, to: string, copies: number): TableRange {
  return { partition: Number(partition), from: BigInt(from), to: BigInt(to), copies };
}

function nameOf({ name: { database, table } }: TableSchema): string {
  return `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
}
