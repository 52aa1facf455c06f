/**
 * Keeps the parts of a table below the number at which ClickHouse slows inserts down, and then refuses them, by making groups rarer and so larger.
 *
 * Invariant: it delays and refuses, and never drops. Proved by `test/unit/insert/governor.test.ts`.
 */
import { GatewayError } from '../core/errors.ts';
import type { Destination, Timers } from '../core/ports.ts';
import type { TableName, TableSchema } from '../core/table.ts';

export interface Governor {
  /** Milliseconds to wait before the next insert into the table. */
  pace(table: TableSchema): number;
  /** @throws GatewayError `parts_pressure` when the table is about to refuse inserts. */
  admit(table: TableSchema): void;
  /** Active parts of the table's fullest partition, as last seen. */
  parts(table: TableName): number | undefined;
}

/** Active parts of a table's fullest partition, and ClickHouse's limits for them. */
export interface PartCount {
  readonly parts: number;
  readonly delayAt: number;
  readonly throwAt: number;
}

/** How old a count may be before the table is asked again, which costs no insert any time. */
const FRESH_MS = 1000;
/** From this part of ClickHouse's limit on, groups are stretched. */
const STRETCH_FROM = 0.5;
const LONGEST_PACE_MS = 2000;
const REFUSE_FROM = 0.95;

/** A governor that counts parts in `destination`. */
export function createGovernor({ destination, timers }: { destination: Pick<Destination, 'select'>; timers: Timers }): Governor {
  const tables = new Map<string, { count: PartCount | undefined; askedAt: number; isAsking: boolean }>();
  const seen = ({ database, table }: TableName): PartCount | undefined => tables.get(`${database}.${table}`)?.count;

  const refresh = ({ name }: TableSchema): void => {
    const key = `${name.database}.${name.table}`;
    const entry = tables.get(key) ?? { count: undefined, askedAt: Number.NEGATIVE_INFINITY, isAsking: false };
    tables.set(key, entry);
    const age = timers.now() - entry.askedAt;
    if (entry.isAsking || (age >= 0 && age < FRESH_MS)) return;
    entry.isAsking = true;
    entry.askedAt = timers.now();
    const ask = async (): Promise<void> => {
      entry.count = await countParts(destination, name);
    };
    // An insert meets the same trouble and says so.
    ask()
      .catch(() => undefined)
      .finally(() => {
        entry.isAsking = false;
      });
  };

  return {
    pace(table) {
      refresh(table);
      const count = seen(table.name);
      if (count === undefined) return 0;
      const share = (count.parts / count.delayAt - STRETCH_FROM) / (1 - STRETCH_FROM);
      return share <= 0 ? 0 : Math.round(Math.min(1, share) * LONGEST_PACE_MS);
    },
    admit(table) {
      refresh(table);
      const count = seen(table.name);
      if (count === undefined || count.parts < count.throwAt * REFUSE_FROM) return;
      const { database, table: name } = table.name;
      const detail = `The table ${database}.${name} has ${count.parts} parts in a partition and ClickHouse refuses inserts from ${count.throwAt} on: send the request again later, and partition the table more coarsely if this lasts`;
      throw new GatewayError('parts_pressure', detail, { retryAfterSeconds: 10 });
    },
    parts: (table) => seen(table)?.parts,
  };
}

async function countParts(destination: Pick<Destination, 'select'>, { database, table }: TableName): Promise<PartCount> {
  const [row] = await destination.select<{ parts: string; delay_at: string; throw_at: string; own: string }>(
    `SELECT
       (SELECT max(n) FROM (SELECT count() AS n FROM system.parts WHERE active AND database = {database:String} AND table = {table:String} GROUP BY partition_id)) AS parts,
       (SELECT any(value) FROM system.merge_tree_settings WHERE name = 'parts_to_delay_insert') AS delay_at,
       (SELECT any(value) FROM system.merge_tree_settings WHERE name = 'parts_to_throw_insert') AS throw_at,
       (SELECT any(engine_full) FROM system.tables WHERE database = {database:String} AND name = {table:String}) AS own`,
    { database, table },
  );
  const ownLimit = (name: string): number | undefined => {
    const found = new RegExp(`\\b${name} = (\\d+)`).exec(row?.own ?? '')?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    parts: Number(row?.parts ?? 0),
    delayAt: positive(ownLimit('parts_to_delay_insert') ?? Number(row?.delay_at)),
    throwAt: positive(ownLimit('parts_to_throw_insert') ?? Number(row?.throw_at)),
  };
}

/** ClickHouse takes 0 for no limit. */
function positive(limit: number): number {
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
