/**
 * ClickHouse carries out what it is asked and the answer gets lost on the way, or never comes; afterwards every record is there once.
 * `SLUICE_DROPS=10000 npm run test:faults` is the long form.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClickHouseFront } from '../support/clickhouse-front.ts';
import { NOTHING_WRONG } from '../support/client-log.ts';
import { seededRandom } from '../support/random.ts';
import { createRestartableGateway } from '../support/restartable-gateway.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createTraffic } from './traffic.ts';

const DROPS = Number(process.env['SLUICE_DROPS'] ?? 60);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const TOPICS = ['eu', 'us', 'asia', 'africa'];
const RIGHT = { ...NOTHING_WRONG, missing: [] };

test(`${DROPS} answers are lost (seed ${SEED})`, async (t) => {
  const front = await startClickHouseFront();
  const proxy = await startTcpProxy(Number(new URL(front.url).port));
  t.after(async () => {
    await proxy.close();
    await front.close();
  });
  const gateway = await createRestartableGateway(`
clickhouse: { url: "http://127.0.0.1:${proxy.port}", username: ${front.username}, password: "\${env:CH_PASSWORD}", request_timeout: 400ms }
pipelines:
  all: { topics: [${TOPICS.join(', ')}], unknown_fields: evolve, guarantee: exactly-once }
`);
  t.after(async () => await gateway.remove());
  await gateway.start({ env: { CH_PASSWORD: front.password } });
  const traffics = TOPICS.map((topic, i) =>
    createTraffic({ ...gateway, query: async (sql) => await front.query(sql) }, SEED * 100 + i, topic),
  );
  // The tables are there before trouble starts, so that what gets lost are answers to inserts and to the questions after them.
  await Promise.all(traffics.map(async (traffic) => await traffic.send(5)));
  const random = seededRandom(SEED);
  proxy.onReply = () => {
    const chance = random();
    return chance < 0.25 ? 'reset' : chance < 0.28 ? 'drop' : 'pass';
  };
  while (proxy.repliesDropped < DROPS) await Promise.all(traffics.map(async (traffic) => await traffic.send(40)));
  proxy.onReply = undefined;
  for (const traffic of traffics) assert.deepEqual(await traffic.check(), RIGHT);
  await Promise.all(traffics.map(async (traffic) => await traffic.redeliver()));
  for (const traffic of traffics) assert.deepEqual(await traffic.check(), RIGHT);
  const records = traffics.reduce((sum, { clientLog }) => sum + clientLog.counts().ok, 0);
  t.diagnostic(`${proxy.repliesDropped} answers lost, ${records} records, 0 lost, 0 duplicated (seed ${SEED})`);
  assert.equal(await gateway.end('SIGTERM'), 0);
});
