import { type Answer } from './answers.ts';
import { type Line, openLines } from './line.ts';
import { createTemplate, FIRST_OFFSET, type Template } from './records.ts';
import { quantile } from './statistics.ts';

/** A round of requests from senders that each wait for the answer before they send the next one. */
export interface LoadOrder {
  readonly kind: 'load';
  readonly port: number;
  readonly key: string;
  readonly topic: string;
  readonly senders: number;
  readonly records: number;
  readonly recordBytes: number;
  /** Every sender sends at least one request. `again`: exactly the requests of the last load of the topic, once more. */
  readonly seconds: number | 'again';
  /** Leaves an offset out after each request, so that the ledger cannot join them. */
  readonly gaps?: boolean;
  /** The records are Avro by this schema, in the envelopes of HoistField. */
  readonly schemaId?: number;
  readonly wide?: boolean;
  /** 1 % of the records are bad: any status counts. */
  readonly bad?: boolean;
  /** The server is no gateway: its answers have only a status. */
  readonly statusOnly?: boolean;
}

export interface LoadReport {
  readonly requests: number;
  readonly bodyBytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the senders' process as a share of one core. */
  readonly senderCpu: number;
}

/** What one sender has sent: its own partition, counted up. */
interface Position {
  next: number;
  /** Where the last load began, and its requests. */
  first: number;
  requests: number;
}

/** Runs loads. What was sent is remembered by topic, so that offsets go on from round to round. */
export function createLoad(): (order: LoadOrder) => Promise<LoadReport> {
  const topics = new Map<string, Position[]>();
  return async (order) => {
    const positions = topics.get(order.topic) ?? [];
    topics.set(order.topic, positions);
    while (positions.length < order.senders) positions.push({ next: FIRST_OFFSET, first: FIRST_OFFSET, requests: 0 });
    const lines = await openLines(order.port, order.senders);
    const senders = lines.map((line, i) => ({ line, position: positions[i]!, template: templateOf(order, i) }));
    const cpu = process.cpuUsage();
    const started = performance.now();
    const times = await Promise.all(senders.map(async (sender) => await send(order, sender, started)));
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    for (const line of lines) line.close();
    const all = Float64Array.from(times.flat());
    return {
      requests: all.length,
      bodyBytes: all.length * (senders[0]?.template.bodyBytes ?? 0),
      seconds: ms / 1000,
      p50Ms: quantile(all, 0.5),
      p99Ms: quantile(all, 0.99),
      senderCpu: (user + system) / 1000 / ms,
    };
  };
}

/** The milliseconds of each request of one sender. */
async function send(
  order: LoadOrder,
  { line, position, template }: { line: Line; position: Position; template: Template },
  started: number,
): Promise<number[]> {
  const { seconds, records } = order;
  const stride = records + (order.gaps === true ? 1 : 0);
  const isAgain = seconds === 'again';
  const count = isAgain ? position.requests : Number.POSITIVE_INFINITY;
  const end = isAgain ? Number.POSITIVE_INFINITY : started + seconds * 1000;
  const times: number[] = [];
  const first = isAgain ? position.first : position.next;
  const parts = [template.bytes];
  let now = started;
  while (times.length < count && (now < end || times.length === 0)) {
    template.stamp(first + times.length * stride);
    const before = performance.now();
    const answer = await line.send(parts);
    now = performance.now();
    check(order, answer);
    times.push(now - before);
  }
  if (!isAgain) {
    position.first = first;
    position.requests = times.length;
    position.next = first + times.length * stride;
  }
  return times;
}

function check({ records, seconds, bad, statusOnly }: LoadOrder, { status, body }: Answer): void {
  if (bad === true) return;
  const expected = seconds === 'again' ? `"duplicate":${records},` : `"accepted":${records},"duplicate":0,`;
  if (status !== 200 || (statusOnly !== true && !body.includes(expected))) throw new Error(`not what was expected: ${status} ${body}`);
}

function templateOf({ records, recordBytes, bad, schemaId, wide, ...order }: LoadOrder, partition: number): Template {
  const shape = {
    records,
    recordBytes,
    partition,
    framing: 'array',
    bad: bad === true,
    wide: wide === true,
    ...(schemaId === undefined ? {} : { schemaId }),
  } as const;
  return createTemplate(shape, (bytes) => headOf(order, bytes));
}

/** The head of a request, without the empty line when more is to come. */
export function headOf({ port, key, topic }: Pick<LoadOrder, 'port' | 'key' | 'topic'>, bodyBytes: number, more = '\r\n'): string {
  return (
    `POST /v1/topics/${topic} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
    `X-API-KEY: ${key}\r\nContent-Length: ${bodyBytes}\r\n${more}`
  );
}
