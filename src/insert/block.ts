import type { Run } from '../core/identity.ts';
import type { RowText } from '../core/insert.ts';
import { PROVENANCE } from '../core/table.ts';

const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
/** Digits of the largest row number, and the comma or brace after it. */
const NUMBER_BYTES = 11;

/**
 * Rows as JSONEachRow, each with the batch it belongs to and its number in it, from `firstRow` on in the order of the runs. Without `batchId` the rows
 * stand as they are: their table has no columns for it.
 */
export function encodeRows(rows: RowText, runs: readonly Run[], provenance: { batchId: string; firstRow: number } | undefined): Buffer {
  const prefix = provenance === undefined ? undefined : Buffer.from(`{"${PROVENANCE.batch}":"${provenance.batchId}","${PROVENANCE.row}":`);
  const block = Buffer.allocUnsafe(runBytes(rows, runs) + rowsIn(runs) * ((prefix?.length ?? 0) + NUMBER_BYTES));
  let number = provenance?.firstRow ?? 0;
  let length = 0;
  for (const { row: first, count } of runs) {
    for (let row = first; row < first + count; row++) {
      const source = rows.sources[rows.spans[row * 3]!]!;
      let start = rows.spans[row * 3 + 1]!;
      const end = rows.spans[row * 3 + 2]!;
      if (prefix !== undefined) {
        block.set(prefix, length);
        length = writeDigits(block, length + prefix.length, number++);
        start = afterBrace(source, start);
        if (source[start] !== CLOSE) block[length++] = COMMA;
      }
      length += source.copy(block, length, start, end);
      block[length++] = NEWLINE;
    }
  }
  return block.subarray(0, length);
}

/** The first byte inside the object that begins at `start`. */
function afterBrace(source: Buffer, start: number): number {
  let at = start;
  if (source[at] === OPEN) at += 1;
  while (source[at] === 0x20 || source[at] === 0x09 || source[at] === 0x0d) at += 1;
  return at;
}

function writeDigits(block: Buffer, at: number, value: number): number {
  let size = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) size += 1;
  let rest = value;
  for (let p = at + size - 1; p >= at; p--) {
    block[p] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + size;
}

/** How many rows the runs have. */
export function rowsIn(runs: readonly Run[]): number {
  let count = 0;
  for (const run of runs) count += run.count;
  return count;
}

/** Bytes of the rows' own text, newlines included. */
export function runBytes({ spans }: RowText, runs: readonly Run[]): number {
  let bytes = 0;
  for (const { row: first, count } of runs)
    for (let row = first; row < first + count; row++) bytes += spans[row * 3 + 2]! - spans[row * 3 + 1]! + 1;
  return bytes;
}

/**
 * Most runs of one block. Each of them is written down and taken out of the ledger by itself, in one go: this many keep the thread for a fraction of a
 * second.
 */
export const MOST_RUNS = 20_000;

/** Cuts runs where a part would have more than `maxRows` rows, `maxBytes` bytes or {@link MOST_RUNS}. No part is empty; a row is never cut. */
export function cutRuns(rows: RowText, runs: readonly Run[], maxRows: number, maxBytes: number): Run[][] {
  const parts: Run[][] = [];
  let part: Run[] = [];
  let count = 0;
  let bytes = 0;
  for (const { stream, from, row: first, count: all } of runs) {
    let start = 0;
    for (let i = 0; i < all; i++) {
      const size = rows.spans[(first + i) * 3 + 2]! - rows.spans[(first + i) * 3 + 1]! + 1;
      if (count > 0 && (count >= maxRows || bytes + size > maxBytes)) {
        if (i > start) part.push({ stream, from: from + BigInt(start), row: first + start, count: i - start });
        parts.push(part);
        part = [];
        start = i;
        count = 0;
        bytes = 0;
      }
      count += 1;
      bytes += size;
    }
    part.push({ stream, from: from + BigInt(start), row: first + start, count: all - start });
    if (part.length >= MOST_RUNS) {
      parts.push(part);
      part = [];
      count = 0;
      bytes = 0;
    }
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
