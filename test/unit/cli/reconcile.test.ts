import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReconcileAnswer, ReconcileTopic } from '../../../src/core/ports.ts';
import { sluice } from './cli-support.ts';
import { fakeGateway, KEY } from './gateway-support.ts';

const env = { SLUICE_API_KEY: KEY };

function topicOf(changes: Partial<ReconcileTopic>): ReconcileTopic {
  return {
    topic: 'orders',
    table: 'shop.orders',
    checked: 'offsets',
    ledger: '500',
    table_rows: '500',
    missing: [],
    missing_total: '0',
    doubled: [],
    doubled_total: '0',
    unknown_to_ledger: [],
    unknown_total: '0',
    in_doubt: 0,
    ...changes,
  };
}

test('what is missing or doubled is named, and the exit code is 1', async (t) => {
  const ranges = Array.from({ length: 12 }, (_, i) => ({ partition: 0, from: String(i * 2), to: String(i * 2) }));
  const answer: ReconcileAnswer = {
    pipeline: 'orders',
    topics: [
      topicOf({ missing: ranges, missing_total: '12', in_doubt: 3 }),
      topicOf({
        topic: 'audit',
        doubled: [{ partition: 1, from: '5', to: '9', copies: 2 }],
        doubled_total: '5',
        unknown_to_ledger: [{ partition: 2, from: '0', to: '0' }],
        unknown_total: '1',
      }),
    ],
    ok: false,
  };
  const gateway = await fakeGateway(t, answer);
  const { code, out } = await sluice(['reconcile', 'orders', '--url', gateway.url, '--topic', 'orders'], { env });
  assert.equal(code, 1);
  assert.equal(gateway.requests[0]?.url, '/v1/pipelines/orders/reconcile?topic=orders');
  assert.equal(
    out,
    `TOPIC   TABLE        COMPARED  LEDGER  TABLE ROWS  MISSING  DOUBLED  NOT IN LEDGER  IN DOUBT
orders  shop.orders  offsets   500     500         12       0        0              3
audit   shop.orders  offsets   500     500         0        5        1              0

${[0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((offset) => `orders: missing: partition 0, offset ${offset}`).join('\n')}
orders: missing: and more, which --json lists
audit: doubled: partition 1, offsets 5–9
audit: not in the ledger: partition 2, offset 0

Records are missing or doubled.
`,
  );
  const json = await sluice(['reconcile', 'orders', '--url', gateway.url, '--json'], { env });
  assert.deepEqual([json.code, JSON.parse(json.out)], [1, answer]);
});

test('when all is well it says so, as far as it was compared', async (t) => {
  const gateway = await fakeGateway(t, {});
  const last = async (topics: ReconcileTopic[], more?: number): Promise<[number, string | undefined]> => {
    gateway.body = { pipeline: 'orders', topics, ok: true, more_topics: more } satisfies Omit<ReconcileAnswer, 'more_topics'> & {
      more_topics: number | undefined;
    };
    const { code, out } = await sluice(['reconcile', 'orders', '--url', gateway.url], { env });
    return [code, out.trimEnd().split('\n\n').slice(1).join(' | ') || out.trimEnd()];
  };
  const { table_rows: _, ...uncounted } = topicOf({ topic: '*', checked: 'none', reason: 'Nobody knows' });
  assert.deepEqual(await last([topicOf({})]), [0, 'Nothing is missing or doubled.']);
  assert.deepEqual(await last([topicOf({}), uncounted]), [
    0,
    'shop.orders: Nobody knows. | Nothing is missing or doubled in what could be compared.',
  ]);
  assert.deepEqual(await last([uncounted]), [0, 'shop.orders: Nobody knows. | Nothing could be compared.']);
  assert.deepEqual(await last([topicOf({})], 7), [
    0,
    '7 more topics were not compared: --topic names one. | Nothing is missing or doubled.',
  ]);
  assert.deepEqual(await last([]), [0, 'There is nothing to compare: the ledger has no offsets of the pipeline.']);
});
