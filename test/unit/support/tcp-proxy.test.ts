import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../support/random.ts';
import { openRaw } from '../../support/raw-http.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** What the target received, by connection, and how each connection ended there. */
interface Seen {
  text: string;
  end?: 'closed' | 'reset';
}
let seen: Seen[] = [];
let sockets: Socket[] = [];
/** Answers every `?` with the number of bytes received so far, as an HTTP answer. */
const target = createServer((socket) => {
  const own: Seen = { text: '' };
  seen.push(own);
  sockets.push(socket);
  socket.on('error', () => {
    own.end = 'reset';
  });
  socket.on('close', () => {
    own.end ??= 'closed';
  });
  socket.on('data', (chunk: Buffer) => {
    own.text += chunk.toString('latin1');
    if (!chunk.includes('?')) return;
    const body = String(own.text.length);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
});
let proxy: TcpProxy;

before(async () => await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve)));
beforeEach(async () => {
  await proxy?.close();
  seen = [];
  sockets = [];
  proxy = await startTcpProxy((target.address() as AddressInfo).port);
});
after(async () => {
  await proxy.close();
  await new Promise((resolve) => target.close(resolve));
});

async function open(): Promise<{ socket: Socket; received: () => string; ended: Promise<string> }> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? ''));
    socket.once('close', () => resolve('closed'));
  });
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), ended]);
  return { socket, received: () => received, ended };
}

async function until(holds: () => boolean): Promise<void> {
  for (const patience = Date.now() + 5000; !holds(); await sleep(2)) assert.ok(Date.now() < patience, `never true: ${String(holds)}`);
}

test('bytes pass both ways, also many, and the end of either side', async () => {
  const { socket, received, ended } = await open();
  socket.write('x'.repeat(3_000_000));
  socket.end('?');
  await until(() => received().endsWith('3000001'));
  assert.equal(await ended, 'closed');
  await until(() => seen[0]?.end === 'closed');
  assert.equal(seen[0]?.text.length, 3_000_001);
  assert.deepEqual([proxy.connections, proxy.repliesDropped], [1, 0]);
});

test('drop-reply lets the request be carried out, then resets the client', async () => {
  const raw = await openRaw(proxy.port);
  raw.send('one?');
  assert.equal((await raw.next())?.body, '4');
  proxy.mode = { kind: 'drop-reply', afterMs: 30 };
  const started = performance.now();
  const failed = new Promise<string | undefined>((resolve) => {
    raw.socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  raw.send('two?');
  assert.equal(await failed, 'ECONNRESET');
  assert.ok(performance.now() - started >= 29);
  assert.equal(seen[0]?.text, 'one?two?');
  assert.equal(proxy.repliesDropped, 1);
  await until(() => seen[0]?.end === 'closed');
});

test('drop-reply without a time leaves the client hanging, also when the mode is pass again', async () => {
  proxy.mode = { kind: 'drop-reply' };
  const { socket, received } = await open();
  socket.write('one?');
  await until(() => proxy.repliesDropped === 1);
  proxy.mode = { kind: 'pass' };
  socket.write('two?');
  await until(() => seen[0]?.text === 'one?two?');
  await sleep(30);
  assert.deepEqual([received(), socket.closed], ['', false]);
  socket.end();
  await until(() => seen[0]?.end === 'closed');
});

test('hang forwards nothing, keeps the connection, and the target does not hear of a client that leaves', async () => {
  const { socket } = await open();
  socket.write('one');
  await until(() => seen[0]?.text === 'one');
  proxy.mode = { kind: 'hang' };
  const second = await open();
  second.socket.write('two?');
  socket.write('?');
  await sleep(30);
  assert.deepEqual([seen, socket.closed, second.socket.closed], [[{ text: 'one' }], false, false]);
  socket.end();
  second.socket.end();
  await sleep(30);
  assert.deepEqual(seen, [{ text: 'one' }]);
});

test('hang keeps a reply back', async () => {
  const { socket, received } = await open();
  proxy.onReply = () => {
    throw new Error('it is not asked');
  };
  socket.write('one');
  await until(() => seen[0]?.text === 'one');
  proxy.mode = { kind: 'hang' };
  sockets[0]?.write('a reply');
  await until(() => proxy.repliesDropped === 1);
  await sleep(20);
  assert.deepEqual([received(), socket.closed], ['', false]);
});

test('reset cuts both sides at the next byte', async () => {
  const { socket, ended } = await open();
  socket.write('one');
  await until(() => seen[0]?.text === 'one');
  proxy.mode = { kind: 'reset' };
  socket.write('two?');
  assert.equal(await ended, 'ECONNRESET');
  await until(() => seen[0]?.end !== undefined);
  assert.deepEqual(seen[0], { text: 'one', end: 'reset' });
});

test('refuse resets open connections and lets nobody in, until it comes back on its port', async () => {
  const { socket, ended } = await open();
  socket.write('one');
  await until(() => seen.length === 1);
  proxy.mode = { kind: 'refuse' };
  assert.equal(await ended, 'ECONNRESET');
  await proxy.settled();
  assert.equal(await (await open()).ended, 'ECONNREFUSED');
  const { port } = proxy;
  proxy.mode = { kind: 'pass' };
  await proxy.settled();
  const raw = await openRaw(port);
  raw.send('two?');
  assert.equal((await raw.next())?.body, '4');
  raw.socket.destroy();
  assert.equal(proxy.connections, 2);
});

test('refuse and back without waiting between', async () => {
  for (const kind of ['refuse', 'pass', 'refuse', 'pass'] as const) proxy.mode = { kind };
  await proxy.settled();
  const raw = await openRaw(proxy.port);
  raw.send('?');
  assert.equal((await raw.next())?.body, '1');
  raw.socket.destroy();
  proxy.mode = { kind: 'refuse' };
  await proxy.close();
});

test('delay takes its time each way and keeps the order, also when it becomes shorter', async () => {
  proxy.mode = { kind: 'delay', ms: 40 };
  const raw = await openRaw(proxy.port);
  const started = performance.now();
  raw.send('a');
  await sleep(5);
  proxy.mode = { kind: 'delay', ms: 30 };
  raw.send('b');
  await sleep(5);
  raw.send('?');
  assert.equal((await raw.next())?.body, '3');
  assert.ok(performance.now() - started >= 69, `${performance.now() - started} ms`);
  assert.equal(seen[0]?.text, 'ab?');
  raw.socket.destroy();
});

test('cut-request lets the first bytes of a request through and resets both sides', async () => {
  const raw = await openRaw(proxy.port);
  raw.send('first?');
  await raw.next();
  proxy.mode = { kind: 'cut-request', bytes: 7 };
  raw.send('fits?');
  assert.equal((await raw.next())?.body, '11');
  raw.send('seco');
  await until(() => seen[0]?.text === 'first?fits?seco');
  raw.send('nd request?');
  await raw.closed();
  await until(() => seen[0]?.end !== undefined);
  assert.equal(seen[0]?.text, 'first?fits?second ');
});

test('onReply decides reply by reply, the same for the same seed', async () => {
  const round = async (seed: number): Promise<string> => {
    const random = seededRandom(seed);
    proxy.onReply = () => (random() < 0.5 ? 'pass' : 'reset');
    let answers = '';
    for (let sent = 0; sent < 40; sent++) {
      const raw = await openRaw(proxy.port);
      raw.send('?');
      answers += (await raw.next())?.body ?? '-';
      raw.socket.destroy();
    }
    return answers;
  };
  const answers = await round(3);
  assert.match(answers, /^[1-]{40}$/);
  assert.equal(proxy.repliesDropped, answers.split('-').length - 1);
  assert.ok(proxy.repliesDropped > 10 && proxy.repliesDropped < 30);
  assert.equal(await round(3), answers);
  // Each request was carried out all the same.
  assert.equal(seen.filter(({ text }) => text === '?').length, 80);
});

test('onReply can leave the client hanging', async () => {
  proxy.onReply = (chunk) => (chunk.toString().endsWith('\r\n\r\n1') ? 'drop' : 'pass');
  const { socket, received } = await open();
  socket.write('?');
  await until(() => proxy.repliesDropped === 1);
  await sleep(20);
  assert.deepEqual([received(), socket.closed], ['', false]);
});

test('a target that is not there resets the client', async () => {
  const nobody = await startTcpProxy(1);
  try {
    const socket = connect({ port: nobody.port, host: '127.0.0.1' });
    socket.write('?');
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    assert.equal(error.code, 'ECONNRESET');
  } finally {
    await nobody.close();
  }
});
