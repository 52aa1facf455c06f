/** When a claim is given back, and what the sender is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { ledgerFailure } from '../../../src/core/failures.ts';
import type { Claim, Run } from '../../../src/core/identity.ts';
import type { RowSet, WriteResult } from '../../../src/core/insert.ts';
import { LedgerError } from '../../../src/core/ledger.ts';
import type { Block, Settled } from '../../../src/insert/attempt.ts';
import { createGroups } from '../../../src/insert/group.ts';
import { createWriter, type Write } from '../../../src/insert/writer.ts';
import type { VirtualTime } from '../../simulation/virtual-time.ts';
import { failureOf, idOf, NOON, outcomeOf, refusal, rowSetOf, runOf, STREAM, settled, TABLE, virtualTime } from './insert-support.ts';

const DEADLINE = NOON + 1000;

interface World {
  readonly time: VirtualTime;
  readonly write: Write;
  readonly blocks: Array<{ readonly block: Block; settle(settled: Settled): void; fail(error: unknown): void }>;
}

function worldOf(changes: { maxRows?: number; maxBytes?: number; admit?: () => void; answer?: Settled } = {}): World {
  const { maxRows = 100, maxBytes = 10_000, admit = () => undefined, answer } = changes;
  const time = virtualTime();
  const timers = time.timersFor(() => true);
  const blocks: World['blocks'] = [];
  let id = 0;
  const groups = createGroups({
    commit: async (block, turn) => {
      await turn;
      if (answer !== undefined) return answer;
      return await new Promise<Settled>((settle, fail) => blocks.push({ block, settle, fail }));
    },
    newId: () => idOf(++id),
    timers,
    limits: { rows: maxRows, bytes: maxBytes, inserts: 1, largeRows: 1000, largeBytes: 100_000 },
    pace: () => 0,
  });
  return { time, blocks, write: createWriter({ groups, timers, maxRows, maxBytes, admit }) };
}

/** A claim on these runs that counts how often it was given back. */
function claimOf(fresh: readonly Run[], digest?: string): Claim & { released: number } {
  const claim = { fresh, duplicates: 0, replayed: undefined, digest, released: 0, release: () => void (claim.released += 1) };
  return claim;
}

const ROWS = rowSetOf(['{"id":"a"}', '{"id":"b"}', '{"id":"c"}'], { ordinals: Int32Array.of(4, 7, 9) });
const WHOLE = [runOf(STREAM, 10n, 3)];

/** Rows of another delivery that keep the table busy until their block is settled. */
async function busyTable(world: World): Promise<void> {
  void world.write(rowSetOf(['{"id":"x"}']), claimOf([runOf(STREAM, 900n, 1)]), NOON + 1_000_000);
  await settled();
  assert.equal(world.blocks.length, 1);
}

/** What the sender is told. */
async function toldOf(
  world: World,
  work: Promise<WriteResult>,
): Promise<{ code: string; message: string; retryAfter: number | undefined }> {
  const error = await failureOf(outcomeOf(world.time, work));
  assert.ok(error instanceof GatewayError, String(error));
  return { code: error.code, message: error.message, retryAfter: error.retryAfterSeconds };
}

test('stored rows give the claim back once, and the batch is told', async () => {
  const world = worldOf();
  const claim = claimOf(WHOLE, 'ab');
  const work = world.write(ROWS, claim, DEADLINE);
  await settled();
  assert.deepEqual([world.blocks[0]?.block.runs, claim.released], [[runOf(STREAM, 10n, 3)], 0]);
  world.blocks[0]?.settle({ kind: 'committed' });
  assert.deepEqual(await outcomeOf(world.time, work), { kind: 'stored', batch: idOf(1) });
  assert.equal(claim.released, 1);
});

test('only claimed rows are written', async () => {
  const world = worldOf();
  const work = world.write(ROWS, claimOf([runOf(STREAM, 10n, 1), runOf(STREAM, 12n, 1, 2)]), DEADLINE);
  await settled();
  const [sent = assert.fail()] = world.blocks;
  assert.match(String(sent.block.encode()[0]), /"_sluice_row":0,"id":"a"\}\n.*"_sluice_row":1,"id":"c"\}\n$/);
  sent.settle({ kind: 'committed' });
  await outcomeOf(world.time, work);
});

test('a delivery over the caps of a block goes in parts, one after the other, and its first batch is told', async () => {
  const rows = rowSetOf(Array.from({ length: 7 }, (_, i) => `{"id":${i}}`));
  const world = worldOf({ maxRows: 3 });
  const claim = claimOf([runOf(STREAM, 10n, 7)]);
  const work = world.write(rows, claim, DEADLINE);
  for (const part of [0, 1, 2]) {
    await settled();
    assert.deepEqual([world.blocks.length, claim.released], [part + 1, 0]);
    world.blocks[part]?.settle({ kind: 'committed' });
  }
  assert.deepEqual(await outcomeOf(world.time, work), { kind: 'stored', batch: idOf(1) });
  assert.deepEqual(
    world.blocks.map(({ block }) => block.runs),
    [[runOf(STREAM, 10n, 3)], [runOf(STREAM, 13n, 3)], [runOf(STREAM, 16n, 1)]],
  );
  assert.equal(claim.released, 1);
});

test('rows that wait for their turn until the deadline are taken back, the claim too, and never sent', async () => {
  const world = worldOf();
  await busyTable(world);
  const claim = claimOf(WHOLE);
  const told = await toldOf(world, world.write(ROWS, claim, DEADLINE));
  assert.equal(world.time.now(), DEADLINE);
  assert.deepEqual(told, {
    code: 'target_overloaded',
    message: 'The rows waited for their turn until the deadline of the request: send it again',
    retryAfter: 5,
  });
  assert.equal(claim.released, 1);
  world.blocks[0]?.settle({ kind: 'committed' });
  await world.time.run(() => false);
  assert.deepEqual([world.blocks.length, claim.released], [1, 1]);
});

test('rows that are in a block at the deadline go on, and keep the claim until they are settled', async () => {
  const settlements: Settled[] = [
    { kind: 'committed' },
    { kind: 'refused', error: refusal('row', { row: 0 }) },
    { kind: 'partial', present: [1], error: refusal('operator') },
    { kind: 'not-begun', error: new LedgerError('full', 'no room') },
  ];
  for (const settlement of settlements) {
    const world = worldOf();
    const claim = claimOf(WHOLE);
    const told = await toldOf(world, world.write(ROWS, claim, DEADLINE));
    assert.deepEqual([world.time.now(), claim.released], [DEADLINE, 0]);
    assert.deepEqual(told, {
      code: 'commit_in_doubt',
      message: 'It is not known yet whether the records are stored: send the request again, nothing is written twice',
      retryAfter: 5,
    });
    world.blocks[0]?.settle(settlement);
    await settled();
    assert.equal(claim.released, 1, settlement.kind);
  }
});

test('the sender of records without identity is told that they may be there twice', async () => {
  const world = worldOf();
  const told = await toldOf(world, world.write(ROWS, claimOf([runOf(STREAM, 10n, 2), runOf('', 2n, 1, 2)]), DEADLINE));
  assert.equal(
    told.message,
    'It is not known yet whether the records are stored: send the request again; records without identity may then be there twice',
  );
});

test('at the deadline the parts of a delivery that are left still follow the one that is in a block', async () => {
  const world = worldOf({ maxRows: 2 });
  const claim = claimOf(WHOLE);
  assert.equal((await toldOf(world, world.write(ROWS, claim, DEADLINE))).code, 'commit_in_doubt');
  world.blocks[0]?.settle({ kind: 'committed' });
  await settled();
  assert.deepEqual([world.blocks[1]?.block.runs, claim.released], [[runOf(STREAM, 12n, 1)], 0]);
  world.blocks[1]?.settle({ kind: 'committed' });
  await settled();
  assert.equal(claim.released, 1);
});

test('a claim on rows whose fate the ledger keeps is never given back', async () => {
  const world = worldOf({ answer: { kind: 'abandoned' } });
  const claim = claimOf(WHOLE);
  assert.equal((await toldOf(world, world.write(ROWS, claim, DEADLINE))).code, 'commit_in_doubt');
  assert.equal(world.time.now(), NOON);
  await world.time.run(() => false);
  assert.equal(claim.released, 0);
});

test('a bug while rows are written leaves their claim, because nothing is known of them', async () => {
  const world = worldOf();
  const claim = claimOf(WHOLE);
  const work = world.write(ROWS, claim, DEADLINE);
  await settled();
  world.blocks[0]?.fail(new TypeError('a bug'));
  assert.deepEqual(await failureOf(outcomeOf(world.time, work)), new TypeError('a bug'));
  assert.equal(claim.released, 0);
});

test('a refused row is the record of its ordinal, with the column that ClickHouse named', async () => {
  const error = refusal('row', { row: 1, column: 'amount' });
  const world = worldOf({ answer: { kind: 'refused', error } });
  // The block's second row is the third of the row set.
  const claim = claimOf([runOf(STREAM, 10n, 1), runOf(STREAM, 12n, 1, 2)]);
  assert.deepEqual(await outcomeOf(world.time, world.write(ROWS, claim, DEADLINE)), {
    kind: 'refused',
    rejection: {
      ordinal: 9,
      code: 'refused_by_clickhouse',
      column: 'amount',
      reason: "refused: row: compare the record with the table's types and constraints",
    },
  });
  assert.equal(claim.released, 1);
  const unnamed = worldOf({ answer: { kind: 'refused', error: refusal('row', { row: 0 }) } });
  const result = await outcomeOf(unnamed.time, unnamed.write(ROWS, claimOf(WHOLE), DEADLINE));
  assert.deepEqual(result.kind === 'refused' && Object.keys(result.rejection), ['ordinal', 'code', 'reason']);
});

test('a refusal that names no row is thrown as it is, and the claim given back', async () => {
  for (const failure of ['row', 'operator', 'schema-drift', 'partition-spread'] as const) {
    const error = refusal(failure);
    const world = worldOf({ answer: { kind: 'refused', error } });
    const claim = claimOf(WHOLE);
    assert.equal(await failureOf(outcomeOf(world.time, world.write(ROWS, claim, DEADLINE))), error);
    assert.equal(claim.released, 1);
  }
});

test('when a record is refused after parts of the delivery were stored the sender is told how many', async () => {
  const rows = rowSetOf(Array.from({ length: 7 }, (_, i) => `{"id":${i}}`));
  const world = worldOf({ maxRows: 3 });
  const claim = claimOf([runOf(STREAM, 10n, 7)]);
  const work = world.write(rows, claim, DEADLINE);
  for (const settlement of [
    { kind: 'committed' },
    { kind: 'committed' },
    { kind: 'refused', error: refusal('row', { row: 0 }) },
  ] as const) {
    await settled();
    world.blocks.at(-1)?.settle(settlement);
  }
  assert.deepEqual(await toldOf(world, work), {
    code: 'records_rejected',
    message: "refused: row: compare the record with the table's types and constraints. 6 records of the request before it were stored",
    retryAfter: undefined,
  });
  assert.equal(claim.released, 1);
});

test('a table that can take no more gives the claim back before anything is submitted', async () => {
  const error = new GatewayError('parts_pressure', 'too many parts');
  const world = worldOf({
    admit: () => {
      throw error;
    },
  });
  const claim = claimOf(WHOLE);
  assert.equal(await failureOf(outcomeOf(world.time, world.write(ROWS, claim, DEADLINE))), error);
  assert.deepEqual([claim.released, world.blocks.length], [1, 0]);
});

test('the table that is asked for room is the one of the rows', async () => {
  const asked: unknown[] = [];
  const time = virtualTime();
  const write = createWriter({
    groups: {
      submit: () => ({ outcome: Promise.resolve({ kind: 'stored', batch: idOf(1) }), cancel: () => false }),
      drain: async () => await Promise.resolve(),
    },
    timers: time.timersFor(() => true),
    maxRows: 10,
    maxBytes: 1000,
    admit: (table) => asked.push(table),
  });
  const other: RowSet = { ...ROWS, table: { ...TABLE, fingerprint: 'other' } };
  await outcomeOf(time, write(other, claimOf(WHOLE), DEADLINE));
  assert.deepEqual(asked, [other.table]);
});

test('a ledger without room is a full disk, a broken one is not available, and both give the claim back', async () => {
  for (const [kind, code] of [
    ['full', 'storage_full'],
    ['broken', 'ledger_unavailable'],
  ] as const) {
    const error = new LedgerError(kind, `the ledger is ${kind}`);
    const world = worldOf({ answer: { kind: 'not-begun', error } });
    const claim = claimOf(WHOLE);
    assert.deepEqual(await toldOf(world, world.write(ROWS, claim, DEADLINE)), { code, message: `the ledger is ${kind}`, retryAfter: 10 });
    assert.equal(claim.released, 1);
    assert.deepEqual([ledgerFailure(error).code, ledgerFailure(error).cause], [code, error]);
  }
});
