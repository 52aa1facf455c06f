/** Which rows of a batch the engine itself finds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Destination } from '../../../src/core/ports.ts';
import { isUnverifiable, type Presence, StillRunning, verifyBatch, verifyBatches } from '../../../src/insert/verify.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';
import { failureOf, idOf, lost, refusal } from './insert-support.ts';

const WHERE = { table: { database: 'default', table: 'rows' }, replicated: false };
let engine: TestEngine;

before(async () => {
  engine = await createTestEngine();
  await engine.destination.execute(
    'CREATE TABLE rows (v UInt32, _sluice_batch UUID, _sluice_row UInt32) ENGINE = MergeTree ORDER BY v PARTITION BY v',
  );
});
after(async () => await engine.close());

/** Writes rows of batches in one block. */
async function store(...parts: ReadonlyArray<readonly [batch: string, rows: readonly number[]]>): Promise<void> {
  const lines = parts.flatMap(([id, rows]) => rows.map((row) => `{"v":${row % 3},"_sluice_batch":"${id}","_sluice_row":${row}}`));
  await engine.insertLines('rows', ['v', '_sluice_batch', '_sluice_row'], lines);
}

test('a batch is there wholly, partly by the numbers of its rows, or not at all', async () => {
  await store([idOf(1), [0, 1, 2, 3]], [idOf(2), [3, 0, 2]]);
  const look = async (n: number, rowCount: number): Promise<Presence> =>
    await verifyBatch(engine.destination, WHERE, { id: idOf(n), rowCount });
  assert.equal(await look(1, 4), 'all');
  assert.deepEqual(await look(2, 4), [0, 2, 3]);
  assert.equal(await look(3, 4), 'none');
});

test('a row that is there twice counts once', async () => {
  await store([idOf(11), [0, 1, 1]]);
  await store([idOf(11), [1, 1, 0]]);
  assert.deepEqual(await verifyBatch(engine.destination, WHERE, { id: idOf(11), rowCount: 3 }), [0, 1]);
  assert.equal(await verifyBatch(engine.destination, WHERE, { id: idOf(11), rowCount: 2 }), 'all');
});

test('rows of other batches, and rows the gateway did not write, are not taken for those of a batch', async () => {
  await engine.destination.execute('INSERT INTO rows (v) VALUES (0), (1), (2)');
  await store([idOf(21), [0, 1]], [idOf(22), [2]]);
  assert.deepEqual(await verifyBatch(engine.destination, WHERE, { id: idOf(21), rowCount: 3 }), [0, 1]);
});

test('a great many batches are looked for at once, each by itself', async () => {
  const seek = Array.from({ length: 2500 }, (_, i) => ({ id: idOf(10_000 + i), rowCount: 2 }));
  const rowsOf = (i: number): number[] => (i % 5 === 0 ? [] : i % 503 === 1 ? [1] : [0, 1]);
  await store(...seek.map(({ id }, i) => [id, rowsOf(i)] as const));
  const found = await verifyBatches(engine.destination, WHERE, seek);
  const expected = seek.map(({ id }, i): [string, Presence] => {
    const rows = rowsOf(i);
    return [id, rows.length === 0 ? 'none' : rows.length === 1 ? rows : 'all'];
  });
  assert.deepEqual([...found], expected);
  assert.deepEqual(await verifyBatches(engine.destination, WHERE, []), new Map());
});

test('names that need quotes are looked up as they are', async () => {
  const name = 'a`b \\ c';
  await engine.destination.execute(
    'CREATE TABLE `a\\`b \\\\ c` (_sluice_batch UUID, _sluice_row UInt32) ENGINE = MergeTree ORDER BY tuple()',
  );
  await engine.insertLines(name, ['_sluice_batch', '_sluice_row'], [`{"_sluice_batch":"${idOf(31)}","_sluice_row":0}`]);
  const where = { table: { database: 'default', table: name }, replicated: false };
  assert.equal(await verifyBatch(engine.destination, where, { id: idOf(31), rowCount: 1 }), 'all');
});

test('nothing can be looked up in a table that is gone, or whose rows do not say how they came', async () => {
  await engine.destination.execute('CREATE TABLE plain (v UInt8) ENGINE = MergeTree ORDER BY v');
  await engine.destination.execute('CREATE TABLE half (v UInt8, _sluice_batch UUID) ENGINE = MergeTree ORDER BY v');
  const codes: unknown[] = [];
  for (const name of [
    { database: 'default', table: 'plain' },
    { database: 'default', table: 'half' },
    { database: 'default', table: 'gone' },
    { database: 'gone', table: 'rows' },
  ]) {
    const error = await failureOf(verifyBatch(engine.destination, { table: name, replicated: false }, { id: idOf(1), rowCount: 1 }));
    assert.equal(isUnverifiable(error), true, `${name.database}.${name.table}`);
    codes.push((error as { clickhouseCode: unknown }).clickhouseCode);
  }
  assert.deepEqual(codes, [47, 47, 60, 81]);
  assert.deepEqual([lost(), refusal('operator'), refusal('row'), new StillRunning(), new Error('x'), undefined].map(isUnverifiable), [
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

interface Asked {
  readonly destination: Pick<Destination, 'select' | 'execute' | 'kind'>;
  /** What was asked for, in order. */
  readonly log: string[];
}

/** The engine as a server with these statements running. */
function serverWith(running: readonly string[], execute: (sql: string) => void = () => undefined): Asked {
  const log: string[] = [];
  return {
    log,
    destination: {
      kind: 'clickhouse',
      execute: async (sql) => {
        log.push(sql);
        execute(sql);
        await Promise.resolve();
      },
      select: async <Row>(sql: string, params?: Readonly<Record<string, string>>) => {
        log.push(sql.includes('system.processes') ? 'what runs' : 'rows');
        if (sql.includes('system.processes')) return running.map((id) => ({ query_id: id })) as Row[];
        return await engine.destination.select<Row>(sql, params);
      },
    },
  };
}

test('while a statement of a batch runs nothing is said of it, whichever try it is', async () => {
  await store([idOf(41), [0, 1]]);
  const batch = { id: idOf(41), rowCount: 2 };
  for (const id of [idOf(41), `${idOf(41)}-1`, `${idOf(41)}-12`]) {
    const { destination, log } = serverWith(['0198c5a0-0000-7000-8000-999999999999', id]);
    assert.ok((await failureOf(verifyBatch(destination, WHERE, batch))) instanceof StillRunning, id);
    assert.deepEqual(log, ['what runs']);
  }
  const { destination, log } = serverWith([idOf(42), `${idOf(4)}-41`, '', 'something else']);
  assert.equal(await verifyBatch(destination, WHERE, batch), 'all');
  assert.deepEqual(log, ['what runs', 'rows']);
});

test('one running statement keeps all batches that are looked for at once from being judged', async () => {
  const { destination } = serverWith([`${idOf(43)}-2`]);
  const seek = [41, 42, 43].map((n) => ({ id: idOf(n), rowCount: 2 }));
  assert.ok((await failureOf(verifyBatches(destination, WHERE, seek))) instanceof StillRunning);
});

test('the embedded engine is not asked what runs, because it answers only when a statement has ended', async () => {
  await store([idOf(51), [0]]);
  const { destination, log } = serverWith([idOf(51)]);
  assert.equal(await verifyBatch({ ...destination, kind: 'embedded' }, WHERE, { id: idOf(51), rowCount: 1 }), 'all');
  assert.deepEqual(log, ['rows']);
});

test('a replica catches up after nothing runs any more and before its rows are counted', async () => {
  await store([idOf(61), [0]]);
  const replicated = { ...WHERE, replicated: true };
  const { destination, log } = serverWith([]);
  assert.equal(await verifyBatch(destination, replicated, { id: idOf(61), rowCount: 1 }), 'all');
  assert.deepEqual(log, ['what runs', 'SYSTEM SYNC REPLICA `default`.`rows`', 'rows']);

  const failing = serverWith([], () => {
    throw refusal('cluster-state');
  });
  assert.deepEqual(await failureOf(verifyBatch(failing.destination, replicated, { id: idOf(61), rowCount: 1 })), refusal('cluster-state'));
  assert.deepEqual(failing.log, ['what runs', 'SYSTEM SYNC REPLICA `default`.`rows`']);
});

test('rows are asked for only by number when some of them are missing', async () => {
  await store([idOf(71), [0, 1]], [idOf(72), [1]]);
  const { destination, log } = serverWith([]);
  const found = await verifyBatches(destination, WHERE, [
    { id: idOf(71), rowCount: 2 },
    { id: idOf(72), rowCount: 2 },
    { id: idOf(73), rowCount: 2 },
  ]);
  assert.deepEqual(
    [...found],
    [
      [idOf(71), 'all'],
      [idOf(72), [1]],
      [idOf(73), 'none'],
    ],
  );
  assert.deepEqual(log, ['what runs', 'rows', 'rows']);
});
