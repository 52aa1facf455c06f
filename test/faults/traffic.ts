import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientLog, createClientLog, type Verdict } from '../support/client-log.ts';
import { createHttpSink, type HttpSink } from '../support/http-sink.ts';
import { createLog, type PartitionedLog } from '../support/partitioned-log.ts';
import { seededRandom } from '../support/random.ts';
import type { RestartableGateway } from '../support/restartable-gateway.ts';

/** Whatever is done to the gateway, these records come in, again and again, as connectors send them. */
export const PIPELINE = `
pipelines:
  orders:
    topics: [orders]
    unknown_fields: evolve
    guarantee: exactly-once
  keyed: { identity: key, unknown_fields: evolve }
`;

export interface Traffic {
  readonly log: PartitionedLog;
  readonly clientLog: ClientLog;
  /** Adds records to the log, with gaps, and sends what there is until it is stored; two tasks send one of the partitions. */
  send(records: number): Promise<void>;
  /** Sends everything once more from the beginning, in other batches. */
  redeliver(): Promise<void>;
  /** Compares the table with what was sent. */
  check(): Promise<Verdict & { missing: string[] }>;
  stop(): Promise<void>;
}

const PARTITIONS = 3;

/** Traffic to a gateway that may be away. `seed` decides where batches end and which offsets are left out. */
export function createTraffic(gateway: RestartableGateway, seed: number, topic = 'orders'): Traffic {
  const random = seededRandom(seed);
  const log = createLog({ topic, partitions: PARTITIONS });
  const clientLog = createClientLog();
  const expected = new Map<string, string>();
  const task = (partitions: readonly number[], group: string, n: number): HttpSink =>
    createHttpSink({
      log,
      clientLog,
      url: `${gateway.url}/v1/topics/${topic}`,
      headers: gateway.headers,
      partitions,
      group,
      batchMax: 7 + n * 5,
      maxPollRecords: 40,
      seed: seed * 10 + n,
      retries: 100_000,
      retryBackoffMs: 10,
      timeoutMs: 5000,
      identity: 'insert-field',
    });
  // The last one is a zombie: it sends what another task sends too.
  const tasks = [task([0], 'a', 0), task([1, 2], 'b', 1), task([0], 'zombie', 2)];
  const run = async (): Promise<void> => {
    await Promise.all(tasks.map(async (each) => await each.run()));
  };
  return {
    log,
    clientLog,
    async send(records) {
      for (let i = 0; i < records; i++) {
        const partition = Math.floor(random() * PARTITIONS);
        if (random() < 0.1) log.skip(partition, 1 + Math.floor(random() * 3));
        const value = `value ${seed}/${expected.size} ${'x'.repeat(Math.floor(random() * 40))}`;
        const offset = log.append(partition, { value });
        expected.set(`${topic}/${partition}/${offset}`, value);
      }
      await run();
    },
    async redeliver() {
      for (const [i, each] of tasks.entries()) await each.restart({ fromCommitted: false, batchMax: 3 + i * 9, maxPollRecords: 25 });
      await run();
    },
    async check() {
      const rows = await gateway.query<{ key: string; value: string; copies: string }>(
        `SELECT concat(__topic, '/', toString(__partition), '/', toString(__offset)) AS key, value, count() AS copies FROM ${topic} GROUP BY key, value`,
      );
      const stored = rows.map(({ key, value, copies }) => ({ key, value, copies: Number(copies) }));
      const there = new Set(stored.map(({ key }) => key));
      return { ...clientLog.check({ rows: stored }, expected), missing: [...expected.keys()].filter((key) => !there.has(key)) };
    },
    async stop() {
      await Promise.all(tasks.map(async (each) => await each.kill()));
    },
  };
}

/** Waits a part of the time that is left to chance. */
export async function chanceful(random: () => number, fromMs: number, toMs: number): Promise<void> {
  await sleep(fromMs + random() * (toMs - fromMs));
}
