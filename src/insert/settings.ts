import type { Insert } from '../core/insert.ts';

/**
 * Settings of every INSERT. Each one is there because ClickHouse's default would change a value, split the block or drop rows:
 * - the token and both deduplication switches explicitly, because 26.2 and later deduplicate by content when none is given;
 * - `async_insert=0`: an acknowledged row is a stored row;
 * - `optimize_on_insert=0`: every row of a block is there to be counted, also when two have the same key;
 * - block sizes far above our own caps: one INSERT is one block, so a token stands for all rows of it;
 * - `input_format_*`: an unknown field, an unknown tuple element or a null in a non-nullable column is an error, not a default;
 *   text is never guessed to be a date inside JSON and Dynamic.
 * `deduplicate_insert` came with 26.2; older servers know `insert_deduplicate`.
 */
export function insertSettings(insert: Insert, serverVersion: string): Readonly<Record<string, string | number>> {
  return {
    async_insert: 0,
    optimize_on_insert: 0,
    insert_deduplication_token: insert.token,
    ...(atLeast(serverVersion, 26, 2) ? { deduplicate_insert: 'enable' } : { insert_deduplicate: 1 }),
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_block_size: 5_000_000,
    min_insert_block_size_rows: 5_000_000,
    min_insert_block_size_bytes: 0,
    date_time_input_format: 'best_effort',
    input_format_skip_unknown_fields: 0,
    input_format_null_as_default: 0,
    input_format_defaults_for_omitted_fields: 1,
    input_format_json_ignore_unknown_keys_in_named_tuple: 0,
    input_format_parallel_parsing: 0,
    input_format_try_infer_dates: 0,
    input_format_try_infer_datetimes: 0,
  };
}

/** The oldest server the gateway writes to: older ones lack the JSON type and put tokens aside in cases that matter. */
export const MINIMUM_VERSION = [24, 8] as const;

/** Whether a ClickHouse version such as `26.7.2.1` is `major.minor` or later. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = version.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

/** `name` as a quoted identifier. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** `INSERT INTO db.table (columns)` with everything quoted. */
export function insertInto(insert: Insert): string {
  const columns = insert.columns.map(quoteIdentifier).join(', ');
  return `INSERT INTO ${quoteIdentifier(insert.table.database)}.${quoteIdentifier(insert.table.table)} (${columns})`;
}
