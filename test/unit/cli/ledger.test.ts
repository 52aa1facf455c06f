import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryAnswer, LedgerAnswer, RecordAnswer } from '../../../src/core/ports.ts';
import { sluice } from './cli-support.ts';
import { fakeGateway, KEY } from './gateway-support.ts';

const env = { SLUICE_API_KEY: KEY };
const BATCH = '0198c5a0-0000-7000-8000-000000000001';

const LEDGER: LedgerAnswer = {
  pipeline: 'orders',
  identity: 'coordinates',
  source: 'default',
  epoch: 1,
  guarantee: 'exactly-once',
  streams: [
    { topic: 'orders', partition: 0, done: [['0', '499']], intervals: 1, records: '500', gaps: [], gap_count: 0, next: '500' },
    {
      topic: 'orders.eu',
      partition: 10,
      done: [
        ['0', '0'],
        ['2', '4'],
        ['6', '6'],
        ['8', '9'],
      ],
      intervals: 7,
      records: '20',
      gaps: [],
      gap_count: 6,
      next: '10',
    },
  ],
  other_epochs: [{ source: 'default', epoch: 0, topic: 'orders', partition: 0, records: '12' }],
  in_doubt: [{ batch: BATCH, table: 'shop.orders', rows: 7, begun_at: '2026-11-25T04:16:55.607Z' }],
  more_in_doubt: 2,
  more_streams: 3,
  ledger: { streams: 3, in_doubt: 1 },
};

test('partitions, other epochs and batches in doubt as tables', async (t) => {
  const gateway = await fakeGateway(t, LEDGER);
  const { code, out } = await sluice(['ledger', 'orders', '--url', gateway.url], { env });
  assert.equal(code, 0);
  assert.equal(
    out,
    `orders: exactly-once, identity coordinates, source default, epoch 1

TOPIC      PARTITION  RECORDS  OFFSETS              GAPS  NEXT
orders     0          500      0–499                0     500
orders.eu  10         20       4 more, 2–4, 6, 8–9  6     10

Under other sources and epochs:
SOURCE   EPOCH  TOPIC   PARTITION  RECORDS
default  0      orders  0          12

3 more partitions: --topic finds them.

In doubt, or being written:
BATCH                                 TABLE        ROWS  BEGUN
${BATCH}  shop.orders  7     2026-11-25T04:16:55.607Z

2 more batches in doubt.
`,
  );
  gateway.body = { ...LEDGER, streams: [], other_epochs: [], in_doubt: [], more_in_doubt: undefined, more_streams: undefined };
  assert.match((await sluice(['ledger', 'orders', '--url', gateway.url], { env })).out, /epoch 1\n\nThe ledger has no offsets of it\.\n$/);
});

test('the parameters go to the gateway, and --json is its answer', async (t) => {
  const gateway = await fakeGateway(t, LEDGER);
  const argv = ['ledger', 'orders', '--url', gateway.url, '--json', '--topic', 'a&b', '--partition', '0', '--offset=9007199254740993'];
  const { out } = await sluice(argv, { env });
  assert.deepEqual(JSON.parse(out), LEDGER);
  await sluice(['ledger', 'orders', '--url', gateway.url, '--key', 'k 1', '--principal', 'connect'], { env });
  assert.deepEqual(
    gateway.requests.map(({ url }) => url),
    [
      '/v1/pipelines/orders/ledger?topic=a%26b&partition=0&offset=9007199254740993',
      '/v1/pipelines/orders/ledger?key=k+1&principal=connect',
    ],
  );
});

test('one record or key as sentences', async (t) => {
  const landed = { batch: BATCH, at: '2026-11-25T04:16:55.607Z' };
  const cases: ReadonlyArray<readonly [answer: RecordAnswer | DeliveryAnswer, out: string[]]> = [
    [{ duplicate: false, in_doubt: false }, ['It was not written yet.']],
    [
      { duplicate: false, in_doubt: true },
      ['It was not written yet.', 'A batch with it has been begun, and what became of that is not known yet.'],
    ],
    [
      { duplicate: true, in_doubt: false, landed: { ...landed, table: 'shop.orders', row: 3 } },
      [
        'It was written before: sent again, it is a duplicate.',
        `It came with batch ${BATCH} of 2026-11-25T04:16:55.607Z, row 3 of it, in shop.orders.`,
      ],
    ],
    [
      { duplicate: true, in_doubt: false, landed_unknown: 'The table shop.orders does not exist' },
      ['It was written before: sent again, it is a duplicate.', 'Where it went is not known: The table shop.orders does not exist.'],
    ],
    [
      { duplicate: true, in_doubt: false, records: '2', landed, expires_at: '2026-12-02T04:16:55.607Z' },
      [
        'It was written before: sent again, it is a duplicate.',
        `It came with batch ${BATCH} of 2026-11-25T04:16:55.607Z.`,
        'Remembered until 2026-12-02T04:16:55.607Z.',
      ],
    ],
  ];
  const gateway = await fakeGateway(t, {});
  for (const [answer, lines] of cases) {
    gateway.body = answer;
    const { code, out } = await sluice(['ledger', 'orders', '--url', gateway.url], { env });
    assert.deepEqual([code, out], [0, `${lines.join('\n')}\n`]);
  }
});
