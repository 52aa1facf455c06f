import type { RowText } from '../core/insert.ts';

const NEWLINE = 0x0a;

/** Rows [from, to) as one block of JSONEachRow: each row and a newline. */
export function encodeBlock(rows: RowText, from: number, to: number): Buffer {
  const block = Buffer.allocUnsafe(blockBytes(rows, from, to));
  let length = 0;
  for (let row = from; row < to; row++) {
    const source = rows.sources[rows.spans[row * 3]!]!;
    length += source.copy(block, length, rows.spans[row * 3 + 1], rows.spans[row * 3 + 2]);
    block[length++] = NEWLINE;
  }
  return block;
}

/**
 * Cuts rows into blocks: the end row of each. A block holds at most `maxRows` rows and `maxBytes` bytes, but always one row.
 */
export function cutBlocks(rows: RowText, maxRows: number, maxBytes: number): number[] {
  const count = rowCount(rows);
  const ends: number[] = [];
  let start = 0;
  let bytes = 0;
  for (let row = 0; row < count; row++) {
    const size = rowBytes(rows, row);
    if (row > start && (row - start >= maxRows || bytes + size > maxBytes)) {
      ends.push(row);
      start = row;
      bytes = 0;
    }
    bytes += size;
  }
  if (count > start) ends.push(count);
  return ends;
}

/** How many rows there are. */
export function rowCount(rows: RowText): number {
  return rows.spans.length / 3;
}

function rowBytes(rows: RowText, row: number): number {
  return rows.spans[row * 3 + 2]! - rows.spans[row * 3 + 1]! + 1;
}

function blockBytes(rows: RowText, from: number, to: number): number {
  let bytes = 0;
  for (let row = from; row < to; row++) bytes += rowBytes(rows, row);
  return bytes;
}
