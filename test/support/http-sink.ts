/** One task of Confluent's self-managed HTTP Sink, as far as a gateway can see it. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientLog } from './client-log.ts';
import { batchesOf, bodyOf, DEFAULT_FIELDS, type IdentityFields, keyOf, type SinkIdentity } from './http-sink-batch.ts';
import { outcomeOf, post, type SinkAnswer } from './http-sink-request.ts';
import type { LogRecord, PartitionedLog } from './partitioned-log.ts';
import { seededRandom } from './random.ts';

export interface HttpSinkOptions {
  readonly log: PartitionedLog;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly clientLog: ClientLog;
  /** All partitions, unless said. */
  readonly partitions?: readonly number[];
  /** The consumer group. Two sinks with one group and the same partitions are a task and its zombie. */
  readonly group?: string;
  /** batch.max.size. Without jsonAsArray each request has one record. */
  readonly batchMax: number;
  /** max.poll.records. How many a poll finds is drawn up to this, by `seed`. */
  readonly maxPollRecords: number;
  readonly seed?: number;
  /** Offsets are committed at the end of every so many polls. */
  readonly commitEvery?: number;
  readonly jsonAsArray?: boolean;
  /** Attempts after the first one. */
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly timeoutMs: number;
  readonly identity: SinkIdentity;
  readonly fields?: IdentityFields;
}

export interface SinkRun {
  /** `caught-up`: all is sent. `paused`: as many polls as wanted. `failed`: out of retries. `killed`: by kill() or restart(). */
  readonly state: 'caught-up' | 'paused' | 'failed' | 'killed';
  readonly polls: number;
  /** Requests that were answered well, and how often any was sent. */
  readonly requests: number;
  readonly attempts: number;
  /** The answer to the last attempt; undefined when there was none. */
  readonly last: SinkAnswer | undefined;
}

export interface HttpSink {
  /** Polls and sends from where the task is. A failed or killed task goes on only after restart(). */
  run(limit?: { polls: number }): Promise<SinkRun>;
  /** Ends the task as it is, also in the middle of a request, which is cut off and stays unknown. Nothing is committed. */
  kill(): Promise<void>;
  /** Kills the task and makes a new one, at the committed offsets or at the start of the log. Its polls are cut differently. */
  restart(options?: { fromCommitted?: boolean; batchMax?: number; maxPollRecords?: number }): Promise<void>;
}

/** Makes a task at the offsets that its group has committed. */
export function createHttpSink(options: HttpSinkOptions): HttpSink {
  const { log, clientLog, group = 'connect-http-sink', jsonAsArray = true, identity, fields = DEFAULT_FIELDS, commitEvery = 1 } = options;
  const partitions = options.partitions ?? Array.from({ length: log.partitions }, (_, partition) => partition);
  const headers = { 'Content-Type': 'application/json', ...options.headers };
  const random = seededRandom(options.seed ?? 1);
  let { batchMax, maxPollRecords } = options;
  let running: Promise<SinkRun> | undefined;
  let task = newTask((partition) => log.committed(group, partition));

  function newTask(at: (partition: number) => bigint) {
    const positions = new Map(partitions.map((partition) => [partition, at(partition)]));
    return { positions, polls: 0, failed: false, stop: new AbortController(), agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  }
  type Task = typeof task;

  /** What a poll finds: a partition's records before the next one's, beginning with any partition. */
  const poll = ({ positions }: Task): LogRecord[] => {
    const size = 1 + Math.floor(random() * maxPollRecords);
    const first = Math.floor(random() * partitions.length);
    const polled: LogRecord[] = [];
    for (const partition of [...partitions.slice(first), ...partitions.slice(0, first)]) {
      const records = log.read(partition, positions.get(partition) ?? 0n, size - polled.length);
      const last = records.at(-1);
      if (last !== undefined) positions.set(partition, last.offset + 1n);
      polled.push(...records);
    }
    return polled;
  };

  /** Sends a batch until it is answered well, every time with the same bytes. */
  const deliver = async ({ stop: { signal }, agent }: Task, batch: readonly LogRecord[], tried: () => void) => {
    const keys = batch.map(keyOf);
    const body = bodyOf(batch, { jsonAsArray, identity, fields });
    for (let retry = 0; ; retry++) {
      tried();
      const settle = clientLog.begin(keys);
      const answer = await post({ url: options.url, headers, body, timeoutMs: options.timeoutMs, agent, signal });
      settle(outcomeOf(answer));
      // A redirection is not followed and not tried again.
      const delivered = answer !== undefined && answer.status < 300;
      const hopeless = answer !== undefined && answer.status >= 300 && answer.status < 400;
      if (delivered || hopeless || retry === options.retries || signal.aborted) return { answer, delivered };
      await sleep(options.retryBackoffMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return { answer, delivered };
    }
  };

  const work = async (own: Task, limit: number): Promise<SinkRun> => {
    const seen: { polls: number; requests: number; attempts: number; last: SinkAnswer | undefined } = {
      polls: 0,
      requests: 0,
      attempts: 0,
      last: undefined,
    };
    while (seen.polls < limit) {
      if (own.failed || own.stop.signal.aborted) return { state: own.stop.signal.aborted ? 'killed' : 'failed', ...seen };
      const polled = poll(own);
      if (polled.length === 0) return { state: 'caught-up', ...seen };
      for (const batch of batchesOf(polled, jsonAsArray ? batchMax : 1)) {
        if (own.stop.signal.aborted) return { state: 'killed', ...seen };
        const { answer, delivered } = await deliver(own, batch, () => seen.attempts++);
        seen.last = answer;
        if (delivered) seen.requests++;
        own.failed = !delivered;
        if (own.failed) return { state: own.stop.signal.aborted ? 'killed' : 'failed', ...seen };
      }
      if (own.stop.signal.aborted) return { state: 'killed', ...seen };
      seen.polls++;
      own.polls++;
      // Only what a whole poll sent, so that a task that ends in the middle of one sends the beginning of it again.
      if (own.polls % commitEvery === 0) for (const [partition, position] of own.positions) log.commit(group, partition, position);
    }
    return { state: 'paused', ...seen };
  };

  const kill = async (): Promise<void> => {
    task.stop.abort();
    await running;
    task.agent.destroy();
  };
  return {
    kill,
    async run({ polls } = { polls: Number.POSITIVE_INFINITY }) {
      running = work(task, polls);
      return await running;
    },
    async restart(changes = {}) {
      await kill();
      batchMax = changes.batchMax ?? batchMax;
      maxPollRecords = changes.maxPollRecords ?? maxPollRecords;
      task = newTask((partition) => ((changes.fromCommitted ?? true) ? log.committed(group, partition) : 0n));
    },
  };
}
