/** ClickHouse refuses an insert when a materialized view of the table fails, and has stored the rows: they were sent again, and were there twice. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCommit } from '../../src/insert/commit.ts';
import { createGroups } from '../../src/insert/group.ts';
import { createIds } from '../../src/ops/ids.ts';
import { createTimers } from '../../src/ops/timers.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';
import { rowSetOf, runOf, STREAM } from '../unit/insert/insert-support.ts';
import { FORGETFUL_LEDGER, reportOf } from './regression-support.ts';

let engine: TestEngine;

before(async () => {
  engine = await createTestEngine();
});
after(async () => await engine.close());

test('rows of a block that a materialized view refuses are in the table as often as their senders are told', async () => {
  const { destination } = engine;
  await destination.execute(
    'CREATE TABLE orders (id String, v String, _sluice_batch UUID, _sluice_row UInt32) ENGINE = MergeTree ORDER BY id',
  );
  await destination.execute('CREATE TABLE sums (n UInt32) ENGINE = MergeTree ORDER BY n');
  await destination.execute('CREATE MATERIALIZED VIEW numbers TO sums AS SELECT toUInt32(v) AS n FROM orders');
  const timers = createTimers();
  const settlements: string[] = [];
  let told = 0;
  const commit = createCommit({
    destination,
    ledger: {
      ...FORGETFUL_LEDGER,
      commit: () => void settlements.push('commit'),
      void: () => void settlements.push('void'),
    },
    timers,
    isClosing: () => false,
    report: reportOf({ storedAlthoughRefused: () => void (told += 1) }),
  });
  const groups = createGroups({
    commit,
    newId: createIds(Date.now),
    timers,
    limits: { rows: 1000, bytes: 1_000_000, inserts: 1, largeRows: 1000, largeBytes: 1_000_000 },
    pace: () => 0,
  });
  const records = [
    { id: 'a', v: '1' },
    { id: 'b', v: '2' },
    { id: 'c', v: 'no number' },
    { id: 'd', v: '4' },
  ];
  const submitted = records.map((record, offset) =>
    groups.submit({
      rowSet: rowSetOf([JSON.stringify(record)], { columns: ['id', 'v'] }),
      runs: [runOf(STREAM, BigInt(offset), 1)],
      digest: undefined,
    }),
  );
  const outcomes = await Promise.all(submitted.map(async ({ outcome }) => (await outcome).kind));
  assert.deepEqual(outcomes, ['stored', 'stored', 'stored', 'stored']);
  const rows = await destination.select<{ id: string; n: string }>('SELECT id, count() AS n FROM orders GROUP BY id ORDER BY id');
  assert.deepEqual(
    rows.map(({ id, n }) => `${id} ${n}`),
    ['a 1', 'b 1', 'c 1', 'd 1'],
  );
  assert.deepEqual([told, settlements], [1, ['commit']]);
});
