import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DestinationError } from '../../../src/core/ports.ts';
import { deliveryStream } from '../../../src/dedupe/stream-names.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { type Bench, COORDINATES, createBench, NOW, schemaOf } from './inspection-support.ts';

const orders = pipelineOf('orders');
const TABLE = { database: 'default', table: 'orders' };
const AT = { topic: 'orders', partition: 0, offset: 3n };
const BATCH = '0198c5a0-0000-7000-8000-0000000000ff';

let bench: Bench;

beforeEach(async () => {
  bench = await createBench();
});

test('partitions with their offsets, gaps and what comes next, those of other epochs apart', async () => {
  await bench.write(orders, 'orders', [
    [1, 0, 3],
    [0, 0, 500],
  ]);
  await bench.write(orders, 'orders', [[1, 10, 1]]);
  await bench.write(orders, 'audit', [[0, 7, 1]]);
  await bench.write({ ...orders, epoch: 1 }, 'orders', [[0, 0, 4]]);
  await bench.write({ ...orders, source: 'us' }, 'orders', [[0, 0, 2]]);
  await bench.write(pipelineOf('orders2'), 'orders', [[0, 0, 1]]);
  const answer = await bench.inspection.ledger(orders, {});
  assert.deepEqual(answer, {
    pipeline: 'orders',
    identity: 'coordinates',
    source: 'default',
    epoch: 0,
    guarantee: 'exactly-once',
    streams: [
      { topic: 'audit', partition: 0, done: [['7', '7']], intervals: 1, records: '1', gaps: [], gap_count: 0, next: '8' },
      { topic: 'orders', partition: 0, done: [['0', '499']], intervals: 1, records: '500', gaps: [], gap_count: 0, next: '500' },
      {
        topic: 'orders',
        partition: 1,
        done: [
          ['0', '2'],
          ['10', '10'],
        ],
        intervals: 2,
        records: '4',
        gaps: [['3', '9']],
        gap_count: 1,
        next: '11',
      },
    ],
    other_epochs: [
      { source: 'default', epoch: 1, topic: 'orders', partition: 0, records: '4' },
      { source: 'us', epoch: 0, topic: 'orders', partition: 0, records: '2' },
    ],
    in_doubt: [],
    ledger: { streams: 6, in_doubt: 0 },
  });
  const one = await bench.inspection.ledger(orders, { topic: 'orders', partition: 1 });
  assert.deepEqual([one.streams.map(({ next }) => next), one.other_epochs], [['11'], []]);
  assert.deepEqual((await bench.inspection.ledger(pipelineOf('none', { identity: { kind: 'none' } }), {})).streams, []);
});

test('long lists end, and say how long they are', async () => {
  for (let i = 0; i < 130; i++) await bench.write(orders, 'orders', [[0, i * 2, 1]]);
  const [stream] = (await bench.inspection.ledger(orders, {})).streams;
  assert.deepEqual([stream?.done.length, stream?.intervals, stream?.gaps.length, stream?.gap_count], [100, 130, 100, 129]);
  assert.deepEqual([stream?.done.at(-1), stream?.gaps.at(-1), stream?.next], [['258', '258'], ['257', '257'], '259']);
  await bench.write(
    orders,
    'many',
    Array.from({ length: 1100 }, (_, partition) => [partition, 0, 1]),
  );
  const all = await bench.inspection.ledger(orders, {});
  assert.deepEqual([all.streams.length, all.more_streams], [1000, 101]);
  for (let i = 0; i < 103; i++) await bench.write(orders, 'late', [[0, i * 2, 1]], 'open');
  const late = await bench.inspection.ledger(orders, {});
  assert.deepEqual([late.in_doubt.length, late.more_in_doubt, late.ledger.in_doubt], [100, 3, 103]);
});

test('batches in doubt are those of the pipeline: by their partitions, or by their table where keys do not say', async () => {
  const id = await bench.write(orders, 'orders', [[0, 0, 3]], 'open');
  const shown = [{ batch: id, table: 'default.orders', rows: 3, begun_at: new Date(NOW).toISOString() }];
  assert.deepEqual((await bench.inspection.ledger(orders, {})).in_doubt, shown);
  assert.deepEqual((await bench.inspection.ledger(pipelineOf('other'), {})).in_doubt, []);
  const hooks = pipelineOf('hooks', { identity: { kind: 'key' } });
  const runs = [{ stream: deliveryStream(hooks, 'me', 'k'), from: 0n, row: 0, count: 2 }];
  await bench.ledger.begin({
    id: BATCH,
    table: { database: 'default', table: 'hooks' },
    rowCount: 2,
    begunAt: NOW,
    runs,
    digests: new Map(),
  });
  const doubt = async (pipeline: typeof hooks): Promise<string[]> =>
    (await bench.inspection.ledger(pipeline, {})).in_doubt.map(({ batch }) => batch);
  assert.deepEqual(await doubt(hooks), [BATCH]);
  assert.deepEqual(await doubt(pipelineOf('other', { table: 'hooks' })), []);
  assert.deepEqual(await doubt(pipelineOf('other', { identity: { kind: 'key' } })), []);
  assert.deepEqual(bench.inspection.delivery(hooks, { principal: 'me', key: 'k' }), { duplicate: false, in_doubt: true });
});

test('a delivery key: written, by whom, in which batch, until when', async () => {
  const hooks = pipelineOf('hooks', { identity: { kind: 'key' } });
  const stream = deliveryStream(hooks, 'me', 'k');
  const runs = [{ stream, from: 0n, row: 0, count: 2 }];
  const digests = new Map([[stream, 'ab'.repeat(32)]]);
  await bench.ledger.begin({ id: BATCH, table: { database: 'default', table: 'hooks' }, rowCount: 2, begunAt: NOW, runs, digests });
  bench.ledger.commit(BATCH);
  assert.deepEqual(bench.inspection.delivery(hooks, { principal: 'me', key: 'k' }), {
    duplicate: true,
    in_doubt: false,
    records: '2',
    landed: { batch: BATCH, at: new Date(NOW).toISOString() },
    expires_at: new Date(NOW + 60_000).toISOString(),
  });
  assert.deepEqual(bench.inspection.delivery(hooks, { principal: 'you', key: 'k' }), { duplicate: false, in_doubt: false });
});

test('a record that was written says where it went, as far as its table can tell', async () => {
  await bench.write(orders, 'orders', [[0, 0, 5]]);
  const landed = async (): Promise<object> => await bench.inspection.record(orders, AT);
  const unknown = (reason: string): object => ({ duplicate: true, in_doubt: false, landed_unknown: reason });
  assert.deepEqual(await landed(), unknown('The table default.orders does not exist'));
  bench.schemas.set('default.orders', schemaOf(TABLE, { id: 'Int64' }));
  assert.deepEqual(await landed(), unknown('The table default.orders has no columns with the partition and offset of its rows'));
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  assert.deepEqual(await landed(), unknown('The table default.orders does not have the row any more'));
  bench.rows = () => [{ batch: undefined, row: 0 }];
  assert.deepEqual(await landed(), unknown('The row in default.orders does not say with which batch it came'));
  bench.rows = async () =>
    await Promise.reject(new DestinationError('ClickHouse asks to slow down', { failure: 'back-off', applied: 'no', clickhouseCode: 202 }));
  assert.deepEqual(await landed(), unknown('The table default.orders cannot be asked now: ClickHouse asks to slow down'));
  bench.rows = () => [{ batch: BATCH, row: 3 }];
  const at = new Date(NOW).toISOString();
  assert.deepEqual(await landed(), { duplicate: true, in_doubt: false, landed: { table: 'default.orders', batch: BATCH, at, row: 3 } });
  bench.rows = async () => await Promise.reject(new TypeError('a bug'));
  await assert.rejects(landed(), TypeError);
});

test('a record that was not written is not looked for', async () => {
  await bench.write(orders, 'orders', [[0, 4, 2]], 'open');
  assert.deepEqual(await bench.inspection.record(orders, AT), { duplicate: false, in_doubt: false });
  assert.deepEqual(await bench.inspection.record(orders, { ...AT, offset: 5n }), { duplicate: false, in_doubt: true });
  assert.deepEqual(await bench.inspection.record(orders, { ...AT, offset: 5n, partition: 1 }), { duplicate: false, in_doubt: false });
  assert.deepEqual(bench.asked, []);
});

test('rows that do not name their topic are nobody’s when several topics share a table', async () => {
  const all = pipelineOf('all', { table: 'orders', topics: [/.*/] });
  const { __topic: _, ...untold } = COORDINATES;
  await bench.write(all, 'orders', [[0, 0, 5]]);
  bench.rows = () => [{ batch: BATCH, row: 3 }];
  bench.schemas.set('default.orders', schemaOf(TABLE, untold));
  assert.equal((await bench.inspection.record(all, AT)).landed?.batch, BATCH);
  await bench.write(all, 'other', [[0, 0, 5]]);
  assert.equal(
    (await bench.inspection.record(all, AT)).landed_unknown,
    'The table default.orders has rows of several topics and no column with the topic',
  );
  bench.schemas.set('default.orders', schemaOf(TABLE, COORDINATES));
  assert.equal((await bench.inspection.record(all, AT)).landed?.batch, BATCH);
  assert.deepEqual(
    bench.asked.map(({ topic, isOnlyTopic }) => [topic, isOnlyTopic]),
    [
      ['orders', true],
      ['orders', false],
    ],
  );
});
