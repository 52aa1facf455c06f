import assert from 'node:assert/strict';
import type { Run } from '../../../src/core/identity.ts';
import type { RowSet } from '../../../src/core/insert.ts';
import { DestinationError, type FailureClass } from '../../../src/core/ports.ts';
import type { TableSchema } from '../../../src/core/table.ts';
import { createVirtualTime, type VirtualTime } from '../../simulation/virtual-time.ts';

/** A table whose rows say with which batch they came. */
export const TABLE: TableSchema = {
  name: { database: 'default', table: 'orders' },
  engine: 'MergeTree',
  columns: [],
  hasProvenance: true,
  lacks: [],
  fingerprint: 'f',
};

/** A partition of a topic, and another one. */
export const STREAM = 'corders\0default\x000\0orders\x000';
export const OTHER_STREAM = 'corders\0default\x000\0orders\x001';

export const NOON = 1_700_000_000_000;

/** The n-th batch id. */
export function idOf(n: number): string {
  return `0198c5a0-0000-7000-8000-${String(n).padStart(12, '0')}`;
}

/** Rows with these texts, which are one after the other in one buffer. */
export function rowSetOf(texts: readonly string[], changes: Partial<RowSet> = {}): RowSet {
  const body = Buffer.from(texts.join(','));
  const spans = new Int32Array(texts.length * 3);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    const size = Buffer.byteLength(text);
    spans.set([0, at, at + size], i * 3);
    at += size + 1;
  }
  return {
    table: TABLE,
    columns: ['id'],
    rows: { sources: [body], spans },
    ordinals: Int32Array.from(texts.keys()),
    rejections: [],
    ...changes,
  };
}

export function runOf(stream: string, from: bigint, count: number, row = 0): Run {
  return { stream, from, row, count };
}

/** ClickHouse's refusal of a statement, by which nothing was written. */
export function refusal(failure: FailureClass, place: { row?: number; column?: string } = {}): DestinationError {
  return new DestinationError(`refused: ${failure}`, { failure, applied: 'no', clickhouseCode: 469, ...place });
}

/** An answer that never came. */
export function lost(): DestinationError {
  return new DestinationError('lost', { failure: 'unknown-outcome', applied: 'unknown' });
}

/** Time that goes on as fast as it can. */
export function virtualTime(): VirtualTime {
  return createVirtualTime(NOON);
}

/** What the work comes to, in virtual time. Fails when it waits for something that never happens. */
export async function outcomeOf<T>(time: VirtualTime, work: Promise<T>): Promise<T> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  await time.run(() => ended);
  assert.ok(ended, 'it never comes to an end');
  return await work;
}

/** Everything that can happen without time going on has happened. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What the work fails with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    (value: unknown) => assert.fail(`it succeeded: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
