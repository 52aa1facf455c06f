import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClientLog } from '../../support/client-log.ts';
import { createHttpSink, type HttpSinkOptions } from '../../support/http-sink.ts';
import { createLog, type PartitionedLog } from '../../support/partitioned-log.ts';

/** A server that keeps what it received and answers as `answer` says, by the number of the request. */
let bodies: string[] = [];
let headersSeen: IncomingHttpHeaders[] = [];
let open = new Set<ServerResponse>();
let mostOpen = 0;
let answer: (request: number, response: ServerResponse) => void;
const server = createServer((request, response) => {
  const own = open;
  mostOpen = Math.max(mostOpen, own.add(response).size);
  response.on('close', () => own.delete(response));
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    bodies.push(text);
    headersSeen.push(request.headers);
    answer(bodies.length, response);
  });
});
const ok = (_: number, response: ServerResponse): void => void response.end('{"accepted":1}');
const status = (code: number, response: ServerResponse): void => void response.writeHead(code).end('no');

before(async () => await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
beforeEach(() => {
  bodies = [];
  headersSeen = [];
  open = new Set();
  mostOpen = 0;
  answer = ok;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

function logOf(partitions: number, each: number): PartitionedLog {
  const log = createLog({ topic: 'orders', partitions });
  for (let id = 0; id < each; id++) for (let partition = 0; partition < partitions; partition++) log.append(partition, { id });
  return log;
}

function sinkOn(log: PartitionedLog, changes: Partial<HttpSinkOptions> = {}) {
  const clientLog = createClientLog();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/topics/orders`;
  const defaults = { batchMax: 5, maxPollRecords: 20, retries: 2, retryBackoffMs: 5, timeoutMs: 2000, identity: 'insert-field' as const };
  return { clientLog, sink: createHttpSink({ log, url, clientLog, ...defaults, ...changes }) };
}

type Sent = { __partition: number; __offset: number };
const sentBy = (texts: string[]): string[][] =>
  texts.map((text) => (JSON.parse(text) as Sent[]).map(({ __partition, __offset }) => `orders/${__partition}/${__offset}`));

test('every record is sent once, in order, one request at a time', async () => {
  const log = logOf(3, 40);
  const { sink, clientLog } = sinkOn(log, { headers: { 'X-API-KEY': 'key' } });
  const run = await sink.run();
  assert.deepEqual([run.state, run.requests, run.attempts, run.last?.status], ['caught-up', bodies.length, bodies.length, 200]);
  const keys = sentBy(bodies).flat();
  assert.equal(new Set(keys).size, 120);
  assert.equal(keys.length, 120);
  for (let partition = 0; partition < 3; partition++) {
    const own = keys.filter((key) => key.startsWith(`orders/${partition}/`));
    assert.deepEqual(
      own,
      Array.from({ length: 40 }, (_, offset) => `orders/${partition}/${offset}`),
    );
    assert.equal(log.committed('connect-http-sink', partition), 40n);
  }
  assert.deepEqual(clientLog.counts(), { ok: 120, refused: 0, unknown: 0 });
  assert.equal(mostOpen, 1);
  assert.ok(sentBy(bodies).every((batch) => batch.length <= 5));
  assert.ok(run.polls > 6 && run.polls <= 120);
  assert.deepEqual([headersSeen[0]?.['content-type'], headersSeen[0]?.['x-api-key']], ['application/json', 'key']);
});

test('no batch spans two polls', async () => {
  const { sink } = sinkOn(logOf(1, 30), { batchMax: 500, maxPollRecords: 7 });
  const { polls } = await sink.run();
  assert.equal(bodies.length, polls);
  assert.ok(sentBy(bodies).every((batch) => batch.length <= 7));
});

test('the same seed cuts the same polls, another one others', async () => {
  const cut = async (seed: number): Promise<number[]> => {
    bodies = [];
    await sinkOn(logOf(2, 50), { seed }).sink.run();
    return sentBy(bodies).map((batch) => batch.length);
  };
  const first = await cut(1);
  assert.deepEqual(await cut(1), first);
  assert.notDeepEqual(await cut(2), first);
});

test('the body is byte for byte what the recipe gives', async () => {
  const cases: Array<[Partial<HttpSinkOptions>, string]> = [
    [{}, '[{"id":9007199254740993,"__topic":"orders","__partition":0,"__offset":0}]'],
    [{ identity: 'none' }, '[{"id":9007199254740993}]'],
    [{ identity: 'hoist' }, '[{"v":{"id":9007199254740993},"__topic":"orders","__partition":0,"__offset":0}]'],
    [{ jsonAsArray: false }, '{"id":9007199254740993,"__topic":"orders","__partition":0,"__offset":0}'],
    [
      { fields: { topic: 't', partition: 'p', offset: 'o', timestamp: 'ts' } },
      '[{"id":9007199254740993,"t":"orders","p":0,"o":0,"ts":1767225600000}]',
    ],
  ];
  for (const [changes, body] of cases) {
    bodies = [];
    const log = createLog({ topic: 'orders', partitions: 1 });
    log.append(0, { id: 9007199254740993n });
    await sinkOn(log, changes).sink.run();
    assert.deepEqual(bodies, [body]);
  }
});

test('without an array every record has its request', async () => {
  await sinkOn(logOf(1, 4), { jsonAsArray: false, identity: 'none' }).sink.run();
  assert.deepEqual(bodies, ['{"id":0}', '{"id":1}', '{"id":2}', '{"id":3}']);
});

test('errors, resets and timeouts are tried again with the same bytes', async () => {
  answer = (request, response) => {
    if (request === 1) status(503, response);
    else if (request === 2) response.destroy();
    else if (request > 3) ok(request, response);
  };
  const { sink, clientLog } = sinkOn(logOf(1, 1), { retries: 3, timeoutMs: 300 });
  const { state, requests, attempts } = await sink.run();
  assert.deepEqual({ state, requests, attempts }, { state: 'caught-up', requests: 1, attempts: 4 });
  assert.equal(new Set(bodies).size, 1);
  assert.equal(clientLog.outcomeOf('orders/0/0'), 'ok');
});

test('out of retries the task fails, commits nothing and goes on only after a restart', async () => {
  answer = (_, response) => status(422, response);
  const log = logOf(1, 3);
  const { sink, clientLog } = sinkOn(log, { batchMax: 1, maxPollRecords: 1 });
  const run = await sink.run();
  assert.deepEqual(run, { state: 'failed', polls: 0, requests: 0, attempts: 3, last: { status: 422, body: 'no' } });
  assert.equal((await sink.run()).state, 'failed');
  assert.equal(bodies.length, 3);
  assert.equal(clientLog.outcomeOf('orders/0/0'), 'refused');
  answer = ok;
  await sink.restart();
  assert.equal((await sink.run()).state, 'caught-up');
  assert.deepEqual(clientLog.counts(), { ok: 3, refused: 0, unknown: 0 });
});

test('what the answers say about the records', async () => {
  const outcomes: Array<[number | undefined, string]> = [
    [200, 'ok'],
    [204, 'ok'],
    [302, 'unknown'],
    [400, 'refused'],
    [408, 'unknown'],
    [409, 'unknown'],
    [429, 'refused'],
    [500, 'unknown'],
    [503, 'unknown'],
    [undefined, 'unknown'],
  ];
  for (const [code, outcome] of outcomes) {
    answer = (_, response) => void (code === undefined ? response.destroy() : status(code, response));
    const { sink, clientLog } = sinkOn(logOf(1, 1), { retries: 0 });
    await sink.run();
    assert.deepEqual([code, clientLog.outcomeOf('orders/0/0')], [code, outcome]);
  }
});

test('a redirection fails the task at once', async () => {
  answer = (_, response) => status(302, response);
  const run = await sinkOn(logOf(1, 1)).sink.run();
  assert.deepEqual([run.state, run.attempts], ['failed', 1]);
});

test('a restart sends again from the committed offsets, in other batches', async () => {
  const log = logOf(2, 60);
  const { sink } = sinkOn(log, { commitEvery: 4 });
  assert.equal((await sink.run({ polls: 6 })).state, 'paused');
  const committed = log.committed('connect-http-sink', 0) + log.committed('connect-http-sink', 1);
  const before = sentBy(bodies);
  assert.ok(committed > 0n && BigInt(before.flat().length) > committed);
  bodies = [];
  await sink.restart({ fromCommitted: true, batchMax: 3 });
  await sink.run();
  const later = sentBy(bodies);
  assert.equal(later.flat().length, 120 - Number(committed));
  assert.equal(new Set([...before, ...later].flat()).size, 120);
  const again = before.flat().filter((key) => later.flat().includes(key));
  assert.equal(again.length, before.flat().length - Number(committed));
  assert.ok(!later.some((batch) => before.some((earlier) => earlier.join() === batch.join())));
});

test('a restart can begin at the start of the log', async () => {
  const { sink } = sinkOn(logOf(1, 10));
  await sink.run();
  bodies = [];
  await sink.restart({ fromCommitted: false });
  await sink.run();
  assert.equal(sentBy(bodies).flat().length, 10);
});

test('a task that is killed leaves its request unknown', async () => {
  answer = () => undefined;
  const log = logOf(1, 2);
  const { sink, clientLog } = sinkOn(log, { maxPollRecords: 2, seed: 5, batchMax: 1 });
  const running = sink.run();
  while (bodies.length === 0) await sleep(2);
  await sink.kill();
  const { state, attempts } = await running;
  assert.deepEqual({ state, attempts }, { state: 'killed', attempts: 1 });
  assert.equal((await sink.run()).state, 'killed');
  assert.deepEqual([clientLog.counts(), log.committed('connect-http-sink', 0)], [{ ok: 0, refused: 0, unknown: 1 }, 0n]);
});

test('a zombie sends the same partitions at the same time', async () => {
  const log = logOf(2, 30);
  const clientLog = createClientLog();
  answer = (_, response) => void setTimeout(() => response.end(), 2);
  const [task, zombie] = [sinkOn(log, { clientLog, seed: 1 }), sinkOn(log, { clientLog, seed: 2 })];
  const runs = await Promise.all([task.sink.run(), zombie.sink.run()]);
  assert.deepEqual(
    runs.map(({ state }) => state),
    ['caught-up', 'caught-up'],
  );
  assert.equal(sentBy(bodies).flat().length, 120);
  assert.equal(new Set(sentBy(bodies).flat()).size, 60);
  assert.equal(mostOpen, 2);
});
