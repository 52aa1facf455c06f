/**
 * What happens on one connection over time: bytes that come too slowly, that stop, that follow each other, that nobody reads. Each case says
 * what the sender sees, in order, and what is recorded of it.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { Limits } from '../../src/core/config.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { startTestApp, type TestApp } from '../support/http-app.ts';
import { openRaw, type RawConnection } from '../support/raw-http.ts';

const STORED: Outcome = { kind: 'stored', accepted: 1, duplicate: 0, quarantined: 0 };
const LINE = 'POST /v1/topics/orders HTTP/1.1\r\nHost: x\r\n';
const GOOD = `${LINE}X-API-KEY: good\r\n`;
const BAD = `${LINE}X-API-KEY: bad\r\n`;
const REQUEST = `${GOOD}Content-Length: 2\r\n\r\n{}`;

let app: TestApp;
let draining: boolean;
let raw: RawConnection;
const connections: RawConnection[] = [];
const connect = async (): Promise<RawConnection> => {
  const connection = await openRaw(app.port);
  connections.push(connection);
  return connection;
};
async function start(limits: Partial<Limits>): Promise<void> {
  draining = false;
  app = await startTestApp({ body: 1_000_000, inFlight: 1_000_000, ...limits }, { draining: () => draining });
  raw = await connect();
}
beforeEach(async () => {
  await start({ headerTimeoutMs: 300, bodyTimeoutMs: 300 });
});
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
  await app.close();
  assert.deepEqual(app.bugs, []);
});

/** Status and code of the next answer; nothing when the connection ended. */
const next = async (from = raw): Promise<Array<number | string>> => {
  const answer = await from.next();
  if (answer === undefined) return [];
  const { code } = JSON.parse(answer.body) as { code?: string };
  return code === undefined ? [answer.status] : [answer.status, code];
};
const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !condition(); i++) await wait(5);
  assert.ok(condition(), 'waited for two seconds');
};
const reported = (): unknown[] => app.events.map(({ status, code }) => (code === undefined ? [status] : [status, code]));

/** Sends one byte after the other until the connection ends. */
async function dribble(bytes: string, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (raw.socket.destroyed || raw.socket.writableEnded) return;
    raw.send(byte);
    await wait(everyMs);
  }
}

test('headers one byte at a time run out of time, however busy they look', async () => {
  const sending = dribble(`${GOOD}X-Slow: ${'a'.repeat(200)}`, 20);
  assert.deepEqual(await next(), [408, 'request_timeout']);
  await raw.closed();
  await sending;
  assert.equal(app.deliveries.length, 0);
});

test('a body one byte at a time runs out of time, and its room is given back', async () => {
  raw.send(`${GOOD}Content-Length: 900000\r\n\r\n`);
  const sending = dribble('x'.repeat(200), 20);
  assert.deepEqual(await next(), [408, 'request_timeout']);
  await raw.closed();
  await sending;
  assert.deepEqual(reported(), [[408, 'request_timeout']]);
  const body = 'x'.repeat(900_000);
  raw = await connect();
  raw.send(`${GOOD}Content-Length: ${body.length}\r\n\r\n${body}`);
  assert.deepEqual(await next(), [200]);
  assert.equal(app.deliveries.length, 1);
});

test('after a late body, and after a request that may be read in two ways, nothing more is read on the connection', async () => {
  const cases: Array<[string, string, number]> = [
    [`${GOOD}Content-Length: 2\r\n\r\n{`, '}', 408],
    [`${GOOD}Host: y\r\nContent-Length: 2\r\n\r\n`, '{}', 400],
  ];
  for (const [start, rest, status] of cases) {
    raw = await connect();
    raw.send(start);
    const answer = await raw.next();
    assert.deepEqual([answer?.status, answer?.headers['connection']], [status, 'close']);
    raw.send(`${rest}${REQUEST}`);
    assert.deepEqual(await next(), []);
  }
  assert.equal(app.deliveries.length, 0);
});

test('a chunked body that stops runs out of time', async () => {
  raw.send(`${GOOD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`);
  assert.deepEqual(await next(), [408, 'request_timeout']);
  await raw.closed();
  assert.equal(app.deliveries.length, 0);
});

test('an idle connection is no slow one', async () => {
  raw.send(REQUEST);
  assert.deepEqual(await next(), [200]);
  await wait(900);
  raw.send(REQUEST);
  assert.deepEqual(await next(), [200]);
});

test('what cannot be read never overtakes the answers to what came before it', async () => {
  const waits = [80, 10];
  app.answer = async () => {
    await wait(waits.shift() ?? 0);
    return STORED;
  };
  raw.send(`${REQUEST}${REQUEST}NOT HTTP\r\n\r\n`);
  assert.deepEqual(await next(), [200]);
  assert.deepEqual(await next(), [200]);
  assert.deepEqual(await next(), [400, 'malformed_request']);
  assert.deepEqual(await next(), []);
  assert.equal(app.deliveries.length, 2);
});

test('a broken chunk after a request that is still answered is refused in its turn', async () => {
  app.answer = async () => {
    await wait(60);
    return STORED;
  };
  raw.send(`${REQUEST}${GOOD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`);
  assert.deepEqual(await next(), [200]);
  assert.deepEqual(await next(), [400, 'malformed_request']);
  await raw.closed();
  assert.equal(app.deliveries.length, 1);
});

test('a request is answered once, even when its unread body turns out broken', async () => {
  raw.send(`${BAD}Transfer-Encoding: chunked\r\n\r\n`);
  assert.deepEqual(await next(), [401, 'unauthenticated']);
  raw.send('zz\r\n');
  assert.deepEqual(await next(), []);
  assert.deepEqual(reported(), [[401, 'unauthenticated']]);
});

test('a broken chunk in a body that is read is reported and answered with the request id', async () => {
  raw.send(`${GOOD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`);
  await wait(30);
  raw.send('zz\r\n');
  const answer = await raw.next();
  assert.equal(answer?.status, 400);
  await raw.closed();
  await until(() => app.events.length === 1);
  assert.equal(app.events[0]?.id, answer.headers['x-request-id']);
  assert.deepEqual(reported(), [[400, 'malformed_request']]);
});

test('a sender that goes away is not answered, and not reported as a success', async () => {
  const ways: Array<(connection: RawConnection) => void> = [
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end(),
  ];
  for (const [i, leave] of ways.entries()) {
    raw = await connect();
    raw.send(`${GOOD}Content-Length: 900000\r\n\r\n{"half`);
    await wait(30);
    leave(raw);
    await until(() => app.events.length === i + 1);
  }
  assert.deepEqual(reported(), [[499], [499], [499]]);
  assert.equal(app.deliveries.length, 0);
});

test('after a refusal whose small body nobody read the connection goes on', async () => {
  raw.send(`${BAD}Content-Length: 2\r\n\r\n{}`);
  assert.deepEqual(await next(), [401, 'unauthenticated']);
  raw.send(`${GOOD}Content-Encoding: br\r\nContent-Length: 60000\r\n\r\n`);
  assert.deepEqual(await next(), [415, 'unsupported_encoding']);
  raw.send('x'.repeat(60_000));
  raw.send(REQUEST);
  assert.deepEqual(await next(), [200]);
  assert.deepEqual(
    app.deliveries.map(({ body }) => body.toString()),
    ['{}'],
  );
});

test('after a refusal whose large body nobody read the connection ends, and the sender sees why', async () => {
  raw.send(`${BAD}Content-Length: 900000\r\n\r\n`);
  const sending = (async () => {
    for (let i = 0; i < 9 && !raw.socket.destroyed; i++) {
      raw.send('x'.repeat(100_000));
      await wait(10);
    }
  })();
  const answer = await raw.next();
  assert.deepEqual([answer?.status, answer?.headers['connection']], [401, 'close']);
  await sending;
  await raw.closed();
});

test('a sender that waits to continue is not told to when it is refused, and its connection ends', async () => {
  raw.send(`${BAD}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => raw.socket.once('data', resolve));
  assert.match(first.toString(), /^HTTP\/1\.1 401 /);
  await raw.closed();
});

test('a sender that waits to continue is told to when its body is wanted', async () => {
  raw.send(`${GOOD}Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => raw.socket.once('data', resolve));
  assert.equal(first.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
  raw.send('{}');
  assert.deepEqual(await next(), [200]);
});

test('HTTP/1.0 has no expectations', async () => {
  for (const expect of ['100-continue', '200-maybe']) {
    raw = await connect();
    const received = new Promise<Buffer>((resolve) => raw.socket.once('data', resolve));
    raw.send(`POST /v1/topics/orders HTTP/1.0\r\nX-API-KEY: good\r\nContent-Length: 2\r\nExpect: ${expect}\r\n\r\n`);
    await wait(30);
    raw.send('{}');
    assert.match((await received).toString(), /^HTTP\/1\.1 200 OK\r\n/, expect);
  }
});

test('every refusal has the security headers, also where it never became a request', async () => {
  const cases: Array<[string, number]> = [
    ['NOT HTTP\r\n\r\n', 400],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    [`${GOOD}X-Big: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
    [`${GOOD}Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}`, 417],
  ];
  for (const [bytes, status] of cases) {
    raw = await connect();
    raw.send(bytes);
    const answer = await raw.next();
    assert.equal(answer?.status, status);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(answer.headers['content-security-policy'] ?? '', /default-src 'self'/);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  }
  assert.equal(app.deliveries.length, 0);
});

test('CONNECT and an upgrade to WebSocket open nothing', async () => {
  raw.send('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.deepEqual(await next(), []);
  raw = await connect();
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  raw.send(`GET /nowhere HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  assert.deepEqual(await next(), [404, 'not_found']);
});

test('a percent sign in the query is not taken for one in the path', async () => {
  raw.send(`POST /v1/topics/orders?rate=100% HTTP/1.1\r\nHost: x\r\nX-API-KEY: good\r\nContent-Length: 2\r\n\r\n{}`);
  assert.deepEqual(await next(), [200]);
});

test('while it drains, the answer to a request in flight ends its connection', async () => {
  app.answer = async () => {
    draining = true;
    return await Promise.resolve(STORED);
  };
  raw.send(REQUEST);
  const answer = await raw.next();
  assert.deepEqual([answer?.status, answer?.headers['connection']], [200, 'close']);
  await raw.closed();
});

test('a body of one-byte chunks takes the memory of its bytes, not of its chunks', async () => {
  await app.close();
  await start({});
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const COUNT = 100_000;
  raw.send(`${GOOD}Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n`);
  await wait(20);
  const before = used();
  await new Promise<void>((resolve) => raw.socket.write('1\r\n \r\n'.repeat(COUNT), () => resolve()));
  await until(() => raw.socket.writableLength === 0 && raw.socket.bytesWritten > COUNT * 6);
  await wait(100);
  // Kept as chunks they took 40 MB.
  assert.ok(used() - before < 5_000_000, `${used() - before}`);
  raw.send('1\r\n]\r\n0\r\n\r\n');
  assert.deepEqual(await next(), [200]);
  assert.equal(app.deliveries[0]?.body.toString(), `[${' '.repeat(COUNT)}]`);
});

test('bodies that inflate at the same time are held to the bytes in flight', async () => {
  await app.close();
  await start({ inFlight: 2_000_000 });
  const body = gzipSync(Buffer.alloc(900_000, '{"a":1}\n'));
  const request = Buffer.concat([Buffer.from(`${GOOD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  let mostAtOnce = 0;
  let atOnce = 0;
  app.answer = async () => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    await wait(20);
    atOnce--;
    return STORED;
  };
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const connection = await connect();
      connection.send(request);
      return (await next(connection)).join(' ');
    }),
  );
  assert.deepEqual([...new Set(statuses)].toSorted(), ['200', '503 overloaded']);
  assert.equal(mostAtOnce, 1);
});
