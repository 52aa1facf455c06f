/**
 * Rows → durable rows, one INSERT a block.
 *
 * Invariant: a result of `stored` means that ClickHouse confirmed every block of the row set. A token is new for each block, so
 * it protects nothing but the block itself: records that are sent again are written again.
 * Proved by `test/unit/insert/inserter.test.ts`.
 */
import type { Rejection } from '../core/batch.ts';
import { GatewayError } from '../core/errors.ts';
import type { Insert, RowSet } from '../core/insert.ts';
import { type Destination, DestinationError } from '../core/ports.ts';
import { cutBlocks, encodeBlock } from './block.ts';

/** One block stays far below the sizes at which ClickHouse would cut it, and within the engine's memory. */
const MAX_BLOCK_ROWS = 500_000;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/** `batch` is absent when there was no row to write. */
export type InsertResult =
  | { readonly kind: 'stored'; readonly batch?: string }
  | { readonly kind: 'refused'; readonly rejection: Rejection };

/**
 * A stage that writes row sets. When ClickHouse refuses a row and says which, the result is `refused` with that record.
 * @throws DestinationError for every other failure; GatewayError when a refused row comes after a block that was stored.
 */
export function createInserter(deps: { destination: Destination; newId: () => string }): (rowSet: RowSet) => Promise<InsertResult> {
  return async (rowSet) => {
    const batch = deps.newId();
    let start = 0;
    for (const end of cutBlocks(rowSet.rows, MAX_BLOCK_ROWS, MAX_BLOCK_BYTES)) {
      const insert = blockInsert(rowSet, start, end, start === 0 ? batch : deps.newId());
      try {
        await deps.destination.insert(insert);
      } catch (error) {
        const rejection = refusedRecord(error, rowSet, start);
        if (rejection === undefined) throw error;
        if (start > 0)
          throw new GatewayError('records_rejected', `${rejection.reason}. The first ${start} records of the request were stored`, {
            cause: error,
          });
        return { kind: 'refused', rejection };
      }
      start = end;
    }
    return start === 0 ? { kind: 'stored' } : { kind: 'stored', batch };
  };
}

function blockInsert(rowSet: RowSet, from: number, to: number, batchId: string): Insert {
  return {
    table: rowSet.table.name,
    columns: rowSet.columns,
    data: encodeBlock(rowSet.rows, from, to),
    format: 'JSONEachRow',
    rowCount: to - from,
    batchId,
    token: batchId,
  };
}

function refusedRecord(error: unknown, rowSet: RowSet, firstRow: number): Rejection | undefined {
  if (!(error instanceof DestinationError) || error.failure !== 'row' || error.row === undefined) return undefined;
  const ordinal = rowSet.ordinals[firstRow + error.row];
  if (ordinal === undefined) return undefined;
  return {
    ordinal,
    code: 'refused_by_clickhouse',
    ...(error.column === undefined ? {} : { column: error.column }),
    reason: `${error.message}: compare the record with the table's types and constraints`,
  };
}
