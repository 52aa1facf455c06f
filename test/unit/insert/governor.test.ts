/** How the number of parts of a table slows its inserts down, on the engine itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import type { TableSchema } from '../../../src/core/table.ts';
import { createGovernor, type Governor } from '../../../src/insert/governor.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';
import { lost, settled, TABLE } from './insert-support.ts';

let engine: TestEngine;

before(async () => {
  engine = await createTestEngine();
});
after(async () => await engine.close());

function tableOf(table: string): TableSchema {
  return { ...TABLE, name: { database: 'default', table } };
}

/** A table whose parts are never merged by themselves. */
async function createTable(name: string, limits: string): Promise<TableSchema> {
  await engine.destination.execute(
    `CREATE TABLE ${name} (p UInt8, v UInt32) ENGINE = MergeTree ORDER BY v PARTITION BY p${limits === '' ? '' : ` SETTINGS ${limits}`}`,
  );
  await engine.destination.execute(`SYSTEM STOP MERGES ${name}`);
  return tableOf(name);
}

let value = 0;

/** Adds so many parts to a partition. */
async function addParts(table: string, count: number, partition = 0): Promise<void> {
  for (let i = 0; i < count; i++) await engine.insertLines(table, ['p', 'v'], [`{"p":${partition},"v":${++value}}`]);
}

interface Clock {
  now: number;
}

function governorAt(clock: Clock): Governor {
  const sleep = async (): Promise<void> => await Promise.resolve();
  return createGovernor({
    destination: engine.destination,
    timers: { now: () => clock.now, sleep, before: async () => await Promise.resolve(true) },
  });
}

/** The pace once the governor has seen how many parts there are now. */
async function paceAt(governor: Governor, clock: Clock, table: TableSchema, parts: number): Promise<number> {
  clock.now += 1000;
  governor.pace(table);
  const end = Date.now() + 4000;
  while (governor.parts(table.name) !== parts) {
    assert.ok(Date.now() < end, `it sees ${governor.parts(table.name)} parts instead of ${parts}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  return governor.pace(table);
}

/** What a request is told; undefined when the table takes it. */
function refusalOf(governor: Governor, table: TableSchema): GatewayError | undefined {
  try {
    governor.admit(table);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
}

test('inserts are spaced out from half of the parts at which ClickHouse slows down, and refused just below its limit, until parts are merged', async () => {
  const table = await createTable('busy', 'parts_to_delay_insert = 10, parts_to_throw_insert = 20');
  const clock = { now: 0 };
  const governor = governorAt(clock);
  assert.equal(governor.pace(table), 0);
  assert.equal(await paceAt(governor, clock, table, 0), 0);
  await addParts('busy', 5);
  assert.equal(await paceAt(governor, clock, table, 5), 0);
  const paces: number[] = [];
  for (const parts of [6, 7, 9, 10]) {
    await addParts('busy', parts - (governor.parts(table.name) ?? 0));
    paces.push(await paceAt(governor, clock, table, parts));
  }
  assert.deepEqual(paces, [400, 800, 1600, 2000]);
  await engine.destination.execute('ALTER TABLE busy MODIFY SETTING parts_to_delay_insert = 1000');
  await addParts('busy', 8);
  await engine.destination.execute('ALTER TABLE busy MODIFY SETTING parts_to_delay_insert = 10');
  assert.equal(await paceAt(governor, clock, table, 18), 2000);
  assert.equal(refusalOf(governor, table), undefined);
  await addParts('busy', 1);
  await paceAt(governor, clock, table, 19);
  const refusal = refusalOf(governor, table);
  assert.deepEqual([refusal?.code, refusal?.retryAfterSeconds], ['parts_pressure', 10]);
  assert.equal(
    refusal?.message,
    'The table default.busy has 19 parts in a partition and ClickHouse refuses inserts from 20 on: send the request again later, and partition the table more coarsely if this lasts',
  );
  await engine.destination.execute('SYSTEM START MERGES busy');
  await engine.destination.execute('OPTIMIZE TABLE busy FINAL');
  assert.equal(await paceAt(governor, clock, table, 1), 0);
  assert.equal(refusalOf(governor, table), undefined);
});

test('the fullest partition counts, not the whole table or another one', async () => {
  const table = await createTable('spread', 'parts_to_delay_insert = 8, parts_to_throw_insert = 10');
  await createTable('idle', 'parts_to_delay_insert = 8, parts_to_throw_insert = 10');
  const clock = { now: 0 };
  const governor = governorAt(clock);
  for (const partition of [1, 2, 3]) await addParts('spread', 3, partition);
  await addParts('spread', 2, 2);
  assert.equal(await paceAt(governor, clock, table, 5), 500);
  assert.equal(refusalOf(governor, table), undefined);
  assert.equal(await paceAt(governor, clock, tableOf('idle'), 0), 0);
});

test('a table without limits of its own has the server’s, and one that is never slowed down has no pace', async () => {
  const usual = await createTable('usual', '');
  const endless = await createTable('endless', 'parts_to_delay_insert = 0, parts_to_throw_insert = 10');
  const [delayAt] = await engine.destination.select<{ value: string }>(
    "SELECT value FROM system.merge_tree_settings WHERE name = 'parts_to_delay_insert'",
  );
  assert.ok(Number(delayAt?.value) >= 100);
  const clock = { now: 0 };
  const governor = governorAt(clock);
  await addParts('usual', 6);
  await addParts('endless', 6);
  assert.deepEqual([await paceAt(governor, clock, usual, 6), await paceAt(governor, clock, endless, 6)], [0, 0]);
  assert.deepEqual([refusalOf(governor, usual), refusalOf(governor, endless)], [undefined, undefined]);
});

test('a table is asked once a second, and an insert never waits for the answer', async () => {
  const clock = { now: 50_000 };
  let asked = 0;
  let answer: (rows: unknown[]) => void = () => undefined;
  const governor = createGovernor({
    destination: {
      select: async <Row>() => {
        asked += 1;
        return await new Promise<Row[]>((resolve) => {
          answer = (rows) => resolve(rows as Row[]);
        });
      },
    },
    timers: { now: () => clock.now, sleep: async () => await Promise.resolve(), before: async () => await Promise.resolve(true) },
  });
  const seen: number[] = [];
  const at = (now: number): void => {
    clock.now = now;
    seen.push(governor.pace(TABLE));
    assert.equal(refusalOf(governor, TABLE), undefined);
  };
  at(50_000);
  at(50_400);
  answer([{ parts: '75', delay_at: '100', throw_at: '200', own: '' }]);
  await settled();
  at(50_500);
  at(50_999);
  assert.equal(asked, 1);
  at(51_000);
  assert.equal(asked, 2);
  // While it is asked it is not asked again, however long that takes; the clock may go back.
  at(58_000);
  assert.equal(asked, 2);
  answer([{ parts: '75', delay_at: '100', throw_at: '200', own: '' }]);
  await settled();
  at(40_000);
  assert.equal(asked, 3);
  assert.deepEqual(seen, [0, 0, 1000, 1000, 1000, 1000, 1000]);
});

test('when the parts cannot be counted the last count stands', async () => {
  const table = await createTable('blind', 'parts_to_delay_insert = 8, parts_to_throw_insert = 10');
  await addParts('blind', 6);
  const clock = { now: 0 };
  let fails = false;
  const governor = createGovernor({
    destination: {
      select: async <Row>(sql: string, params?: Readonly<Record<string, string>>) => {
        if (fails) throw lost();
        return await engine.destination.select<Row>(sql, params);
      },
    },
    timers: { now: () => clock.now, sleep: async () => await Promise.resolve(), before: async () => await Promise.resolve(true) },
  });
  assert.equal(await paceAt(governor, clock, table, 6), 1000);
  fails = true;
  clock.now += 5000;
  governor.pace(table);
  await settled();
  assert.deepEqual([governor.parts(table.name), governor.pace(table), governor.parts(tableOf('other').name)], [6, 1000, undefined]);
});
