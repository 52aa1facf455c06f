/** Rows of a table without provenance, of which nobody knew whether they were stored, were sent again as a new batch, under a new token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommit } from '../../src/insert/commit.ts';
import { createGroups } from '../../src/insert/group.ts';
import { idOf, lost, outcomeOf, rowSetOf, runOf, STREAM, TABLE, virtualTime } from '../unit/insert/insert-support.ts';
import { FORGETFUL_LEDGER, reportOf } from './regression-support.ts';

test('rows that may be stored and cannot be looked up are never sent under a second token', async () => {
  const time = virtualTime();
  const timers = time.timersFor(() => true);
  const tokens: string[] = [];
  const commit = createCommit({
    destination: {
      kind: 'clickhouse',
      insert: async ({ token }) => {
        tokens.push(token);
        await Promise.reject(lost());
      },
      select: async () => await Promise.resolve([]),
      execute: async () => await Promise.resolve(),
    },
    ledger: FORGETFUL_LEDGER,
    timers,
    isClosing: () => false,
    report: reportOf(),
  });
  let id = 0;
  const groups = createGroups({
    commit,
    newId: () => idOf(++id),
    timers,
    limits: { rows: 10, bytes: 1000, inserts: 1, largeRows: 10, largeBytes: 1000 },
    pace: () => 0,
  });
  const { outcome } = groups.submit({
    rowSet: rowSetOf(['{"id":1}'], { table: { ...TABLE, hasProvenance: false } }),
    runs: [runOf(STREAM, 0n, 1)],
    digest: undefined,
  });
  const told = await outcomeOf(time, outcome);
  assert.ok(told.kind === 'refused', told.kind);
  assert.deepEqual([told.error.failure, told.error.applied], ['unknown-outcome', 'unknown']);
  assert.deepEqual(tokens, [idOf(1), idOf(1), idOf(1), idOf(1)]);
});
