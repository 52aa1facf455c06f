/** Which shares travel together, when, and what becomes of each when ClickHouse refuses some of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowSet } from '../../../src/core/insert.ts';
import { LedgerError } from '../../../src/core/ledger.ts';
import type { Block, Settled } from '../../../src/insert/attempt.ts';
import { createGroups, type GroupDeps, type Groups, type Submitted } from '../../../src/insert/group.ts';
import type { Share } from '../../../src/insert/write-group.ts';
import type { VirtualTime } from '../../simulation/virtual-time.ts';
import { failureOf, idOf, NOON, outcomeOf, refusal, rowSetOf, runOf, STREAM, settled, TABLE, virtualTime } from './insert-support.ts';

/** A block that is begun, and is sent when it is its turn. */
interface Sent {
  readonly block: Block;
  /** The texts of its rows. */
  readonly rows: string;
  /** When it was its turn. */
  sentAt: number | undefined;
  settle(settled: Settled): void;
  fail(error: unknown): void;
}

interface World {
  readonly time: VirtualTime;
  readonly groups: Groups;
  /** Blocks in the order they were begun. */
  readonly sent: Sent[];
  readonly facts: Array<{ shares: number; rows: number; ms: number }>;
}

type Changes = Partial<Omit<GroupDeps, 'limits'>> & { limits?: Partial<GroupDeps['limits']> };

function worldOf({ limits, ...changes }: Changes = {}): World {
  const time = virtualTime();
  const sent: Sent[] = [];
  const facts: World['facts'] = [];
  let id = 0;
  const groups = createGroups({
    commit: async (block, turn) =>
      await new Promise<Settled>((settle, fail) => {
        const one: Sent = { block, rows: textsOf(block), sentAt: undefined, settle, fail };
        sent.push(one);
        void turn.then(() => (one.sentAt = time.now() - NOON));
      }),
    newId: () => idOf(++id),
    timers: time.timersFor(() => true),
    limits: { rows: 1000, bytes: 100_000, inserts: 2, largeRows: 1000, largeBytes: 100_000, ...limits },
    pace: () => 0,
    onGroup: (one) => facts.push(one),
    ...changes,
  });
  return { time, groups, sent, facts };
}

/** The `id` of each row of a block as it would be sent. */
function textsOf(block: Block): string {
  return String(Buffer.concat([...block.encode()]))
    .trimEnd()
    .split('\n')
    .map((line) => String((JSON.parse(line) as { id: unknown }).id))
    .join(' ');
}

let position = 0n;

/** A share with rows of these ids. */
function shareOf(ids: string, changes: Partial<RowSet> = {}, digest?: string): Share {
  const texts = ids.split(' ').map((id) => JSON.stringify({ id }));
  const from = position;
  position += 100n;
  return { rowSet: rowSetOf(texts, changes), runs: [runOf(STREAM, from, texts.length)], digest };
}

const COMMITTED: Settled = { kind: 'committed' };

/** Settles the blocks as they come, by their rows. */
async function settleAll(world: World, verdict: (rows: string, block: Block) => Settled): Promise<void> {
  for (let done = 0; ; ) {
    await settled();
    const next = world.sent[done];
    if (next === undefined) {
      let isIdle = false;
      void world.groups.drain().then(() => (isIdle = true));
      await world.time.run(() => isIdle || world.sent[done] !== undefined);
      if (isIdle) return;
      continue;
    }
    done += 1;
    next.settle(verdict(next.rows, next.block));
  }
}

/** Lets so much time go by, and everything happen that happens meanwhile. */
async function pass({ time }: World, ms: number): Promise<void> {
  let isOver = false;
  time.after(ms, () => (isOver = true));
  await time.run(() => isOver);
  await settled();
}

/** What became of shares, as short text. */
async function outcomesOf(world: World, submitted: readonly Submitted[]): Promise<string[]> {
  return await Promise.all(
    submitted.map(async ({ outcome }) => {
      const result = await outcomeOf(world.time, outcome);
      if (result.kind === 'stored') return `in ${Number(result.batch.slice(-12))}`;
      if (result.kind !== 'refused') return result.kind;
      return `${result.error.failure}${result.row === undefined ? '' : ` row ${result.row}`}`;
    }),
  );
}

const rowsOf = (world: World): string[] => world.sent.map(({ rows }) => rows);

test('shares that come while an insert runs travel together in the next one, each with its rows numbered in the block', async () => {
  const world = worldOf();
  const all = [world.groups.submit(shareOf('a1 a2'))];
  await settled();
  for (const ids of ['b1', 'c1 c2', 'd1']) all.push(world.groups.submit(shareOf(ids)));
  await settled();
  assert.deepEqual(rowsOf(world), ['a1 a2']);
  world.sent[0]!.settle(COMMITTED);
  await settled();
  assert.deepEqual(rowsOf(world), ['a1 a2', 'b1 c1 c2 d1']);
  const { block } = world.sent[1]!;
  assert.deepEqual(
    block.runs.map(({ row, count, from }) => [row, count, Number(from % 100n)]),
    [
      [0, 1, 0],
      [1, 2, 0],
      [3, 1, 0],
    ],
  );
  assert.deepEqual([block.id, block.rowCount, block.columns, block.table], [idOf(2), 4, ['id'], TABLE]);
  assert.equal(String(Buffer.concat([...block.encode()])).split('\n')[2], `{"_sluice_batch":"${idOf(2)}","_sluice_row":2,"id":"c2"}`);
  assert.equal(
    String(Buffer.concat([...block.encode(new Set([0, 2]))])),
    `{"_sluice_batch":"${idOf(2)}","_sluice_row":0,"id":"b1"}\n{"_sluice_batch":"${idOf(2)}","_sluice_row":2,"id":"c2"}\n`,
  );
  world.sent[1]!.settle(COMMITTED);
  assert.deepEqual(await outcomesOf(world, all), ['in 1', 'in 2', 'in 2', 'in 2']);
  await outcomeOf(world.time, world.groups.drain());
  assert.deepEqual(
    world.facts.map(({ shares, rows }) => [shares, rows]),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test('only the runs of a share are in the block, wherever in its row set they are', async () => {
  const world = worldOf();
  const share = shareOf('a b c d e f');
  const runs = [runOf(STREAM, 1n, 2, 1), runOf('', 0n, 1, 4)];
  world.groups.submit({ ...share, runs });
  await settled();
  const { block, rows } = world.sent[0]!;
  assert.equal(rows, 'b c e');
  assert.deepEqual(block.runs, [runOf(STREAM, 1n, 2, 0), runOf('', 0n, 1, 2)]);
  assert.equal(block.rowCount, 3);
});

test('a digest goes with the delivery streams of its share, and with no other', async () => {
  const world = worldOf();
  const delivery = `d${'0'.repeat(32)}`;
  const other = `d${'1'.repeat(32)}`;
  world.groups.submit(shareOf('x'));
  await settled();
  world.groups.submit({ ...shareOf('a b'), runs: [runOf(delivery, 0n, 1), runOf(STREAM, 5n, 1, 1)], digest: 'aa' });
  world.groups.submit({ ...shareOf('c'), runs: [runOf(other, 0n, 1)], digest: 'bb' });
  world.groups.submit(shareOf('d', {}, 'cc'));
  world.sent[0]!.settle(COMMITTED);
  await settled();
  assert.deepEqual(
    [...world.sent[1]!.block.digests],
    [
      [delivery, 'aa'],
      [other, 'bb'],
    ],
  );
});

test('a group ends before it has too many rows or bytes, and a share that alone is over goes alone', async () => {
  const rows = worldOf({ limits: { rows: 3 } });
  for (const ids of ['x', 'a b', 'c', 'd e f g', 'h', 'i j', 'k']) rows.groups.submit(shareOf(ids));
  await settleAll(rows, () => COMMITTED);
  assert.deepEqual(rowsOf(rows), ['x a b', 'c', 'd e f g', 'h i j', 'k']);
  // A row is 10 bytes of text and a newline.
  const bytes = worldOf({ limits: { bytes: 33 } });
  for (const ids of ['x', 'aa bb', 'cc', 'dd', 'ee', 'ff']) bytes.groups.submit(shareOf(ids));
  await settleAll(bytes, () => COMMITTED);
  assert.deepEqual(rowsOf(bytes), ['x', 'aa bb', 'cc dd', 'ee ff']);
});

test('rows for another schema, or for other columns, of the same table are no part of the group', async () => {
  const world = worldOf();
  const changed = { table: { ...TABLE, fingerprint: 'g' } };
  const wider = { columns: ['id', 'more'] };
  for (const [ids, changes] of [
    ['x', {}],
    ['a', {}],
    ['b', changed],
    ['c', changed],
    ['d', {}],
    ['e', wider],
    ['f', wider],
  ] as const)
    world.groups.submit(shareOf(ids, changes));
  await settleAll(world, () => COMMITTED);
  assert.deepEqual(rowsOf(world), ['x a', 'b c', 'd', 'e f']);
  assert.deepEqual(
    world.sent.map(({ block }) => [block.table.fingerprint, block.columns.length]),
    [
      ['f', 1],
      ['g', 1],
      ['f', 1],
      ['f', 2],
    ],
  );
});

test('a table has one insert at a time, and all tables together have no more than they may', async () => {
  const world = worldOf({ limits: { inserts: 2 } });
  const tables = ['one', 'two', 'three'].map((table) => ({ table: { ...TABLE, name: { database: 'default', table } } }));
  for (const round of ['1', '2']) {
    for (const [i, changes] of tables.entries()) world.groups.submit(shareOf(`${'abc'[i]}${round}`, changes));
    await settled();
  }
  const running = (): string[] => world.sent.filter(({ sentAt }) => sentAt !== undefined).map(({ rows }) => rows);
  assert.deepEqual(running(), ['a1', 'b1']);
  world.sent[1]!.settle(COMMITTED);
  await settled();
  // The third table has waited longest for a place.
  assert.deepEqual(running(), ['a1', 'b1', 'c1 c2']);
  world.sent[0]!.settle(COMMITTED);
  await settled();
  assert.equal(running().length, 4);
  await settleAll(world, () => COMMITTED);
  assert.deepEqual(running().toSorted(), ['a1', 'a2', 'b1', 'b2', 'c1 c2']);
});

test('tables of the same name in two databases do not share a block', async () => {
  const world = worldOf();
  world.groups.submit(shareOf('a'));
  world.groups.submit(shareOf('b', { table: { ...TABLE, name: { database: 'other', table: 'orders' } } }));
  await settled();
  assert.deepEqual(rowsOf(world), ['a', 'b']);
});

test('a large group is begun while an insert runs, and sent when that has ended', async () => {
  for (const limits of [{ largeRows: 3 }, { largeBytes: 33 }] as const) {
    const world = worldOf({ limits });
    const state = (): unknown[] => world.sent.map(({ rows, sentAt }) => [rows, sentAt]);
    const all = [world.groups.submit(shareOf('xx'))];
    await pass(world, 0);
    for (const ids of ['aa', 'bb']) all.push(world.groups.submit(shareOf(ids)));
    await pass(world, 5);
    assert.deepEqual(state(), [['xx', 0]]);
    all.push(world.groups.submit(shareOf('cc')));
    await pass(world, 5);
    assert.deepEqual(state(), [
      ['xx', 0],
      ['aa bb cc', undefined],
    ]);
    // One is ahead, no more.
    all.push(world.groups.submit(shareOf('dd ee ff')));
    await pass(world, 5);
    assert.equal(world.sent.length, 2);
    world.sent[0]!.settle(COMMITTED);
    await pass(world, 0);
    assert.deepEqual(state().slice(0, 2), [
      ['xx', 0],
      ['aa bb cc', 15],
    ]);
    await settleAll(world, () => COMMITTED);
    assert.deepEqual(rowsOf(world), ['xx', 'aa bb cc', 'dd ee ff']);
    assert.deepEqual(await outcomesOf(world, all), ['in 1', 'in 2', 'in 2', 'in 2', 'in 3']);
  }
});

test('a large group is closed late, so that what still comes goes along', async () => {
  const world = worldOf({ limits: { largeRows: 2 } });
  const { groups, sent } = world;
  groups.submit(shareOf('x'));
  await pass(world, 100);
  sent[0]!.settle(COMMITTED);
  await pass(world, 0);
  groups.submit(shareOf('y'));
  await pass(world, 0);
  // The insert before took 100 ms.
  groups.submit(shareOf('a b'));
  await pass(world, 40);
  groups.submit(shareOf('c'));
  await pass(world, 5);
  assert.deepEqual(rowsOf(world), ['x', 'y']);
  await pass(world, 10);
  assert.deepEqual(rowsOf(world), ['x', 'y', 'a b c']);
  assert.equal(sent[2]!.sentAt, undefined);
});

test('a group that was begun ahead is not sent before the parts of a refused one', async () => {
  const world = worldOf({ limits: { largeRows: 2 } });
  const state = (): unknown[] => world.sent.map(({ rows, sentAt }) => [rows, sentAt]);
  const all = ['x y', 'a b'].map((ids) => world.groups.submit(shareOf(ids)));
  await pass(world, 0);
  const more = world.groups.submit(shareOf('c d'));
  await pass(world, 1);
  assert.deepEqual(rowsOf(world), ['x y a b', 'c d']);
  world.sent[0]!.settle({ kind: 'refused', error: refusal('row', { row: 1 }) });
  await pass(world, 1);
  assert.deepEqual(state(), [
    ['x y a b', 0],
    ['c d', undefined],
    ['a b', 1],
  ]);
  world.sent[2]!.settle(COMMITTED);
  await pass(world, 1);
  assert.equal(world.sent[1]!.sentAt, 2);
  world.sent[1]!.settle(COMMITTED);
  assert.deepEqual(await outcomesOf(world, [...all, more]), ['row row 1', 'in 3', 'in 2']);
});

test('the share whose row ClickHouse names is refused, by its own row, and the others are stored', async () => {
  const world = worldOf();
  const all = [world.groups.submit(shareOf('x'))];
  await settled();
  all.push(world.groups.submit(shareOf('a b')));
  // Of this one rows 2, 3 and 6 are written: the block's row 4 is its row 6.
  const share = shareOf('c d e f g h i');
  all.push(world.groups.submit({ ...share, runs: [runOf(STREAM, 7n, 2, 2), runOf(STREAM, 50n, 1, 6)] }));
  all.push(world.groups.submit(shareOf('j')));
  await settleAll(world, (rows) => (rows === 'a b e f i j' ? { kind: 'refused', error: refusal('row', { row: 4 }) } : COMMITTED));
  assert.deepEqual(rowsOf(world), ['x', 'a b e f i j', 'a b j']);
  assert.deepEqual(await outcomesOf(world, all), ['in 1', 'in 3', 'row row 6', 'in 3']);
  assert.deepEqual(
    world.sent[2]!.block.runs.map(({ row }) => row),
    [0, 2],
  );
});

test('several bad shares are named one after the other', async () => {
  const world = worldOf();
  const all = ['a', 'BAD', 'b', 'BAD', 'c'].map((ids) => world.groups.submit(shareOf(ids)));
  await settleAll(world, (rows) => {
    const at = rows.split(' ').indexOf('BAD');
    return at === -1 ? COMMITTED : { kind: 'refused', error: refusal('row', { row: at }) };
  });
  assert.deepEqual(rowsOf(world), ['a BAD b BAD c', 'a b BAD c', 'a b c']);
  assert.deepEqual(await outcomesOf(world, all), ['in 3', 'row row 0', 'in 3', 'row row 0', 'in 3']);
});

test('without a named row the group is halved until the bad share is alone', async () => {
  for (const failure of ['row', 'partition-spread'] as const) {
    const world = worldOf();
    const all = ['a', 'b', 'c', 'BAD', 'd'].map((ids) => world.groups.submit(shareOf(ids)));
    await settleAll(world, (rows) => (rows.includes('BAD') ? { kind: 'refused', error: refusal(failure) } : COMMITTED));
    assert.deepEqual(rowsOf(world), ['a b c BAD d', 'a b c', 'BAD d', 'BAD', 'd']);
    assert.deepEqual(await outcomesOf(world, all), ['in 2', 'in 2', 'in 2', failure, 'in 5']);
  }
});

test('a named row is taken for nothing when it is outside of the group, or the reason lies in no row', async () => {
  const outside = worldOf();
  const all = ['a', 'BAD'].map((ids) => outside.groups.submit(shareOf(ids)));
  await settleAll(outside, (rows) => (rows.includes('BAD') ? { kind: 'refused', error: refusal('row', { row: 9 }) } : COMMITTED));
  assert.deepEqual(await outcomesOf(outside, all), ['in 2', 'row']);
  const spread = worldOf();
  const shares = ['a', 'BAD'].map((ids) => spread.groups.submit(shareOf(ids)));
  await settleAll(spread, (rows) =>
    rows.includes('BAD') ? { kind: 'refused', error: refusal('partition-spread', { row: 0 }) } : COMMITTED,
  );
  assert.deepEqual(await outcomesOf(spread, shares), ['in 2', 'partition-spread']);
});

test('a refusal that lies in no share refuses all of them at once', async () => {
  for (const failure of ['schema-drift', 'operator', 'storage-full'] as const) {
    const world = worldOf();
    const all = ['a', 'b', 'c'].map((ids) => world.groups.submit(shareOf(ids)));
    await settleAll(world, () => ({ kind: 'refused', error: refusal(failure) }));
    assert.deepEqual(rowsOf(world), ['a b c']);
    assert.deepEqual(await outcomesOf(world, all), [failure, failure, failure]);
  }
});

test('a group that is put off is tried three times under an id of its own, a little later each time, and then refused', async () => {
  for (const failure of ['back-off', 'cluster-state'] as const) {
    const world = worldOf();
    const all = ['a', 'b'].map((ids) => world.groups.submit(shareOf(ids)));
    await settleAll(world, () => ({ kind: 'refused', error: refusal(failure) }));
    assert.deepEqual(
      world.sent.map(({ rows, sentAt, block }) => [rows, sentAt, block.id]),
      [
        ['a b', 0, idOf(1)],
        ['a b', 100, idOf(2)],
        ['a b', 400, idOf(3)],
      ],
    );
    assert.deepEqual(await outcomesOf(world, all), [failure, failure]);
  }
  const passes = worldOf();
  const all = ['a', 'b'].map((ids) => passes.groups.submit(shareOf(ids)));
  await settleAll(passes, (_, { id }) => (id === idOf(3) ? COMMITTED : { kind: 'refused', error: refusal('back-off') }));
  assert.deepEqual(await outcomesOf(passes, all), ['in 3', 'in 3']);
});

test('of a block that is partly there the shares that are whole are stored, and the others are not', async () => {
  const world = worldOf();
  const all = ['a b', 'c', 'd e', 'f'].map((ids) => world.groups.submit(shareOf(ids)));
  const error = refusal('operator');
  await settleAll(world, () => ({ kind: 'partial', present: [0, 1, 3, 5], error }));
  assert.deepEqual(await outcomesOf(world, all), ['in 1', 'other', 'other', 'in 1']);
  assert.deepEqual(rowsOf(world), ['a b c d e f']);
});

test('what befalls the whole block befalls every share of it', async () => {
  const error = new LedgerError('full', 'no room');
  for (const [settledAs, expected] of [
    [
      { kind: 'not-begun', error },
      { kind: 'not-begun', error },
    ],
    [{ kind: 'abandoned' }, { kind: 'in-doubt' }],
  ] as const) {
    const world = worldOf();
    const all = ['a', 'b'].map((ids) => world.groups.submit(shareOf(ids)));
    await settleAll(world, () => settledAs);
    assert.deepEqual(await Promise.all(all.map(async ({ outcome }) => await outcome)), [expected, expected]);
  }
});

test('a bug while a block is written fails its shares, and the table goes on', async () => {
  const world = worldOf();
  const first = world.groups.submit(shareOf('a'));
  await settled();
  const second = world.groups.submit(shareOf('b'));
  world.sent[0]!.fail(new TypeError('a bug'));
  assert.deepEqual(await failureOf(first.outcome), new TypeError('a bug'));
  await settled();
  world.sent[1]!.settle(COMMITTED);
  assert.deepEqual(await outcomesOf(world, [second]), ['in 2']);
});

test('a share can be taken back while it waits, and not when it is in a block', async () => {
  const world = worldOf();
  const [a, b, c] = ['a', 'b', 'c'].map((ids) => world.groups.submit(shareOf(ids)));
  await settled();
  const [d, e] = ['d', 'e'].map((ids) => world.groups.submit(shareOf(ids)));
  assert.deepEqual([a!.cancel(), d!.cancel(), d!.cancel()], [false, true, false]);
  world.sent[0]!.settle(COMMITTED);
  await settled();
  assert.deepEqual(rowsOf(world), ['a b c', 'e']);
  assert.deepEqual([b!.cancel(), e!.cancel()], [false, false]);
  world.sent[1]!.settle(COMMITTED);
  assert.deepEqual(await outcomesOf(world, [a!, b!, c!, e!]), ['in 1', 'in 1', 'in 1', 'in 2']);
  assert.equal(e!.cancel(), false);
});

test('when everything that waited was taken back nothing is sent, and the next share starts anew', async () => {
  const world = worldOf({ limits: { inserts: 1 } });
  const other = { table: { ...TABLE, name: { database: 'default', table: 'other' } } };
  world.groups.submit(shareOf('a', other));
  await settled();
  const b = world.groups.submit(shareOf('b'));
  await settled();
  assert.equal(b.cancel(), true);
  world.sent[0]!.settle(COMMITTED);
  await outcomeOf(world.time, world.groups.drain());
  assert.deepEqual(rowsOf(world), ['a']);
  const c = world.groups.submit(shareOf('c'));
  await settleAll(world, () => COMMITTED);
  assert.deepEqual(await outcomesOf(world, [c]), ['in 2']);
});

test('drain waits for what waits and what is sent', async () => {
  const world = worldOf();
  await outcomeOf(world.time, world.groups.drain());
  world.groups.submit(shareOf('a'));
  await settled();
  world.groups.submit(shareOf('b'));
  let isDrained = false;
  const drained = world.groups.drain().then(() => (isDrained = true));
  world.sent[0]!.settle(COMMITTED);
  await settled();
  assert.deepEqual([rowsOf(world), isDrained], [['a', 'b'], false]);
  world.sent[1]!.settle(COMMITTED);
  await drained;
  assert.equal(isDrained, true);
});

test('a table that needs time between inserts gets it', async () => {
  let pace = 700;
  const world = worldOf({ pace: () => pace });
  world.groups.submit(shareOf('a'));
  await settled();
  assert.deepEqual(rowsOf(world), []);
  await world.time.run(() => world.sent.length === 1);
  world.groups.submit(shareOf('b'));
  pace = 300;
  await settleAll(world, () => COMMITTED);
  assert.deepEqual(
    world.sent.map(({ rows, sentAt }) => [rows, sentAt]),
    [
      ['a', 700],
      ['b', 1000],
    ],
  );
});

test('after a group of several the next one waits for as many, not for long, and after a group of one for nobody', async () => {
  const world = worldOf();
  const { groups, sent } = world;
  for (const ids of ['a', 'b', 'c']) groups.submit(shareOf(ids));
  await pass(world, 40);
  sent[0]!.settle(COMMITTED);
  await pass(world, 0);
  groups.submit(shareOf('d'));
  await pass(world, 3);
  groups.submit(shareOf('e'));
  await pass(world, 3);
  assert.deepEqual(rowsOf(world), ['a b c']);
  groups.submit(shareOf('f'));
  await pass(world, 1);
  assert.equal(sent[1]?.rows, 'd e f');
  await pass(world, 13);
  sent[1]?.settle(COMMITTED);
  await pass(world, 0);
  // Two never come: as long as the last insert took is enough.
  groups.submit(shareOf('g'));
  await pass(world, 9);
  assert.equal(sent.length, 2);
  await pass(world, 9);
  assert.equal(sent[2]?.rows, 'g');
  await pass(world, 50);
  sent[2]?.settle(COMMITTED);
  await pass(world, 0);
  groups.submit(shareOf('h'));
  await pass(world, 0);
  assert.equal(sent[3]?.rows, 'h');
});
