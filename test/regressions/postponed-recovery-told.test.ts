/** Whether a table waits for an operator was told at the first look only, and that one can go unanswered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BegunBatch } from '../../src/core/ledger.ts';
import { startRecovery } from '../../src/insert/recovery.ts';
import { idOf, lost, NOON, outcomeOf, refusal, runOf, STREAM, settled, TABLE, virtualTime } from '../unit/insert/insert-support.ts';

test('a table an operator has to mend is told of also when it did not answer at first, and once', async () => {
  const time = virtualTime();
  const told: unknown[] = [];
  let asked = 0;
  const batch: BegunBatch = {
    id: idOf(1),
    table: TABLE.name,
    rowCount: 1,
    begunAt: NOON,
    runs: [runOf(STREAM, 0n, 1)],
    digests: new Map(),
  };
  const recovery = startRecovery({
    destination: {
      kind: 'embedded',
      select: async () => {
        asked += 1;
        return await Promise.reject(asked === 1 ? lost() : refusal('operator'));
      },
      execute: async () => await Promise.resolve(),
    },
    ledger: { inDoubt: () => [batch], commit: () => undefined, void: () => undefined },
    hold: () => () => undefined,
    isReplicated: async () => await Promise.resolve(false),
    timers: time.timersFor(() => true),
    report: {
      recovered: () => told.push('recovered'),
      unknowable: () => told.push('unknowable'),
      postponed: ({ table }, batches, reason) => told.push({ table, batches, reason }),
    },
  });
  await outcomeOf(time, recovery.finished);
  await time.run(() => asked === 4);
  recovery.stop();
  await settled();
  assert.deepEqual(told, [{ table: 'orders', batches: 1, reason: 'refused: operator' }]);
  assert.deepEqual([recovery.pending(), recovery.state()], [1, undefined]);
});
