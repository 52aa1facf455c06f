/** What becomes of batches that were in doubt when the gateway ended, on the engine itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import type { Claim } from '../../../src/core/identity.ts';
import type { BegunBatch, Ledger } from '../../../src/core/ledger.ts';
import { type Destination, DestinationError, type Timers } from '../../../src/core/ports.ts';
import type { TableName } from '../../../src/core/table.ts';
import { type Claims, createClaims } from '../../../src/dedupe/claims.ts';
import { createLedger } from '../../../src/dedupe/ledgers/ledger.ts';
import { createMemoryStore } from '../../../src/dedupe/ledgers/memory.ts';
import { LATE_ARRIVAL_MS } from '../../../src/insert/doubt.ts';
import { type Recovery, startRecovery } from '../../../src/insert/recovery.ts';
import { createTimers } from '../../../src/ops/timers.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';
import { idOf, NOON, refusal, runOf, STREAM, settled } from './insert-support.ts';

let engine: TestEngine;

before(async () => {
  engine = await createTestEngine();
});
after(async () => await engine.close());

/** A clock whose sleepers wake when they are told to. */
interface Bell {
  readonly timers: Timers;
  /** How long each of those who sleep wants to, in the order they went. */
  readonly asleep: number[];
  /** Wakes all of them. */
  ring(): Promise<void>;
}

function createBell(): Bell {
  const asleep: number[] = [];
  let wake: Array<() => void> = [];
  const real = createTimers();
  return {
    asleep,
    timers: {
      now: () => real.now(),
      before: async (work, deadline) => await real.before(work, deadline),
      sleep: async (ms) =>
        await new Promise<void>((resolve) => {
          asleep.push(ms);
          wake.push(resolve);
        }),
    },
    async ring() {
      const all = wake;
      wake = [];
      asleep.length = 0;
      for (const resolve of all) resolve();
      await settled();
    },
  };
}

interface World {
  readonly ledger: Ledger;
  readonly claims: Claims;
  readonly bell: Bell;
  /** What was reported. */
  readonly told: unknown[];
  /** What the table is asked through: the engine, or what stands before it. */
  destination: Pick<Destination, 'select' | 'execute' | 'kind'>;
  isReplicated: (table: TableName) => Promise<boolean>;
  start(): Recovery;
  done(from?: number, to?: number): string;
}

/** A gateway that was started again with these batches in its ledger. */
async function worldOf(batches: readonly BegunBatch[]): Promise<World> {
  const options = { now: () => NOON, retentionMs: 3_600_000 };
  const store = createMemoryStore();
  const first = await createLedger(store, options);
  for (const batch of batches) await first.begin(batch);
  const ledger = await createLedger(createMemoryStore(store.entries()), options);
  const bell = createBell();
  const claims = createClaims({ ledger, timers: bell.timers });
  const world: World = {
    ledger,
    claims,
    bell,
    told: [],
    destination: engine.destination,
    isReplicated: async () => await Promise.resolve(false),
    start: () =>
      startRecovery({
        destination: {
          kind: world.destination.kind,
          select: async (sql, params) => await world.destination.select(sql, params),
          execute: async (sql) => await world.destination.execute(sql),
        },
        ledger,
        hold: claims.hold,
        isReplicated: async (table) => await world.isReplicated(table),
        timers: bell.timers,
        report: {
          recovered: (facts) => world.told.push(facts),
          unknowable: (table, count) => world.told.push({ unknowable: table.table, count }),
          postponed: (table, count, reason) => world.told.push({ postponed: table.table, count, reason }),
        },
      }),
    done: (from = 0, to = 100_000) =>
      ledger
        .done(STREAM, BigInt(from), BigInt(to))
        .map((interval) => `${interval.from}-${interval.to}`)
        .join(),
  };
  return world;
}

let serial = 100;

/** A batch with the offsets from, from + 1, … */
function batchOf(table: string, from: number, rowCount: number): BegunBatch {
  return {
    id: idOf(++serial),
    table: { database: 'default', table },
    rowCount,
    begunAt: NOON,
    runs: [runOf(STREAM, BigInt(from), rowCount)],
    digests: new Map(),
  };
}

async function createTable(name: string): Promise<void> {
  await engine.destination.execute(
    `CREATE TABLE ${name} (offset UInt64, _sluice_batch UUID, _sluice_row UInt32) ENGINE = MergeTree ORDER BY tuple()`,
  );
}

/** Writes these rows of batches, as one block. */
async function store(table: string, ...parts: ReadonlyArray<readonly [batch: BegunBatch, rows: readonly number[]]>): Promise<void> {
  const lines = parts.flatMap(([{ id, runs }, rows]) =>
    rows.map((row) => `{"offset":${Number(runs[0]!.from) + row},"_sluice_batch":"${id}","_sluice_row":${row}}`),
  );
  await engine.insertLines(table, ['offset', '_sluice_batch', '_sluice_row'], lines);
}

/** Whether offsets can be claimed now. */
async function isFree({ claims }: World, from: number, count: number): Promise<boolean> {
  const claim: Claim | 'busy' = await claims
    .claim({ runs: [runOf(STREAM, BigInt(from), count)], repeats: 0 }, Date.now())
    .catch((error: unknown) => {
      assert.ok(error instanceof GatewayError && error.code === 'commit_in_doubt', String(error));
      return 'busy';
    });
  if (claim !== 'busy') claim.release();
  return claim !== 'busy';
}

/** Waits for something that happens by itself soon. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 4000;
  while (!condition()) {
    assert.ok(Date.now() < end, 'it does not happen');
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

const UNREACHABLE = new DestinationError('ClickHouse is not reachable', { failure: 'unknown-outcome', applied: 'no' });

test('without batches in doubt the gateway is ready at once', async () => {
  const world = await worldOf([]);
  const recovery = world.start();
  assert.deepEqual([recovery.state(), recovery.pending()], [undefined, 0]);
  await recovery.finished;
  assert.deepEqual(world.told, []);
});

test('batches are settled by the rows their tables hold, and their positions are held until then', async () => {
  await createTable('mixed');
  await createTable('beside');
  const [all, none, some, twice, other] = [
    batchOf('mixed', 0, 3),
    batchOf('mixed', 10, 3),
    batchOf('mixed', 20, 5),
    batchOf('mixed', 30, 2),
    batchOf('beside', 40, 2),
  ];
  await store('mixed', [all, [0, 1, 2]], [some, [0, 2, 3]]);
  await store('mixed', [twice, [0, 1, 0, 1]]);
  await store('beside', [other, [0, 1]]);
  const world = await worldOf([all, none, some, twice, other]);
  const recovery = world.start();
  assert.equal(recovery.state(), 'The gateway is finding out what became of 5 batches from before it was started');
  assert.equal(recovery.pending(), 5);
  assert.deepEqual([await isFree(world, 0, 1), await isFree(world, 11, 1), await isFree(world, 21, 1)], [false, false, false]);
  assert.equal(await isFree(world, 13, 5), true);
  await recovery.finished;
  assert.equal(world.done(), '0-2,20-20,22-23,30-31,40-41');
  assert.deepEqual([recovery.state(), recovery.pending(), world.ledger.inDoubt()], [undefined, 0, []]);
  assert.deepEqual(
    new Set(world.told),
    new Set([
      { committed: 2, voided: 1, partly: 1 },
      { committed: 1, voided: 0, partly: 0 },
    ]),
  );
  const left = await world.claims.claim({ runs: [runOf(STREAM, 10n, 3), runOf(STREAM, 20n, 5, 3)], repeats: 0 }, Date.now());
  assert.deepEqual(
    left.fresh.map(({ from, count, row }) => [Number(from), count, row]),
    [
      [10, 3, 0],
      [21, 1, 4],
      [24, 1, 7],
    ],
  );
});

test('what was written to a table without provenance counts as not written; a table that is gone is waited for', async () => {
  await engine.destination.execute('CREATE TABLE plain (offset UInt64) ENGINE = MergeTree ORDER BY tuple()');
  const world = await worldOf([batchOf('gone', 0, 3), batchOf('gone', 10, 3), batchOf('plain', 20, 2)]);
  const recovery = world.start();
  assert.equal(await isFree(world, 1, 1), false);
  await recovery.finished;
  assert.deepEqual(
    new Set(world.told),
    new Set([
      { postponed: 'gone', count: 2, reason: 'the table is not what it was when it was last read (ClickHouse code 60)' },
      { unknowable: 'plain', count: 1 },
    ]),
  );
  assert.deepEqual([world.done(), recovery.pending(), recovery.state()], ['', 2, undefined]);
  assert.deepEqual([await isFree(world, 0, 3), await isFree(world, 20, 2)], [false, true]);
  // It comes back with the rows of one of the batches.
  await createTable('gone');
  await store('gone', [world.ledger.inDoubt()[1]!, [0, 1, 2]]);
  await world.bell.ring();
  await until(() => recovery.pending() === 0);
  assert.deepEqual([world.done(), await isFree(world, 0, 3)], ['10-12', true]);
});

test('a table that an operator has to mend lets the gateway start, holds its positions, and is settled once it is mended', async () => {
  await createTable('locked');
  await createTable('open');
  const [locked, open] = [batchOf('locked', 0, 3), batchOf('open', 10, 3)];
  await store('locked', [locked, [0, 1, 2]]);
  await store('open', [open, [0, 1, 2]]);
  const world = await worldOf([locked, open]);
  let isLocked = true;
  world.destination = {
    ...engine.destination,
    select: async <Row>(sql: string, params?: Readonly<Record<string, string>>) => {
      if (isLocked && sql.includes('`locked`')) throw refusal('operator');
      return await engine.destination.select<Row>(sql, params);
    },
  };
  const recovery = world.start();
  await recovery.finished;
  assert.deepEqual([recovery.state(), recovery.pending(), world.done()], [undefined, 1, '10-12']);
  assert.deepEqual(
    new Set(world.told),
    new Set([
      { postponed: 'locked', count: 1, reason: 'refused: operator' },
      { committed: 1, voided: 0, partly: 0 },
    ]),
  );
  assert.equal(await isFree(world, 0, 3), false);
  world.told.length = 0;
  assert.deepEqual(world.bell.asleep, [30_000]);
  await world.bell.ring();
  await until(() => world.bell.asleep.length > 0);
  // Told once.
  assert.deepEqual([world.bell.asleep, world.told, recovery.pending()], [[30_000], [], 1]);
  assert.equal(await isFree(world, 0, 3), false);
  isLocked = false;
  await world.bell.ring();
  await until(() => recovery.pending() === 0);
  assert.deepEqual([world.done(), world.told], ['0-2,10-12', [{ committed: 1, voided: 0, partly: 0 }]]);
});

test('while ClickHouse does not answer it is asked again, later and later, and the gateway says that it is not ready', async () => {
  await createTable('away');
  const batch = batchOf('away', 0, 3);
  await store('away', [batch, [1]]);
  const world = await worldOf([batch]);
  let asked = 0;
  world.destination = {
    ...engine.destination,
    select: async () => {
      asked += 1;
      return await Promise.reject(UNREACHABLE);
    },
  };
  const recovery = world.start();
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    await until(() => world.bell.asleep.length > 0);
    pauses.push(...world.bell.asleep);
    await world.bell.ring();
  }
  await until(() => world.bell.asleep.length > 0);
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(asked, 9);
  assert.equal(recovery.state(), 'The gateway is finding out what became of 1 batches from before it was started');
  assert.deepEqual([world.ledger.inDoubt(), world.told, await isFree(world, 0, 3)], [[batch], [], false]);
  world.destination = engine.destination;
  await world.bell.ring();
  await recovery.finished;
  assert.deepEqual([recovery.state(), world.done(), world.told], [undefined, '1-1', [{ committed: 0, voided: 0, partly: 1 }]]);
});

test('a table that cannot be told replicated or not is asked again too', async () => {
  await createTable('unsure');
  const batch = batchOf('unsure', 0, 1);
  const world = await worldOf([batch]);
  world.isReplicated = async () => await Promise.reject(UNREACHABLE);
  const recovery = world.start();
  await until(() => world.bell.asleep.length > 0);
  assert.deepEqual([world.bell.asleep, world.ledger.inDoubt()], [[100], [batch]]);
  world.isReplicated = async () => await Promise.resolve(false);
  await world.bell.ring();
  await recovery.finished;
  assert.deepEqual([world.done(), world.ledger.inDoubt()], ['', []]);
});

test('on a server nothing is settled while a statement of a batch runs, and absent rows are looked for once more a moment later', async () => {
  await createTable('served');
  const [late, there, none] = [batchOf('served', 0, 2), batchOf('served', 10, 2), batchOf('served', 20, 2)];
  await store('served', [there, [0, 1]]);
  const world = await worldOf([late, there, none]);
  let running = [{ query_id: `${late.id}-1` }];
  const asked: string[] = [];
  world.destination = {
    kind: 'clickhouse',
    execute: async (sql) => await engine.destination.execute(sql),
    select: async <Row>(sql: string, params?: Readonly<Record<string, string>>) => {
      if (sql.includes('system.processes')) return running as Row[];
      asked.push(/IN \((.*)\)/.exec(sql)?.[1]?.replaceAll("'", '') ?? '');
      return await engine.destination.select<Row>(sql, params);
    },
  };
  const recovery = world.start();
  await until(() => world.bell.asleep.length > 0);
  assert.deepEqual([world.bell.asleep, world.ledger.inDoubt().length, asked], [[100], 3, []]);
  running = [];
  await world.bell.ring();
  await until(() => world.bell.asleep.length > 0);
  assert.deepEqual([world.bell.asleep, world.ledger.inDoubt().length], [[LATE_ARRIVAL_MS], 3]);
  await store('served', [late, [0, 1]]);
  await world.bell.ring();
  await recovery.finished;
  assert.equal(world.done(), '0-1,10-11');
  assert.deepEqual(asked, [[late, there, none].map(({ id }) => id).join(), [late, none].map(({ id }) => id).join()]);
  assert.deepEqual(world.told, [{ committed: 2, voided: 1, partly: 0 }]);
});

test('after a stop nothing more is asked or settled', async () => {
  const batch = batchOf('nowhere', 0, 2);
  const world = await worldOf([batch]);
  let asked = 0;
  world.destination = {
    ...engine.destination,
    select: async () => {
      asked += 1;
      return await Promise.reject(UNREACHABLE);
    },
  };
  const recovery = world.start();
  await until(() => world.bell.asleep.length > 0);
  recovery.stop();
  await world.bell.ring();
  await recovery.finished;
  assert.deepEqual([asked, world.ledger.inDoubt()], [1, [batch]]);
});

test('10,000 batches in doubt are settled in one go', async (t) => {
  await createTable('many');
  const batches = Array.from({ length: 10_000 }, (_, i) => batchOf('many', i * 2, 1));
  const landed = batches.filter((_, i) => i % 3 !== 0);
  for (let i = 0; i < landed.length; i += 4000) await store('many', ...landed.slice(i, i + 4000).map((batch) => [batch, [0]] as const));
  const world = await worldOf(batches);
  const started = performance.now();
  const recovery = world.start();
  assert.equal(recovery.pending(), 10_000);
  await recovery.finished;
  t.diagnostic(`recovered in ${Math.round(performance.now() - started)} ms`);
  const expected = landed.map(({ runs }) => `${runs[0]!.from}-${runs[0]!.from}`).join();
  assert.equal(world.done(), expected);
  assert.deepEqual([world.ledger.inDoubt(), world.told], [[], [{ committed: 6666, voided: 3334, partly: 0 }]]);
  assert.equal(await isFree(world, 0, 1), true);
});
