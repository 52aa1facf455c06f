/** A group that was begun while the one before it was inserted was sent right after that one, without the pause a table needs between two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGroups } from '../../src/insert/group.ts';
import type { Share } from '../../src/insert/write-group.ts';
import { idOf, NOON, outcomeOf, rowSetOf, runOf, STREAM, virtualTime } from '../unit/insert/insert-support.ts';

const PACE_MS = 2000;
const INSERT_MS = 100;

test('the pace of a table holds also for groups that are begun ahead', async () => {
  const time = virtualTime();
  const timers = time.timersFor(() => true);
  const sentAt: number[] = [];
  let id = 0;
  const groups = createGroups({
    commit: async (_, turn) => {
      await turn;
      sentAt.push(time.now() - NOON);
      await timers.sleep(INSERT_MS);
      return { kind: 'committed' };
    },
    newId: () => idOf(++id),
    timers,
    // Two rows are a large group, which is begun while the one before it is inserted.
    limits: { rows: 1000, bytes: 1_000_000, inserts: 1, largeRows: 2, largeBytes: 1_000_000 },
    pace: () => PACE_MS,
  });
  const shareAt = (offset: bigint): Share => ({
    rowSet: rowSetOf(['{"id":1}', '{"id":2}']),
    runs: [runOf(STREAM, offset, 2)],
    digest: undefined,
  });
  groups.submit(shareAt(0n));
  const arrivals = [2050, 2060, 2200, 2350, 2500, 2650];
  for (const [i, at] of arrivals.entries()) time.after(at, () => groups.submit(shareAt(BigInt(10 * (i + 1)))));
  await outcomeOf(time, timers.sleep(20_000));
  assert.deepEqual(sentAt, [2000, 4100, 6200, 8300]);
});
