/** What is asked of a registry, how often, and what becomes of answers that are none. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import type { RegistryConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import type { SchemaSource } from '../../../src/core/ports.ts';
import { createRegistry } from '../../../src/schema/registry.ts';
import { Undecodable } from '../../../src/schema/undecodable.ts';
import { startSchemaRegistry, type TestRegistry } from '../../support/schema-registry.ts';

let server: TestRegistry;
let clock = 1_000_000;
const open: Array<{ close(): void }> = [];

before(async () => {
  server = await startSchemaRegistry();
});
afterEach(() => {
  server.before = undefined;
  delete server.authorization;
  server.calls.length = 0;
  for (const one of open.splice(0)) one.close();
});
after(async () => await server.close());

function registry(changes: Partial<RegistryConfig> = {}): SchemaSource {
  const made = createRegistry({ urls: [server.url], timeoutMs: 500, ttlMs: 60_000, ...changes }, { now: () => clock });
  open.push(made);
  return made;
}

/** The message of a failure. */
async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof GatewayError || error instanceof Undecodable, String(error));
    return `${error.code}: ${error.message}`;
  }
  return assert.fail('did not fail');
}

const away = 'registry_unavailable: The Schema Registry cannot be reached, or closed the connection';

test('a schema is found by id, guid and subject, and asked for once', async () => {
  const id = server.register('orders-value', { schema: '"long"' });
  const source = registry();
  const expected = { id, language: 'AVRO', text: '"long"', references: [] };
  const guid = `${'0'.repeat(20)}${String(id).padStart(12, '0')}`;
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await source.byId(id), expected);
    assert.deepEqual(await source.byGuid(guid), expected);
    assert.deepEqual(await source.latest('orders-value'), expected);
  }
  assert.deepEqual(server.calls, [`/schemas/ids/${id}`, `/schemas/guids/${guid}`, '/subjects/orders-value/versions/latest']);
});

test('many at once ask once', async () => {
  const id = server.register('s', { schema: '"int"' });
  const source = registry();
  const found = await Promise.all(Array.from({ length: 100 }, async () => await source.byId(id)));
  assert.deepEqual(new Set(found.map((one) => one?.text)), new Set(['"int"']));
  assert.deepEqual(server.calls, [`/schemas/ids/${id}`]);
});

test('what there is not is asked for once in half a minute', async () => {
  const source = registry();
  for (let i = 0; i < 10_000; i++) assert.equal(await source.byId(999), undefined);
  assert.equal(await source.latest('nobody-value'), undefined);
  assert.equal(await source.latest('nobody-value'), undefined);
  assert.deepEqual(server.calls, ['/schemas/ids/999', '/subjects/nobody-value/versions/latest']);
  clock += 30_001;
  const id = server.register('nobody-value', { schema: '"bytes"' });
  assert.equal((await source.latest('nobody-value'))?.id, id);
});

test('the newest version is asked for again after its time, and an old one serves while the registry is away', async () => {
  const first = server.register('t-value', { schema: '"float"' });
  const source = registry();
  assert.equal((await source.latest('t-value'))?.id, first);
  const second = server.register('t-value', { schema: '"double"' });
  clock += 59_000;
  assert.equal((await source.latest('t-value'))?.id, first);
  clock += 2000;
  server.before = (_request, response) => Boolean(response.destroy());
  assert.equal((await source.latest('t-value'))?.id, first);
  server.before = undefined;
  clock += 3000;
  assert.equal((await source.latest('t-value'))?.id, second);
});

test('a schema that is not the newest version makes it asked for again, once', async () => {
  const first = server.register('u-value', { schema: '"u"' });
  const source = registry();
  const latest = async (seen: number): Promise<number | undefined> => (await source.latest('u-value', seen))?.id;
  assert.equal(await latest(first), first);
  const second = server.register('u-value', { schema: '"v"' });
  assert.equal(await latest(first), first, 'nothing says that there is a newer one');
  assert.equal(await latest(second), second);
  assert.equal(await latest(first), second);
  const { length } = server.calls;
  for (let i = 0; i < 5; i++) assert.deepEqual([await latest(first), await latest(second)], [second, second]);
  assert.deepEqual([length, server.calls.length], [2, 2]);
  server.before = (_request, response) => Boolean(response.destroy());
  assert.equal(await latest(4711), second, 'the registry is away, and this was the newest a moment ago');
  server.before = undefined;
});

test('references come with their schema, each after those it refers to', async () => {
  server.register('c', { schema: 'C' });
  server.register('b', { schema: 'B', references: [{ name: 'c', subject: 'c', version: 1 }] });
  const id = server.register('a', {
    schema: 'A',
    schemaType: 'PROTOBUF',
    references: [
      { name: 'b', subject: 'b', version: 1 },
      { name: 'c', subject: 'c', version: 1 },
    ],
  });
  assert.deepEqual(await registry().byId(id), {
    id,
    language: 'PROTOBUF',
    text: 'A',
    references: [
      { name: 'c', text: 'C' },
      { name: 'b', text: 'B' },
    ],
  });
  assert.deepEqual(server.calls, [`/schemas/ids/${id}`, '/subjects/b/versions/1', '/subjects/c/versions/1']);
});

test('a schema that cannot be had whole is unusable, and is asked for once', async () => {
  const loop = server.register('loop', { schema: 'L', references: [{ name: 'l', subject: 'loop', version: 1 }] });
  const lost = server.register('lost', { schema: 'X', references: [{ name: 'l', subject: 'gone', version: 1 }] });
  const kind = server.register('kind', { schema: 'X', schemaType: 'XML' as 'JSON' });
  const bent = server.register('bent', { schema: 'X', references: [{ name: 'l' }] as never });
  const source = registry();
  for (let round = 0; round < 2; round++) {
    assert.equal(await failure(source.byId(loop)), 'unusable_schema: has a schema that refers to itself');
    assert.equal(await failure(source.byId(lost)), 'unusable_schema: has a schema that refers to one the registry does not have');
    assert.equal(await failure(source.byId(kind)), 'unusable_schema: is of a kind of schema the gateway does not know');
    assert.equal(await failure(source.byId(bent)), 'unusable_schema: has a schema with a reference that names no version of a subject');
  }
  assert.equal(server.calls.length, 6);
});

test('answers that are none of a registry are failures that say what to change', async () => {
  const answers: ReadonlyArray<readonly [(request: IncomingMessage, response: ServerResponse) => unknown, message: string, calls: number]> =
    [
      [
        (_, r) => r.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
        'answered 302, and redirects are not followed: set registry.url to where it leads',
        1,
      ],
      [
        (_, r) => r.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>'),
        'answered with something else than JSON: see registry.url',
        1,
      ],
      [
        (_, r) => r.writeHead(404, { 'Content-Type': 'text/html' }).end('<html>'),
        'answered with something else than JSON: see registry.url',
        1,
      ],
      [
        (_, r) => r.writeHead(404, { 'Content-Type': 'application/json' }).end('{}'),
        'answered 404, which is no answer of a Schema Registry: see registry.url',
        1,
      ],
      [(_, r) => r.writeHead(200, { 'Content-Type': 'application/json' }).end('{"schema":'), 'answered with JSON that is not valid', 1],
      [
        (_, r) => r.writeHead(200, { 'Content-Type': 'application/json' }).end('[1]'),
        'answered 200, which is no answer of a Schema Registry: see registry.url',
        1,
      ],
      [
        (_, r) => r.writeHead(401, { 'Content-Type': 'application/json' }).end('{}'),
        "refuses the gateway's credentials: see registry.username and registry.token",
        1,
      ],
      [(_, r) => r.writeHead(503).end(), 'answered 503', 3],
      [(_, r) => r.destroy(), 'cannot be reached, or closed the connection', 3],
      [
        (_, r) => r.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 10 }).write('{'),
        'did not answer within 500 ms',
        2,
      ],
      [() => undefined, 'did not answer within 500 ms', 2],
      [
        (_, r) => {
          r.writeHead(200, { 'Content-Type': 'application/json' });
          r.end(`{"schema":"${'x'.repeat(50_000_000)}"}`);
        },
        'answers with more than 4 MiB, which no schema has',
        1,
      ],
    ];
  for (const [answer, message, calls] of answers) {
    server.calls.length = 0;
    server.before = (request, response) => {
      answer(request, response);
      return true;
    };
    const started = performance.now();
    assert.equal(await failure(registry().byId(1)), `registry_unavailable: The Schema Registry ${message}`);
    assert.equal(server.calls.length, calls, message);
    assert.ok(performance.now() - started < 3000, message);
  }
});

test('a failure that passes is tried again', async () => {
  const id = server.register('flaky', { schema: '"null"' });
  let left = 2;
  server.before = (_request, response) => left-- > 0 && Boolean(response.writeHead(429).end());
  assert.equal((await registry().byId(id))?.text, '"null"');
  assert.equal(server.calls.length, 3);
});

test('while it fails few calls are made, in bounded time, and what is known goes on', async () => {
  const id = server.register('known', { schema: '{"type":"string"}' });
  const source = registry();
  await source.byId(id);
  server.calls.length = 0;
  server.before = () => true;
  const started = performance.now();
  const messages = await Promise.all(Array.from({ length: 200 }, async (_, i) => await failure(source.byId(2000 + i))));
  assert.deepEqual(new Set(messages), new Set(['registry_unavailable: The Schema Registry did not answer within 500 ms']));
  assert.ok(performance.now() - started < 3000);
  assert.equal(server.calls.length, 8);
  assert.equal((await source.byId(id))?.text, '{"type":"string"}');
  server.before = undefined;
  clock += 2001;
  assert.equal(await source.byId(2000), undefined);
});

test('another registry answers when the first does not, and is asked first from then on', async () => {
  const id = server.register('failover', { schema: '"boolean"' });
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`;
  await new Promise((resolve) => dead.close(resolve));
  assert.equal(await failure(registry({ urls: [url] }).byId(id)), away);
  const source = registry({ urls: [url, `${server.url}/`] });
  assert.equal((await source.byId(id))?.text, '"boolean"');
  assert.equal(await source.byId(12_345), undefined);
  assert.deepEqual(server.calls, [`/schemas/ids/${id}`, '/schemas/ids/12345']);
});

test('credentials are sent as they are configured', async () => {
  const id = server.register('secret', { schema: '"enum"' });
  server.authorization = `Basic ${Buffer.from('sluice:a:b').toString('base64')}`;
  assert.equal((await registry({ auth: { username: 'sluice', password: 'a:b' } }).byId(id))?.id, id);
  server.authorization = 'Bearer t0ken';
  assert.equal((await registry({ auth: { token: 't0ken' } }).byId(id))?.id, id);
  assert.equal(
    await failure(registry({ auth: { token: 'other' } }).byId(id)),
    "registry_unavailable: The Schema Registry refuses the gateway's credentials: see registry.username and registry.token",
  );
});

test('a subject is one segment of a path, whatever is in it', async () => {
  const id = server.register('a/b ?#ü-value', { schema: '"x"' });
  assert.equal((await registry().latest('a/b ?#ü-value'))?.id, id);
});
