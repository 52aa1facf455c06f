/** Begin, insert, settle: in which order, under which tokens, and what the ledger is told in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Insert } from '../../../src/core/insert.ts';
import { LedgerError } from '../../../src/core/ledger.ts';
import { type Destination, DestinationError } from '../../../src/core/ports.ts';
import type { TableSchema } from '../../../src/core/table.ts';
import type { Block, Settled } from '../../../src/insert/attempt.ts';
import { createCommit, mergesRows } from '../../../src/insert/commit.ts';
import { LATE_ARRIVAL_MS } from '../../../src/insert/doubt.ts';
import type { VirtualTime } from '../../simulation/virtual-time.ts';
import { failureOf, idOf, lost, NOON, outcomeOf, refusal, runOf, STREAM, settled, TABLE, virtualTime } from './insert-support.ts';

const ID = idOf(1);

/** What one INSERT comes to: the rows that are in the table after it, and the error that is answered. */
interface Reaction {
  readonly stores?: readonly number[] | 'all';
  readonly error?: unknown;
}

interface World {
  readonly time: VirtualTime;
  /** What happened, in order. */
  readonly log: string[];
  readonly inserts: Insert[];
  readonly commit: (block: Block, turn?: Promise<unknown>) => Promise<Settled>;
  /** Numbers of the batch's rows that are in the table. */
  readonly present: Set<number>;
  /** What a look at the table fails with. */
  unreadable: unknown;
  /** Query ids of running statements. */
  running: string[];
  isClosing: boolean;
  /** The next begin waits for it, or fails with it. */
  begun: Promise<void>;
}

/** ClickHouse that does as it is told, insert by insert; afterwards it stores everything. */
function worldOf(reactions: readonly Reaction[] = [], kind: Destination['kind'] = 'embedded'): World {
  const time = virtualTime();
  const left = [...reactions];
  const select = (sql: string): unknown[] => {
    if (sql.includes('system.processes')) return world.running.map((id) => ({ query_id: id }));
    if (world.unreadable !== undefined) throw world.unreadable as Error;
    if (sql.includes('uniqExact')) {
      world.log.push(`look at ${time.now() - NOON} ms`);
      return world.present.size === 0 ? [] : [{ batch: ID, present: String(world.present.size) }];
    }
    return [...world.present].toSorted((a, b) => a - b).map((row) => ({ row }));
  };
  const destination: Pick<Destination, 'insert' | 'select' | 'execute' | 'kind'> = {
    kind,
    insert: async (insert) => {
      world.inserts.push(insert);
      const { stores = 'all', error } = left.shift() ?? {};
      const rows = String(Buffer.concat([...insert.data])).trim();
      world.log.push(`insert ${rows} token ${insert.token.replace(ID, 'id')} query ${insert.queryId.replace(ID, 'id')}`);
      for (const row of stores === 'all' ? rows.split(' ').map(Number) : stores) world.present.add(row);
      if (error !== undefined) throw error as Error;
      await Promise.resolve();
    },
    select: async <Row>(sql: string) => await Promise.resolve(select(sql) as Row[]),
    execute: async (sql) => {
      world.log.push(sql);
      await Promise.resolve();
    },
  };
  const log: string[] = [];
  const timers = time.timersFor(() => true);
  const commit = createCommit({
    destination,
    timers,
    isClosing: () => world.isClosing,
    ledger: {
      begin: async (batch) => {
        log.push(`begin ${batch.rowCount} rows`);
        await world.begun;
        log.push('on disk');
      },
      commit: (id) => void log.push(`commit ${id.replace(ID, 'id')}`),
      void: (id, keep = []) => void log.push(`void ${id.replace(ID, 'id')} keep [${keep.join()}]`),
    },
    report: {
      inDoubt: () => void log.push('in doubt'),
      settled: (_, presence) => void log.push(`settled: ${presence}`),
      rowsMissing: () => void log.push('rows missing'),
      storedAlthoughRefused: () => void log.push('stored although refused'),
    },
  });
  const world: World = {
    time,
    log,
    inserts: [],
    present: new Set(),
    unreadable: undefined,
    running: [],
    isClosing: false,
    begun: Promise.resolve(),
    commit: async (block, turn = Promise.resolve()) => await commit(block, turn),
  };
  return world;
}

function blockOf(changes: Partial<Block> = {}): Block {
  const rowCount = changes.rowCount ?? 3;
  return {
    id: ID,
    table: TABLE,
    columns: ['id'],
    rowCount,
    runs: [runOf(STREAM, 10n, rowCount)],
    digests: new Map(),
    encode: (rows) => [Buffer.from([...(rows ?? Array.from({ length: rowCount }).keys())].map((row) => `${row} `).join(''))],
    ...changes,
  };
}

/** The first batch of a table is looked up in any case: this one comes before the test's. */
async function pastSample(world: World): Promise<void> {
  await outcomeOf(world.time, world.commit(blockOf()));
  world.log.length = 0;
  world.inserts.length = 0;
  world.present.clear();
}

test('no byte of a batch is sent before the ledger has it on disk, and it is committed after ClickHouse confirmed it', async () => {
  const world = worldOf();
  await pastSample(world);
  let sync = (): void => undefined;
  world.begun = new Promise((resolve) => {
    sync = resolve;
  });
  const work = world.commit(blockOf());
  await settled();
  assert.deepEqual(world.log, ['begin 3 rows']);
  sync();
  assert.deepEqual(await outcomeOf(world.time, work), { kind: 'committed' });
  assert.deepEqual(world.log, ['begin 3 rows', 'on disk', 'insert 0 1 2 token id query id', 'commit id']);
  assert.deepEqual(world.inserts[0]?.columns, ['id', '_sluice_batch', '_sluice_row']);
});

test('a batch is begun and encoded while it waits for its turn, and sent when that has come', async () => {
  const world = worldOf();
  await pastSample(world);
  let come = (): void => undefined;
  const turn = new Promise<void>((resolve) => {
    come = resolve;
  });
  const work = world.commit(blockOf(), turn);
  await settled();
  assert.deepEqual(world.log, ['begin 3 rows', 'on disk']);
  come();
  assert.deepEqual(await outcomeOf(world.time, work), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), ['insert 0 1 2 token id query id', 'commit id']);
});

test('the ledger and ClickHouse are told of the same batch, and a step is told when it is done', async () => {
  const time = virtualTime();
  const log: unknown[] = [];
  const note = async (what: unknown): Promise<void> => {
    log.push(what);
    await Promise.resolve();
  };
  const commit = createCommit({
    destination: { kind: 'embedded', insert: note, select: async () => await Promise.resolve([]), execute: note },
    ledger: { begin: note, commit: (id) => void log.push(`commit ${id}`), void: () => undefined },
    timers: time.timersFor(() => true),
    isClosing: () => false,
    report: { inDoubt: () => undefined, settled: () => undefined, rowsMissing: () => undefined, storedAlthoughRefused: () => undefined },
    onStep: (step) => log.push(step),
  });
  const digests = new Map([[STREAM, 'ab'.repeat(32)]]);
  const block = blockOf({ digests, table: { ...TABLE, hasProvenance: false } });
  assert.deepEqual(await outcomeOf(time, commit(block, Promise.resolve())), { kind: 'committed' });
  const insert = {
    table: TABLE.name,
    columns: ['id'],
    data: [Buffer.from('0 1 2 ')],
    format: 'JSONEachRow',
    rowCount: 3,
    queryId: ID,
    token: ID,
  };
  const batch = { id: ID, table: TABLE.name, rowCount: 3, runs: block.runs, digests, begunAt: NOON };
  assert.deepEqual(log, [batch, 'begun', insert, 'inserted', `commit ${ID}`, 'committed']);
});

test('a batch that ClickHouse refused is voided when nothing of it is there', async () => {
  const error = refusal('row', { row: 1 });
  const world = worldOf([{}, { stores: [], error }]);
  await pastSample(world);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'refused', error });
  assert.deepEqual(world.log, ['begin 3 rows', 'on disk', 'insert 0 1 2 token id query id', 'look at 0 ms', 'void id keep []']);
});

test('a batch that ClickHouse refused and has all the same, as when a view of the table fails, is committed and told', async () => {
  const error = refusal('row', { row: 1 });
  const world = worldOf([{}, { error }]);
  await pastSample(world);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), ['insert 0 1 2 token id query id', 'look at 0 ms', 'stored although refused', 'commit id']);
  const partly = worldOf([{}, { stores: [0, 2], error }]);
  await pastSample(partly);
  assert.deepEqual(await outcomeOf(partly.time, partly.commit(blockOf())), { kind: 'partial', present: [0, 2], error });
  assert.equal(partly.log.at(-1), 'void id keep [0,2]');
});

test('a lost answer is looked up: rows that are all there are committed and not sent again', async () => {
  const world = worldOf([{ error: lost() }]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), ['insert 0 1 2 token id query id', 'in doubt', 'look at 0 ms', 'settled: all', 'commit id']);
});

test('rows that are not there are sent again under the same token and a query id of their own, and looked up once more', async () => {
  const world = worldOf([{ stores: [], error: lost() }, {}]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), [
    'insert 0 1 2 token id query id',
    'in doubt',
    'look at 0 ms',
    'insert 0 1 2 token id query id-1',
    'look at 0 ms',
    'settled: all',
    'commit id',
  ]);
});

test('of rows that are partly there the missing ones are sent, under another token', async () => {
  const world = worldOf([{ stores: [1], error: lost() }, {}]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(4), ['look at 0 ms', 'insert 0 2 token id-1 query id-1', 'look at 0 ms', 'settled: all', 'commit id']);
  assert.deepEqual(
    world.inserts.map(({ rowCount }) => rowCount),
    [3, 2],
  );
});

test('a token stands for the same rows as long as the missing ones are the same, and is new for others', async () => {
  const reactions = [
    { stores: [3], error: lost() },
    { stores: [], error: lost() },
    { stores: [0], error: lost() },
    { stores: [], error: lost() },
  ];
  const world = worldOf(reactions);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf({ rowCount: 4 }))), { kind: 'committed' });
  assert.deepEqual(
    world.log.filter((line) => line.startsWith('insert')),
    [
      'insert 0 1 2 3 token id query id',
      'insert 0 1 2 token id-1 query id-1',
      'insert 0 1 2 token id-1 query id-2',
      'insert 1 2 token id-2 query id-3',
      'insert 1 2 token id-2 query id-4',
    ],
  );
});

test('a token that ClickHouse confirms and keeps no rows under is not used again', async () => {
  const world = worldOf([{ stores: [], error: lost() }, { stores: [] }, {}]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(4), [
    'look at 0 ms',
    'insert 0 1 2 token id query id-1',
    'look at 0 ms',
    'insert 0 1 2 token id-1 query id-2',
    'look at 100 ms',
    'settled: all',
    'commit id',
  ]);
});

test('a server may still get what was lost on the way: other rows are sent a second later and after another look, the same ones at once', async () => {
  const same = worldOf([{ stores: [], error: lost() }, {}], 'clickhouse');
  await outcomeOf(same.time, same.commit(blockOf()));
  assert.equal(same.time.now(), NOON);

  const others = worldOf([{ stores: [1], error: lost() }, {}], 'clickhouse');
  // The copy that was on its way brings another row.
  others.time.after(900, () => others.present.add(0));
  assert.deepEqual(await outcomeOf(others.time, others.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(others.log.slice(4), [
    'look at 0 ms',
    `look at ${LATE_ARRIVAL_MS} ms`,
    'insert 2 token id-1 query id-2',
    `look at ${LATE_ARRIVAL_MS} ms`,
    'settled: all',
    'commit id',
  ]);
});

test('the second is counted from the last insert that was lost, not from the first', async () => {
  const reactions = [
    { stores: [1], error: lost() },
    { stores: [0], error: lost() },
  ];
  const world = worldOf(reactions, 'clickhouse');
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(4), [
    'look at 0 ms',
    'look at 1000 ms',
    'insert 0 2 token id-1 query id-2',
    'look at 1100 ms',
    'look at 2000 ms',
    'insert 2 token id-2 query id-4',
    'look at 2000 ms',
    'settled: all',
    'commit id',
  ]);
});

test('rows that are refused when they are sent again are voided: all of them, or all but those that are there', async () => {
  const error = refusal('row');
  const none = worldOf([
    { stores: [], error: lost() },
    { stores: [], error },
  ]);
  assert.deepEqual(await outcomeOf(none.time, none.commit(blockOf())), { kind: 'refused', error });
  assert.deepEqual(none.log.slice(-2), ['settled: none', 'void id keep []']);

  const some = worldOf([
    { stores: [0, 2], error: lost() },
    { stores: [], error },
  ]);
  assert.deepEqual(await outcomeOf(some.time, some.commit(blockOf())), { kind: 'partial', present: [0, 2], error });
  assert.deepEqual(some.log.slice(-2), ['settled: some', 'void id keep [0,2]']);
});

test('a refusal does not settle a batch on a server while a lost insert of it may still arrive', async () => {
  const world = worldOf(
    [
      { stores: [], error: lost() },
      { stores: [], error: refusal('row') },
    ],
    'clickhouse',
  );
  world.time.after(500, () => {
    for (const row of [0, 1, 2]) world.present.add(row);
  });
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(-3), [`look at ${LATE_ARRIVAL_MS} ms`, 'settled: all', 'commit id']);
});

test('a batch in doubt that is put off is sent again, later and later, until it is in the table', async () => {
  const busy = (['back-off', 'storage-full', 'cluster-state'] as const).map((failure) => ({ stores: [], error: refusal(failure) }));
  const world = worldOf([{ stores: [1], error: lost() }, ...busy, ...busy, ...busy, {}]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  const looks = world.log.filter((line) => line.startsWith('look'));
  assert.deepEqual(
    looks,
    [0, 50, 150, 350, 750, 1550, 3150, 6350, 11_350, 16_350, 16_350].map((ms) => `look at ${ms} ms`),
  );
  assert.equal(world.inserts.length, 11);
  assert.deepEqual([...new Set(world.inserts.slice(1).map(({ token }) => token))], [`${ID}-1`]);
});

test('a table that cannot be asked is asked again, and nothing is sent before it answers', async () => {
  const world = worldOf([{ error: lost() }], 'clickhouse');
  world.unreadable = lost();
  world.running = [`${ID}-1`];
  world.time.after(40, () => (world.running = []));
  world.time.after(400, () => (world.unreadable = undefined));
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), ['insert 0 1 2 token id query id', 'in doubt', 'look at 750 ms', 'settled: all', 'commit id']);
});

test('a replica catches up before it is asked', async () => {
  const world = worldOf([{ error: lost() }], 'clickhouse');
  await outcomeOf(world.time, world.commit(blockOf({ table: { ...TABLE, engine: 'ReplicatedMergeTree' } })));
  assert.deepEqual(world.log.slice(3, 6), ['in doubt', 'SYSTEM SYNC REPLICA `default`.`orders`', 'look at 0 ms']);
});

test('a table that is gone holds none of the rows, so they are sent again and ClickHouse says what is wrong', async () => {
  const error = refusal('schema-drift');
  const world = worldOf([{ error: lost() }, { stores: [], error }]);
  world.unreadable = new DestinationError('no table', { failure: 'schema-drift', applied: 'no', clickhouseCode: 60 });
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'refused', error });
  assert.deepEqual(world.log.slice(3), ['in doubt', 'insert 0 1 2 token id query id-1', 'settled: none', 'void id keep []']);
});

test('when the gateway closes a batch in doubt is left to the ledger as it is', async () => {
  const world = worldOf([{ error: lost() }]);
  world.unreadable = lost();
  world.time.after(120, () => (world.isClosing = true));
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'abandoned' });
  assert.deepEqual(world.log, ['begin 3 rows', 'on disk', 'insert 0 1 2 token id query id', 'in doubt']);
  assert.equal(world.time.now() - NOON, 150);
});

test('a batch that the ledger cannot take is not sent', async () => {
  for (const kind of ['full', 'broken'] as const) {
    const error = new LedgerError(kind, 'no room');
    const world = worldOf();
    world.begun = Promise.reject(error);
    assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'not-begun', error });
    assert.deepEqual(world.log, ['begin 3 rows']);
  }
});

test('what is neither an answer of ClickHouse nor of the ledger is a bug, and settles nothing', async () => {
  const world = worldOf([{ stores: [], error: new TypeError('insert') }]);
  assert.deepEqual(await failureOf(outcomeOf(world.time, world.commit(blockOf()))), new TypeError('insert'));
  assert.deepEqual(world.log, ['begin 3 rows', 'on disk', 'insert 0 1 2 token id query id']);

  const other = worldOf();
  other.begun = Promise.reject(new TypeError('begin'));
  assert.deepEqual(await failureOf(outcomeOf(other.time, other.commit(blockOf()))), new TypeError('begin'));
  assert.deepEqual(other.log, ['begin 3 rows']);
});

test('the first confirmed batch of a table is looked up, and then one a minute', async () => {
  const world = worldOf();
  const looksAfter = async (ms: number, table: TableSchema = TABLE): Promise<number> => {
    await world.time.run(() => false);
    if (ms > 0) await outcomeOf(world.time, world.time.timersFor(() => true).sleep(ms));
    world.log.length = 0;
    assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf({ table }))), { kind: 'committed' });
    return world.log.filter((line) => line.startsWith('look')).length;
  };
  assert.deepEqual(
    [await looksAfter(0), await looksAfter(0), await looksAfter(59_999), await looksAfter(1), await looksAfter(1)],
    [1, 0, 0, 1, 0],
  );
  const other = { ...TABLE, name: { database: 'default', table: 'other' } };
  assert.deepEqual([await looksAfter(0, other), await looksAfter(0, other), await looksAfter(0)], [1, 0, 0]);
});

test('a confirmed batch without its rows is noticed by a sample, and sent again under another token', async () => {
  const world = worldOf([{ stores: [] }, {}]);
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), [
    'insert 0 1 2 token id query id',
    'look at 0 ms',
    'rows missing',
    'look at 0 ms',
    'insert 0 1 2 token id-1 query id-1',
    'look at 0 ms',
    'settled: all',
    'commit id',
  ]);
});

test('a sample that cannot be looked up says nothing against the batch', async () => {
  const world = worldOf();
  world.unreadable = lost();
  assert.deepEqual(await outcomeOf(world.time, world.commit(blockOf())), { kind: 'committed' });
  assert.deepEqual(world.log.slice(2), ['insert 0 1 2 token id query id', 'commit id']);
});

test('a table that merges rows away may have some of a confirmed batch, and not none', async () => {
  const table = { ...TABLE, engine: 'ReplacingMergeTree' };
  assert.deepEqual(
    ['MergeTree', 'ReplacingMergeTree', 'ReplicatedReplacingMergeTree', 'SummingMergeTree', 'ReplicatedMergeTree'].map((engine) =>
      mergesRows({ ...TABLE, engine }),
    ),
    [false, true, true, true, false],
  );
  const some = worldOf([{ stores: [2] }]);
  await outcomeOf(some.time, some.commit(blockOf({ table })));
  assert.deepEqual(some.log.slice(2), ['insert 0 1 2 token id query id', 'look at 0 ms', 'commit id']);
  const none = worldOf([{ stores: [] }, {}]);
  await outcomeOf(none.time, none.commit(blockOf({ table })));
  assert.equal(none.log[4], 'rows missing');
  const plain = worldOf([{ stores: [2] }, {}]);
  await outcomeOf(plain.time, plain.commit(blockOf()));
  assert.equal(plain.log[4], 'rows missing');
  assert.ok(plain.log.includes('insert 0 1 token id-1 query id-1'), plain.log.join('\n'));
});

test('rows without identity never come to the ledger, whatever becomes of them', async () => {
  const runs = [runOf('', 0n, 3)];
  const stored = worldOf();
  assert.deepEqual(await outcomeOf(stored.time, stored.commit(blockOf({ runs }))), { kind: 'committed' });
  assert.deepEqual(stored.log, ['insert 0 1 2 token id query id', 'look at 0 ms']);
  const error = refusal('row');
  const refused = worldOf([{ stores: [], error }]);
  assert.deepEqual(await outcomeOf(refused.time, refused.commit(blockOf({ runs }))), { kind: 'refused', error });
  assert.deepEqual(refused.log, ['insert 0 1 2 token id query id', 'look at 0 ms']);
  const partly = worldOf([
    { stores: [1], error: lost() },
    { stores: [], error },
  ]);
  assert.deepEqual(await outcomeOf(partly.time, partly.commit(blockOf({ runs }))), { kind: 'partial', present: [1], error });
  assert.deepEqual(
    partly.log.filter((line) => /begin|commit|void/.test(line)),
    [],
  );
});

test('a block with one record that is known goes to the ledger with all of its rows', async () => {
  const world = worldOf();
  await outcomeOf(world.time, world.commit(blockOf({ runs: [runOf('', 0n, 2), runOf(STREAM, 7n, 1, 2)] })));
  assert.deepEqual([world.log[0], world.log.at(-1)], ['begin 3 rows', 'commit id']);
});

test('without provenance nothing is looked up: the same rows go three more times under the same token', async () => {
  const table = { ...TABLE, hasProvenance: false };
  const silent = Array.from({ length: 4 }, () => ({ stores: [], error: lost() }));
  const world = worldOf(silent);
  const outcome = await outcomeOf(world.time, world.commit(blockOf({ table })));
  assert.ok(outcome.kind === 'refused');
  assert.deepEqual([outcome.error.failure, outcome.error.applied], ['unknown-outcome', 'unknown']);
  assert.deepEqual(world.log.slice(2), [
    'insert 0 1 2 token id query id',
    'in doubt',
    'insert 0 1 2 token id query id-1',
    'insert 0 1 2 token id query id-2',
    'insert 0 1 2 token id query id-3',
    'void id keep []',
  ]);
  assert.deepEqual(world.inserts[0]?.columns, ['id']);
  assert.equal(world.time.now() - NOON, 350);

  const second = worldOf(silent.slice(0, 2));
  assert.deepEqual(await outcomeOf(second.time, second.commit(blockOf({ table }))), { kind: 'committed' });
  assert.equal(second.inserts.length, 3);
  assert.equal(second.log.at(-1), 'commit id');
});
