/**
 * `npm run bench`: requests and rows a second through the gateway, beside the same bodies inserted directly, each by an INSERT of its
 * own, by the same number of senders into the same kind of table on the same engine. Rounds alternate, so that a noisy machine
 * bends both alike; the ratio of the medians is the figure. `--seconds n` a round, `--rounds n`, `--soak minutes` for memory under load.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import type { Destination } from '../../src/core/ports.ts';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { createIds } from '../../src/ops/ids.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const { values: flags } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' }, soak: { type: 'string' } },
});
const SECONDS = Number(flags.seconds);
const ROUNDS = Number(flags.rounds);

/** About 120 bytes. */
const record = (i: number): object => ({
  id: i,
  user: `user-${i % 1000}`,
  amount: (i % 10_000) / 100,
  ok: i % 3 === 0,
  at: '2026-01-02T03:04:05.678Z',
  note: 'paid by card',
});
const bodyOf = (records: number): Buffer => Buffer.from(JSON.stringify(Array.from({ length: records }, (_, i) => record(i))));
const CREATE = `CREATE TABLE direct (id Int64, user String, amount Float64, ok Bool, at DateTime64(3, 'UTC'), note String) ENGINE = MergeTree ORDER BY tuple()
  SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1`;

/** Runs `work` from so many senders for a round and gives the calls a second. */
async function rate(senders: number, work: (sender: number) => Promise<void>): Promise<number> {
  const started = performance.now();
  const end = started + SECONDS * 1000;
  let calls = 0;
  const sender = async (i: number): Promise<void> => {
    while (performance.now() < end) {
      await work(i);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: senders }, (_, i) => sender(i)));
  return (calls * 1000) / (performance.now() - started);
}

function poster(gateway: GatewayProcess, body: Buffer, senders: number): () => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const { port } = new URL(gateway.url);
  const headers = { 'content-type': 'application/json', 'x-api-key': gateway.key, 'content-length': body.length };
  return () =>
    new Promise((resolve, reject) => {
      const call = request({ port, host: '127.0.0.1', path: '/v1/topics/bench', method: 'POST', headers, agent }, (response) => {
        response.resume().on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      });
      call.on('error', reject).end(body);
    });
}

const newId = createIds(Date.now);

function inserter(destination: Destination, records: number): () => Promise<void> {
  const data = Buffer.from(Array.from({ length: records }, (_, i) => `${JSON.stringify(record(i))}\n`).join(''));
  return async () => {
    const id = newId();
    const columns = ['id', 'user', 'amount', 'ok', 'at', 'note'];
    await destination.insert({
      table: { database: 'default', table: 'direct' },
      columns,
      data: [data],
      format: 'JSONEachRow',
      rowCount: records,
      queryId: id,
      token: id,
    });
  };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const shown = (values: number[], factor = 1): string => {
  const scaled = values.map((value) => Math.round(value * factor));
  return `${median(scaled)} (${Math.min(...scaled)}–${Math.max(...scaled)})`;
};
const residentMiB = (gateway: GatewayProcess): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);

async function compare(gateway: GatewayProcess, direct: Destination, records: number, senders: number): Promise<void> {
  const post = poster(gateway, bodyOf(records), senders);
  const insert = inserter(direct, records);
  const through: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    through.push(await rate(senders, post));
    beside.push(await rate(senders, insert));
  }
  const ratio = (median(through) / median(beside)).toFixed(2);
  console.log(
    `| ${records} | ${senders} | ${shown(through)} | ${shown(through, records)} | ${shown(beside)} | ${shown(beside, records)} | ${ratio} |`,
  );
}

const directory = mkdtempSync('/tmp/sluice-bench-');
const direct = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 4 * 2 ** 30 }, directory);
await direct.execute(CREATE);
const gateway = await startGatewayProcess();
try {
  await poster(gateway, bodyOf(500), 1)();
  if (flags.soak !== undefined) {
    const end = Date.now() + Number(flags.soak) * 60_000;
    console.log(`resident memory at the start: ${residentMiB(gateway)} MiB`);
    const post = poster(gateway, bodyOf(500), 16);
    for (let minute = 1; Date.now() < end; minute++) {
      const until = Math.min(end, Date.now() + 60_000);
      let calls = 0;
      while (Date.now() < until) calls += Math.round((await rate(16, post)) * SECONDS);
      console.log(`after ${minute} min: ${residentMiB(gateway)} MiB, ${calls * 500} rows in the minute`);
    }
  } else {
    console.log('| records a body | senders | gateway requests/s | gateway rows/s | direct inserts/s | direct rows/s | gateway ÷ direct |');
    console.log('|---|---|---|---|---|---|---|');
    for (const records of [500, 1]) for (const senders of [16, 64]) await compare(gateway, direct, records, senders);
  }
} finally {
  await gateway.stop();
  await direct.close();
  rmSync(directory, { recursive: true, force: true });
}
