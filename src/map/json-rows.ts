import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Rejection } from '../core/batch.ts';
import type { RowSet } from '../core/insert.ts';
import { endOf, startOf } from '../core/json-tape.ts';
import { createByteWriter } from './byte-writer.ts';
import { VERBATIM } from './cell.ts';
import { mapRecord } from './json-row.ts';
import type { MapPlan } from './plan.ts';

/** So many bytes are mapped before other requests get a turn. */
const BYTES_A_TURN = 1024 * 1024;

/** Which of a row set's buffers a row is in. */
const BODY = 0;
const REWRITTEN = 1;

/**
 * Records → rows. A record whose text ClickHouse reads exactly is its own row: a slice of the body. The others are written anew, next to each
 * other in one buffer. A record that does not fit is a rejection and has no row.
 */
export async function mapRows({ records, unreadable }: Batch, plan: MapPlan): Promise<RowSet> {
  const rewritten = createByteWriter();
  const spans = new Int32Array(records.length * 3);
  const ordinals = new Int32Array(records.length);
  const rejections: Rejection[] = [];
  const lossy = new Map<string, number>();
  let rows = 0;
  let turn = 0;
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!;
    const { tape, node } = record.value;
    const before = rewritten.length;
    const result = unreadable?.get(i) ?? mapRecord(record, plan, rewritten, lossy);
    if (typeof result === 'object') {
      rejections.push(result);
    } else {
      const own = result === VERBATIM;
      ordinals[rows] = record.ordinal;
      spans[rows * 3] = own ? BODY : REWRITTEN;
      spans[rows * 3 + 1] = own ? startOf(tape, node) : before;
      spans[rows * 3 + 2] = own ? endOf(tape, node) : rewritten.length;
      rows++;
    }
    turn += endOf(tape, node) - startOf(tape, node);
    if (turn > BYTES_A_TURN) {
      turn = 0;
      await nextTurn();
    }
  }
  const body = records[0]?.value.tape.bytes ?? Buffer.alloc(0);
  return {
    table: plan.table,
    columns: plan.columns,
    rows: { sources: [body, rewritten.bytes()], spans: spans.subarray(0, rows * 3) },
    ordinals: ordinals.subarray(0, rows),
    rejections,
    ...(lossy.size === 0 ? {} : { lossy }),
  };
}
