/** A block that ClickHouse confirmed each time, and never had, was sent again at once and without end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommit } from '../../src/insert/commit.ts';
import { idOf, NOON, outcomeOf, refusal, runOf, STREAM, TABLE, virtualTime } from '../unit/insert/insert-support.ts';
import { FORGETFUL_LEDGER, reportOf } from './regression-support.ts';

/** More than any number of inserts that makes sense: without an end the test would run for ever. */
const TOO_MANY = 5000;

test('a block that ClickHouse confirms and never shows is sent a few times with pauses, and then taken as stored and told', async () => {
  const time = virtualTime();
  const sentAt: number[] = [];
  const missing: string[] = [];
  const commit = createCommit({
    destination: {
      kind: 'embedded',
      insert: async () => {
        sentAt.push(time.now() - NOON);
        if (sentAt.length > TOO_MANY) throw refusal('row');
        await Promise.resolve();
      },
      select: async () => await Promise.resolve([]),
      execute: async () => await Promise.resolve(),
    },
    ledger: FORGETFUL_LEDGER,
    timers: time.timersFor(() => true),
    isClosing: () => false,
    report: reportOf({ rowsMissing: (batch) => missing.push(batch) }),
  });
  const block = {
    id: idOf(1),
    table: TABLE,
    columns: ['id'],
    rowCount: 1,
    runs: [runOf(STREAM, 0n, 1)],
    digests: new Map<string, string>(),
    encode: () => [Buffer.from('{"id":1}\n')],
  };
  assert.deepEqual(await outcomeOf(time, commit(block, Promise.resolve())), { kind: 'committed' });
  assert.deepEqual(sentAt, [0, 0, 0, 100, 300, 700]);
  assert.deepEqual(missing, [idOf(1), idOf(1)]);
});
