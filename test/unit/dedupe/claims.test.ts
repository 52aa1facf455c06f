/** Who may write which records, and what becomes of those who come meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import type { Claim, Identities, Run } from '../../../src/core/identity.ts';
import { type Ledger, LedgerError } from '../../../src/core/ledger.ts';
import { type Claims, createClaims } from '../../../src/dedupe/claims.ts';
import { createLedger } from '../../../src/dedupe/ledgers/ledger.ts';
import { createMemoryStore } from '../../../src/dedupe/ledgers/memory.ts';
import { createVirtualTime, type VirtualTime } from '../../simulation/virtual-time.ts';

const NOON = 1_700_000_000_000;
const RETENTION_MS = 3_600_000;
const STREAM = 'corders\0default\x000\0orders\x000';
const OTHER = 'corders\0default\x000\0orders\x001';
const DELIVERY = `d${'0123456789abcdef'.repeat(2)}`;
const OTHER_DELIVERY = `d${'1123456789abcdef'.repeat(2)}`;
const RECORD = `r${'fedcba9876543210'.repeat(2)}`;
const ONE = 'aa'.repeat(32);
const TWO = 'bb'.repeat(32);

interface World {
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly claims: Claims;
  failure: LedgerError | undefined;
}

async function worldOf(): Promise<World> {
  const time = createVirtualTime(NOON);
  const ledger = await createLedger(createMemoryStore(), { now: () => time.now(), retentionMs: RETENTION_MS });
  const world: World = {
    time,
    ledger,
    claims: createClaims({ ledger: { ...ledger, failure: () => world.failure }, timers: time.timersFor(() => true) }),
    failure: undefined,
  };
  return world;
}

/** Runs [stream, from, to] in the order of the rows. */
function runsOf(...places: ReadonlyArray<readonly [stream: string, from: number, to: number]>): Run[] {
  let row = 0;
  return places.map(([stream, from, to]) => {
    const count = to - from + 1;
    row += count;
    return { stream, from: BigInt(from), row: row - count, count };
  });
}

function of(runs: readonly Run[], digest?: string): Identities {
  const stream = runs.find((run) => run.stream.startsWith('d'))?.stream;
  return { runs, repeats: 0, ...(digest === undefined || stream === undefined ? {} : { key: { stream, digest } }) };
}

const offsets = (from: number, to: number): Identities => of(runsOf([STREAM, from, to]));

/** A claim, and whether it is there yet. */
interface Asked {
  readonly claim: Promise<Claim>;
  got: Claim | undefined;
}

/** Asks for records, and lets everything happen that needs no time. */
async function ask({ claims, time }: World, identities: Identities, deadline = time.now() + 1000): Promise<Asked> {
  const asked: Asked = { claim: claims.claim(identities, deadline), got: undefined };
  asked.claim.then(
    (claim) => (asked.got = claim),
    () => undefined,
  );
  await rest();
  return asked;
}

async function rest(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function waits({ got }: Asked): boolean {
  return got === undefined;
}

/** What a claim gives the right to write. */
function freshOf({ got }: Asked): string {
  assert.ok(got !== undefined, 'it still waits');
  return got.fresh.map(({ from, count, row }) => `${from}-${from + BigInt(count) - 1n} at ${row}`).join();
}

let serial = 0;

/** Writes what was claimed, and settles it. */
async function write({ ledger, time }: World, { got }: Asked, settle: 'commit' | 'void' | readonly number[] = 'commit'): Promise<string> {
  assert.ok(got !== undefined, 'it still waits');
  const { fresh, digest } = got;
  const id = `0198c5a0-0000-7000-8000-${String(++serial).padStart(12, '0')}`;
  let row = 0;
  const runs = fresh.map(({ stream, from, count }) => {
    row += count;
    return { stream, from, row: row - count, count };
  });
  const digests = new Map(
    digest === undefined ? [] : runs.filter(({ stream }) => stream.startsWith('d')).map(({ stream }) => [stream, digest]),
  );
  await ledger.begin({ id, table: { database: 'd', table: 't' }, rowCount: row, begunAt: time.now(), runs, digests });
  if (settle === 'commit') ledger.commit(id);
  else ledger.void(id, settle === 'void' ? [] : settle);
  got.release();
  await rest();
  return id;
}

/** What the sender is told, and when. */
async function toldOf({ time }: World, { claim }: Asked): Promise<readonly [code: string, after: number]> {
  let error: unknown;
  claim.then(
    () => (error = new Error('it was claimed')),
    (thrown: unknown) => (error = thrown),
  );
  await time.run(() => error !== undefined);
  assert.ok(error instanceof GatewayError, String(error));
  return [error.code, time.now() - NOON];
}

test('what nobody has written or is writing is claimed as it is', async () => {
  const world = await worldOf();
  const runs = runsOf([STREAM, 5, 9], [OTHER, 5, 6], ['', 7, 7], [RECORD, 0, 0]);
  const { got } = await ask(world, { runs, repeats: 2 });
  assert.deepEqual([got?.fresh, got?.duplicates, got?.replayed, got?.digest], [runs, 2, undefined, undefined]);
});

test('what is done is no part of the claim, and counts with the repeats as duplicates', async () => {
  const world = await worldOf();
  await write(world, await ask(world, offsets(3, 5)));
  const partly = await ask(world, { ...offsets(0, 9), repeats: 4 });
  assert.equal(freshOf(partly), '0-2 at 0,6-9 at 6');
  assert.equal(partly.got?.duplicates, 7);
  await write(world, partly);
  const again = await ask(world, offsets(1, 8));
  assert.deepEqual([freshOf(again), again.got?.duplicates, again.got?.replayed], ['', 8, undefined]);
});

test('a delivery that overlaps one that is being written waits, and then writes what that one did not', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 9));
  const second = await ask(world, offsets(5, 14));
  assert.ok(waits(second));
  await write(world, first);
  assert.deepEqual([freshOf(second), second.got?.duplicates], ['10-14 at 5', 5]);
});

test('when what it waited for was not written it writes everything', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 9));
  const second = await ask(world, offsets(5, 14));
  await write(world, first, 'void');
  assert.deepEqual([freshOf(second), second.got?.duplicates], ['5-14 at 0', 0]);
});

test('when only some of it was written it writes the others', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 9));
  const second = await ask(world, offsets(0, 9));
  await write(world, first, [2, 3, 7]);
  assert.deepEqual([freshOf(second), second.got?.duplicates], ['0-1 at 0,4-6 at 4,8-9 at 8', 3]);
});

test('a delivery that waits holds nothing: another one takes the rest of its records meanwhile', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 4));
  const second = await ask(world, offsets(3, 9));
  const third = await ask(world, offsets(5, 7));
  assert.ok(waits(second));
  assert.equal(freshOf(third), '5-7 at 0');
  await write(world, first);
  assert.ok(waits(second));
  await write(world, third);
  assert.deepEqual([freshOf(second), second.got?.duplicates], ['8-9 at 5', 5]);
});

test('of several that wait for the same records one gets them, and the others go on waiting', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 4));
  const others = await Promise.all([1, 2, 3].map(async () => await ask(world, offsets(0, 4))));
  await write(world, first, 'void');
  assert.deepEqual(
    others.map(({ got }) => got !== undefined),
    [true, false, false],
  );
  await write(world, others[0]!);
  assert.deepEqual(
    others.map(({ got }) => got?.duplicates),
    [0, 5, 5],
  );
});

test('a claim holds its records and no others: neighbours, other partitions and other records go on', async () => {
  const world = await worldOf();
  await ask(world, of(runsOf([STREAM, 10, 19], [RECORD, 0, 0])));
  const free = [runsOf([STREAM, 5, 9]), runsOf([STREAM, 20, 20]), runsOf([OTHER, 10, 19]), runsOf([`r${'0'.repeat(32)}`, 0, 0])];
  for (const runs of free) assert.deepEqual((await ask(world, of(runs))).got?.fresh, runs);
  for (const runs of [runsOf([STREAM, 19, 19]), runsOf([OTHER, 90, 90], [RECORD, 0, 0])]) assert.ok(waits(await ask(world, of(runs))));
});

test('records without identity are nobody’s: the same ones are claimed at the same time', async () => {
  const world = await worldOf();
  const runs = runsOf(['', 0, 4]);
  const [first, second] = [await ask(world, of(runs)), await ask(world, of(runs))];
  assert.deepEqual([first.got?.fresh, second.got?.fresh], [runs, runs]);
});

test('at the deadline the sender of records that are still being written is told so, and the first one is not disturbed', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 9));
  const second = await ask(world, offsets(5, 14), NOON + 700);
  assert.deepEqual(await toldOf(world, second), ['commit_in_doubt', 700]);
  await write(world, first);
  const again = await ask(world, offsets(5, 14));
  assert.deepEqual([freshOf(again), again.got?.duplicates], ['10-14 at 5', 5]);
});

test('at the deadline the sender of a delivery key is told that the key is in flight', async () => {
  const world = await worldOf();
  await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.deepEqual(await toldOf(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE), NOON + 300)), ['in_flight', 300]);
});

test('another payload under a key that is done is a conflict, and the same payload is answered by its first batch', async () => {
  const world = await worldOf();
  const batch = await write(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE)));
  assert.deepEqual(await toldOf(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), TWO))), ['idempotency_conflict', 0]);
  // Also for records that the first payload did not have.
  assert.deepEqual(await toldOf(world, await ask(world, of(runsOf([DELIVERY, 7, 8]), TWO))), ['idempotency_conflict', 0]);
  const same = await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.deepEqual([same.got?.fresh, same.got?.duplicates], [[], 3]);
  assert.deepEqual(
    [same.got?.replayed?.batch, same.got?.replayed?.digest, same.got?.replayed?.committedAt, same.got?.replayed?.expiresAt],
    [batch, ONE, NOON, NOON + RETENTION_MS],
  );
});

test('another payload under a key that is being written is a conflict at once, and the same one waits for the outcome', async () => {
  const world = await worldOf();
  const first = await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.deepEqual(await toldOf(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), TWO))), ['idempotency_conflict', 0]);
  const same = await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.ok(waits(same));
  const batch = await write(world, first);
  assert.deepEqual([same.got?.duplicates, same.got?.replayed?.batch], [3, batch]);
});

test('the part of a keyed delivery that did not land is written by its next one', async () => {
  const world = await worldOf();
  await write(world, await ask(world, of(runsOf([DELIVERY, 0, 3]), ONE)), [0, 2]);
  const again = await ask(world, of(runsOf([DELIVERY, 0, 3]), ONE));
  assert.deepEqual([freshOf(again), again.got?.duplicates, again.got?.replayed], ['1-1 at 1,3-3 at 3', 2, undefined]);
});

test('a key that was voided, or has expired, is free for another payload', async () => {
  const world = await worldOf();
  await write(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE)), 'void');
  await write(world, await ask(world, of(runsOf([DELIVERY, 0, 2]), TWO)));
  world.time.after(RETENTION_MS, () => undefined);
  await world.time.run(() => world.time.now() >= NOON + RETENTION_MS);
  const later = await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.deepEqual([freshOf(later), later.got?.duplicates], ['0-2 at 0', 0]);
});

test('two deliveries with keys of their own do not conflict', async () => {
  const world = await worldOf();
  await ask(world, of(runsOf([DELIVERY, 0, 2]), ONE));
  assert.equal(freshOf(await ask(world, of(runsOf([OTHER_DELIVERY, 0, 2]), TWO))), '0-2 at 0');
});

test('positions that are held belong to nobody until they are given back', async () => {
  const world = await worldOf();
  const release = world.claims.hold(runsOf([STREAM, 10, 19], [DELIVERY, 0, 1]));
  const overlapping = await ask(world, offsets(15, 24), NOON + 10_000);
  const keyed = await ask(world, of(runsOf([DELIVERY, 0, 1]), TWO), NOON + 10_000);
  const beside = await ask(world, offsets(20, 22));
  assert.equal(freshOf(beside), '20-22 at 0');
  assert.deepEqual([waits(overlapping), waits(keyed)], [true, true]);
  assert.deepEqual(await toldOf(world, await ask(world, offsets(10, 10), NOON + 50)), ['commit_in_doubt', 50]);
  release();
  await rest();
  assert.equal(freshOf(keyed), '0-1 at 0');
  assert.ok(waits(overlapping));
  await write(world, beside);
  assert.equal(freshOf(overlapping), '15-19 at 0,23-24 at 8');
});

test('a ledger that failed gives no right to anything, not even to call a record a duplicate', async () => {
  const world = await worldOf();
  const first = await ask(world, offsets(0, 4));
  const second = await ask(world, offsets(0, 9));
  await write(world, first, 'void');
  await write(world, second);
  const held = await ask(world, offsets(20, 24));
  const next = await ask(world, offsets(20, 29));
  world.failure = new LedgerError('broken', 'the disk is gone');
  for (const identities of [offsets(0, 9), offsets(50, 59), of(runsOf(['', 0, 0]))]) {
    const { claim } = await ask(world, identities);
    const error = await claim.catch((thrown: unknown) => thrown);
    assert.ok(error instanceof GatewayError);
    assert.deepEqual(
      [error.code, error.message, error.retryAfterSeconds, error.cause],
      ['ledger_unavailable', 'the disk is gone', 10, world.failure],
    );
  }
  // Whoever waits when it fails is told when the wait is over.
  held.got?.release();
  assert.deepEqual(await toldOf(world, next), ['ledger_unavailable', 0]);
});
