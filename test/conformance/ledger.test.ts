/** What a ledger promises, over every store there is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { Run } from '../../src/core/identity.ts';
import { type BegunBatch, type Ledger, LedgerError } from '../../src/core/ledger.ts';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { openLmdbStore } from '../../src/dedupe/ledgers/lmdb.ts';
import { createMemoryStore } from '../../src/dedupe/ledgers/memory.ts';
import type { Store } from '../../src/dedupe/ledgers/store.ts';

/** A place a store is kept in over restarts. */
interface Place {
  open(): Promise<Store>;
  remove(): void;
}

const PLACES: Record<string, () => Place> = {
  memory: () => {
    let last = createMemoryStore();
    return {
      async open() {
        last = createMemoryStore(last.entries());
        return await Promise.resolve(last);
      },
      remove: () => undefined,
    };
  },
  lmdb: () => {
    const directory = mkdtempSync('/tmp/sluice-ledger-');
    return { open: async () => await openLmdbStore(directory), remove: () => rmSync(directory, { recursive: true, force: true }) };
  },
};

const HOUR = 3_600_000;
const RETENTION_MS = 24 * HOUR;
const DIGEST = 'ab'.repeat(32);
const STREAM = 'corders\0default\x000\0orders\x000';
const DELIVERY = `d${'0123456789abcdef'.repeat(2)}`;
const RECORD = `r${'fedcba9876543210'.repeat(2)}`;

let serial = 0;
let clock = 1_700_000_000_000;

function batchOf(runs: ReadonlyArray<readonly [stream: string, from: bigint, count: number]>, digest?: string): BegunBatch {
  let row = 0;
  const numbered = runs.map(([stream, from, count]): Run => {
    row += count;
    return { stream, from, row: row - count, count };
  });
  return {
    id: `0198c5a0-0000-7000-8000-${String(++serial).padStart(12, '0')}`,
    table: { database: 'shop', table: 'orders' },
    rowCount: row,
    begunAt: clock,
    runs: numbered,
    digests: new Map(digest === undefined ? [] : [[DELIVERY, digest]]),
  };
}

for (const [name, createPlace] of Object.entries(PLACES)) {
  suite(`ledger: ${name}`, () => {
    let place: Place;
    let ledger: Ledger;
    const open = async (): Promise<void> => {
      ledger = await createLedger(await place.open(), { now: () => clock, retentionMs: RETENTION_MS });
    };
    const restart = async (): Promise<void> => {
      await ledger.close();
      await open();
    };
    const doneIn = (stream: string, from: bigint, to: bigint): string =>
      ledger
        .done(stream, from, to)
        .map((i) => `${i.from}-${i.to}`)
        .join();

    before(() => undefined);
    beforeEach(async () => {
      place = createPlace();
      await open();
      return undefined;
    });
    const end = async (): Promise<void> => {
      await ledger.close();
      place.remove();
    };

    test('a batch that is begun is in doubt, over restarts, exactly as it was begun', async () => {
      const first = batchOf(
        [
          [STREAM, 5n, 3],
          [STREAM, 2n ** 63n - 2n, 2],
          [DELIVERY, 0n, 1],
          ['', 9n, 2],
        ],
        DIGEST,
      );
      const second = batchOf([[RECORD, 0n, 1]]);
      await ledger.begin(first);
      await ledger.begin(second);
      assert.deepEqual(ledger.inDoubt(), [first, second]);
      await restart();
      assert.deepEqual(ledger.inDoubt(), [first, second]);
      assert.equal(doneIn(STREAM, 0n, 100n), '');
      await end();
    });

    test('a commit is seen at once and over restarts, and takes the batch out of doubt', async () => {
      const batch = batchOf([
        [STREAM, 5n, 3],
        [STREAM, 20n, 2],
      ]);
      await ledger.begin(batch);
      ledger.commit(batch.id);
      const check = (): void => {
        assert.equal(doneIn(STREAM, 0n, 100n), '5-7,20-21');
        assert.equal(doneIn(STREAM, 6n, 20n), '6-7,20-20');
        assert.equal(doneIn(`${STREAM}1`, 0n, 100n), '');
        assert.deepEqual(ledger.inDoubt(), []);
      };
      check();
      await restart();
      check();
      await end();
    });

    test('a void leaves nothing but the rows that are kept', async () => {
      const batch = batchOf(
        [
          [STREAM, 10n, 4],
          [DELIVERY, 0n, 3],
          [STREAM, 30n, 2],
        ],
        DIGEST,
      );
      const none = batchOf([[STREAM, 50n, 4]]);
      await ledger.begin(batch);
      await ledger.begin(none);
      ledger.void(batch.id, [1, 2, 5, 7]);
      ledger.void(none.id);
      for (const round of ['at once', 'after a restart']) {
        assert.equal(doneIn(STREAM, 0n, 100n), '11-12,30-30', round);
        assert.equal(doneIn(DELIVERY, 0n, 9n), '1-1', round);
        assert.deepEqual(ledger.inDoubt(), []);
        await restart();
      }
      await end();
    });

    test('offsets come in any order and with gaps, and stay one set', async () => {
      const order = [40n, 10n, 30n, 20n, 35n, 0n, 11n];
      for (const from of order) {
        const batch = batchOf([[STREAM, from, 5]]);
        await ledger.begin(batch);
        ledger.commit(batch.id);
      }
      assert.equal(doneIn(STREAM, 0n, 100n), '0-4,10-15,20-24,30-44');
      await restart();
      assert.equal(doneIn(STREAM, 0n, 100n), '0-4,10-15,20-24,30-44');
      assert.deepEqual(ledger.streams('corders'), [
        {
          stream: STREAM,
          count: 31n,
          intervals: [
            { from: 0n, to: 4n },
            { from: 10n, to: 15n },
            { from: 20n, to: 24n },
            { from: 30n, to: 44n },
          ],
        },
      ]);
      await end();
    });

    test('a key is remembered with its payload and first batch, until it expires', async () => {
      const batch = batchOf([[DELIVERY, 0n, 2]], DIGEST);
      const more = batchOf([[DELIVERY, 2n, 1]], DIGEST);
      await ledger.begin(batch);
      ledger.commit(batch.id);
      const start = batch.begunAt;
      clock += HOUR;
      await ledger.begin(more);
      ledger.commit(more.id);
      const expected = { digest: DIGEST, batch: batch.id, committedAt: start, expiresAt: start + RETENTION_MS };
      for (const round of ['at once', 'after a restart']) {
        const { digest, batch: first, committedAt, expiresAt } = ledger.keyed(DELIVERY) ?? assert.fail(round);
        assert.deepEqual({ digest, batch: first, committedAt, expiresAt }, expected, round);
        assert.equal(doneIn(DELIVERY, 0n, 9n), '0-2', round);
        await restart();
      }
      clock = start + RETENTION_MS - 1;
      assert.equal(doneIn(DELIVERY, 0n, 9n), '0-2');
      clock = start + RETENTION_MS;
      assert.equal(ledger.keyed(DELIVERY), undefined);
      assert.equal(doneIn(DELIVERY, 0n, 9n), '');
      await end();
    });

    test('expiry removes what has expired and nothing else', async () => {
      const streams = Array.from({ length: 1200 }, (_, i) => `r${i.toString(16).padStart(32, '0')}`);
      for (const part of [streams.slice(0, 700), streams.slice(700)]) {
        const batch = batchOf(part.map((stream) => [stream, 0n, 1] as const));
        await ledger.begin(batch);
        ledger.commit(batch.id);
        clock += HOUR;
      }
      const offsets = batchOf([[STREAM, 0n, 1]]);
      await ledger.begin(offsets);
      ledger.commit(offsets.id);
      await ledger.flush();
      clock += RETENTION_MS - 2 * HOUR;
      assert.equal(await ledger.expire(), 700);
      assert.equal(await ledger.expire(), 0);
      await restart();
      assert.deepEqual(
        streams.map((stream) => ledger.keyed(stream) !== undefined),
        streams.map((_, i) => i >= 700),
      );
      clock += 400 * RETENTION_MS;
      assert.equal(doneIn(STREAM, 0n, 9n), '0-0');
      await end();
    });

    test('many streams and batches at once', async () => {
      const batches = Array.from({ length: 300 }, (_, i) => batchOf([[`${STREAM}${i % 40}`, BigInt(i) * 10n, 10]]));
      await Promise.all(batches.map(async (batch) => await ledger.begin(batch)));
      for (const { id } of batches) ledger.commit(id);
      await restart();
      for (const { runs } of batches)
        for (const { stream, from } of runs) assert.equal(doneIn(stream, from, from + 9n), `${from}-${from + 9n}`);
      assert.deepEqual(ledger.size(), { streams: 40, inDoubt: 0 });
      await end();
    });

    after(() => undefined);
  });
}

/** A store whose writes fail when it is told so. */
function failing(store: Store): Store & { fail: LedgerError | undefined } {
  const wrapped = {
    ...store,
    fail: undefined as LedgerError | undefined,
    async write(changes: Parameters<Store['write']>[0]) {
      if (wrapped.fail !== undefined) throw wrapped.fail;
      await store.write(changes);
    },
  };
  return wrapped;
}

test('without room a batch is not begun, and what could not be written goes with the next', async () => {
  const memory = createMemoryStore();
  const store = failing(memory);
  const ledger = await createLedger(store, { now: () => 0, retentionMs: 1 });
  const first = batchOf([[STREAM, 0n, 5]]);
  await ledger.begin(first);
  store.fail = new LedgerError('full', 'no room');
  ledger.commit(first.id);
  const refused = batchOf([[STREAM, 5n, 5]]);
  await assert.rejects(ledger.begin(refused), (error) => error instanceof LedgerError && error.kind === 'full');
  assert.deepEqual([ledger.failure(), ledger.inDoubt()], [undefined, []]);
  assert.deepEqual((await createLedger(createMemoryStore(memory.entries()), { now: () => 0, retentionMs: 1 })).inDoubt(), [first]);
  store.fail = undefined;
  const next = batchOf([[STREAM, 5n, 5]]);
  await ledger.begin(next);
  const again = await createLedger(createMemoryStore(memory.entries()), { now: () => 0, retentionMs: 1 });
  assert.deepEqual([again.inDoubt(), again.done(STREAM, 0n, 99n)], [[next], [{ from: 0n, to: 4n }]]);
});

test('a newer value is not replaced by an older one whose write failed', async () => {
  const memory = createMemoryStore();
  const store = failing(memory);
  const ledger = await createLedger(store, { now: () => 0, retentionMs: 1 });
  const batches = [0n, 5n, 10n].map((from) => batchOf([[STREAM, from, 5]]));
  for (const batch of batches) await ledger.begin(batch);
  store.fail = new LedgerError('full', 'no room');
  ledger.commit(batches[0]!.id);
  store.fail = undefined;
  ledger.commit(batches[1]!.id);
  await ledger.flush();
  ledger.commit(batches[2]!.id);
  await ledger.flush();
  const again = await createLedger(createMemoryStore(memory.entries()), { now: () => 0, retentionMs: 1 });
  assert.deepEqual([again.inDoubt(), again.done(STREAM, 0n, 99n)], [[], [{ from: 0n, to: 14n }]]);
});

test('after a failure that is no lack of room nothing is begun any more', async () => {
  const store = failing(createMemoryStore());
  const ledger = await createLedger(store, { now: () => 0, retentionMs: 1 });
  store.fail = new LedgerError('broken', 'the disk is gone');
  await assert.rejects(ledger.begin(batchOf([[STREAM, 0n, 1]])), LedgerError);
  store.fail = undefined;
  await assert.rejects(ledger.begin(batchOf([[STREAM, 0n, 1]])), /the disk is gone/);
  assert.equal(ledger.failure()?.message, 'the disk is gone');
});

test('a byte changed, a value lost or moved, or another format is refused', async () => {
  const memory = createMemoryStore();
  const ledger = await createLedger(memory, { now: () => 0, retentionMs: 1 });
  for (const from of [0n, 10n, 20n]) {
    const batch = batchOf([[STREAM, from, 5]]);
    await ledger.begin(batch);
    ledger.commit(batch.id);
  }
  await ledger.begin(batchOf([[STREAM, 90n, 1]]));
  await ledger.flush();
  const reopen = async (entries: Map<string, Buffer>): Promise<Ledger> =>
    await createLedger(createMemoryStore(entries), { now: () => 0, retentionMs: 1 });
  assert.equal((await reopen(memory.entries())).inDoubt().length, 1);
  for (const [name, value] of memory.entries()) {
    for (let at = 0; at < value.length; at++) {
      const changed = memory.entries();
      const bytes = Buffer.from(value);
      bytes[at] = bytes[at]! ^ 0x10;
      changed.set(name, bytes);
      await assert.rejects(reopen(changed), LedgerError, `${JSON.stringify(name)} byte ${at}`);
    }
    // A batch that is gone was settled, for all anybody can tell; everything else is missed.
    if (name.startsWith('B')) continue;
    const without = memory.entries();
    without.delete(name);
    await assert.rejects(reopen(without), LedgerError, JSON.stringify(name));
  }
});
