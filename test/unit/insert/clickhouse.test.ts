import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Insert } from '../../../src/core/insert.ts';
import { type Destination, DestinationError } from '../../../src/core/ports.ts';
import { createClickHouseDestination } from '../../../src/insert/destinations/clickhouse.ts';
import { type ClickHouseFront, startClickHouseFront } from '../../support/clickhouse-front.ts';

let front: ClickHouseFront;
let destination: Destination;

const insertOf = (id: string): Insert => ({
  table: { database: 'default', table: 't' },
  columns: ['id'],
  data: [Buffer.from('{"id":1}\n')],
  format: 'JSONEachRow',
  rowCount: 1,
  queryId: id,
  token: id,
});

async function failureOf(work: Promise<unknown>): Promise<DestinationError> {
  const error = await work.then(
    () => assert.fail('the statement went through'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DestinationError, String(error));
  return error;
}

const connect = (url: string, password = front.password, requestTimeoutMs = 400): Destination =>
  createClickHouseDestination({ embedded: false, url, username: front.username, password, database: 'default', requestTimeoutMs });

const isInsert = (statement: string): boolean => statement.startsWith('INSERT');
const countRows = async (): Promise<unknown> => (await destination.select<{ n: string }>('SELECT count() AS n FROM t'))[0]?.n;

before(async () => {
  front = await startClickHouseFront();
  destination = connect(front.url);
  await destination.execute('CREATE TABLE t (id Int64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100');
});
after(async () => {
  await destination.close();
  await front.close();
});

test('an insert whose answer is lost has an unknown outcome, and sent again with its token adds nothing', async () => {
  front.hooks = {
    after(statement, request) {
      if (isInsert(statement)) request.socket.destroy();
      return isInsert(statement);
    },
  };
  const before = Number(await countRows());
  const error = await failureOf(destination.insert(insertOf('lost')));
  assert.deepEqual([error.failure, error.applied], ['unknown-outcome', 'unknown']);
  front.hooks = {};
  await destination.insert(insertOf('lost'));
  assert.equal(await countRows(), String(before + 1));
});

test('an insert that is never answered ends as unknown after the request timeout', async () => {
  front.hooks = { before: (statement) => isInsert(statement) };
  const started = Date.now();
  const error = await failureOf(destination.insert(insertOf('hung')));
  front.hooks = {};
  assert.deepEqual([error.failure, error.applied], ['unknown-outcome', 'unknown']);
  assert.ok(Date.now() - started < 5000);
});

test('a 200 with an exception inside is a failure', async () => {
  front.hooks = {
    before(statement, _request, response) {
      if (isInsert(statement)) response.end('Code: 241. DB::Exception: Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)');
      return isInsert(statement);
    },
  };
  const inBody = await failureOf(destination.insert(insertOf('inside')));
  assert.deepEqual([inBody.failure, inBody.clickhouseCode], ['back-off', 241]);
  front.hooks = {
    before(statement, _request, response) {
      if (isInsert(statement)) response.setHeader('X-ClickHouse-Exception-Code', '252').end();
      return isInsert(statement);
    },
  };
  const inHeader = await failureOf(destination.insert(insertOf('inside')));
  assert.deepEqual([inHeader.failure, inHeader.clickhouseCode], ['back-off', 252]);
  front.hooks = {};
});

test("a proxy's error page is an unknown outcome", async () => {
  for (const status of [200, 302, 502]) {
    front.hooks = {
      before(statement, _request, response) {
        if (isInsert(statement)) response.writeHead(status).end('<html>Bad Gateway</html>');
        return isInsert(statement);
      },
    };
    const error = await failureOf(destination.insert(insertOf('page')));
    assert.deepEqual([error.failure, error.applied], ['unknown-outcome', 'unknown'], `status ${status}`);
  }
  front.hooks = {};
});

test('a server that is not there is known not to have the rows', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const away = connect(`http://127.0.0.1:${port}`);
  const error = await failureOf(away.insert(insertOf('away')));
  await away.close();
  assert.deepEqual([error.failure, error.applied], ['unknown-outcome', 'no']);
  assert.doesNotMatch(error.message, /127\.0\.0\.1/);
});

test('a wrong password is for the operator', async () => {
  const stranger = connect(front.url, 'wrong-secret');
  const error = await failureOf(stranger.insert(insertOf('stranger')));
  await stranger.close();
  assert.deepEqual(
    [error.failure, error.clickhouseCode, error.message],
    ['operator', 516, 'ClickHouse refused the statement (ClickHouse code 516)'],
  );
});

test('a server before the minimum version is refused by name', async () => {
  const old = createServer((_request, response) => void response.end('{"version":"18.16.1"}\n')).listen(0, '127.0.0.1');
  await new Promise((resolve) => old.once('listening', resolve));
  const dated = connect(`http://127.0.0.1:${(old.address() as AddressInfo).port}`);
  const error = await failureOf(dated.insert(insertOf('old')));
  assert.equal(error.message, 'The ClickHouse server is 18.16.1; the gateway needs 24.8 or later');
  assert.equal(error.failure, 'operator');
  await dated.close();
  old.closeAllConnections();
  old.close();
});
