import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { Insert } from '../../src/core/insert.ts';
import { type Destination, DestinationError } from '../../src/core/ports.ts';
import { createClickHouseDestination } from '../../src/insert/destinations/clickhouse.ts';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { startClickHouseFront } from '../support/clickhouse-front.ts';

interface Subject {
  readonly destination: Destination;
  close(): Promise<void>;
}

const IMPLEMENTATIONS: Record<string, () => Promise<Subject>> = {
  embedded: async () => {
    const directory = mkdtempSync('/tmp/sluice-conformance-');
    const destination = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, directory);
    return {
      destination,
      async close() {
        await destination.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
  clickhouse: async () => {
    const front = await startClickHouseFront();
    const { url, username, password } = front;
    const destination = createClickHouseDestination({
      embedded: false,
      url,
      username,
      password,
      database: 'default',
      requestTimeoutMs: 10_000,
    });
    return {
      destination,
      async close() {
        await destination.close();
        await front.close();
      },
    };
  },
};

let serial = 0;

function insertOf(table: string, lines: readonly string[], changes: Partial<Insert> = {}): Insert {
  const id = `0198c5a0-0000-7000-8000-${String(++serial).padStart(12, '0')}`;
  return {
    table: { database: 'default', table },
    columns: ['id', 'text'],
    data: lines.map((line) => Buffer.from(`${line}\n`)),
    format: 'JSONEachRow',
    rowCount: lines.length,
    queryId: id,
    token: id,
    ...changes,
  };
}

async function failureOf(work: Promise<unknown>): Promise<DestinationError> {
  const error = await work.then(
    () => assert.fail('the statement went through'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DestinationError, String(error));
  return error;
}

for (const [name, start] of Object.entries(IMPLEMENTATIONS)) {
  suite(`destination: ${name}`, () => {
    let subject: Subject;
    let destination: Destination;
    const rowsOf = async (table: string): Promise<unknown[]> => await destination.select(`SELECT id, text FROM ${table} ORDER BY id, text`);
    const create = async (table: string, more = ''): Promise<void> =>
      await destination.execute(
        `CREATE TABLE ${table} (id Int64, text String, kept UInt8 DEFAULT 7${more}) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100`,
      );

    before(async () => {
      subject = await start();
      destination = subject.destination;
    });
    after(async () => {
      await subject.close();
    });

    test('tells the version of the engine', async () => {
      assert.match(await destination.version(), /^26\.\d+\.\d+\.\d+$/);
    });

    test('stores exactly the values of a block, statements inside them included', async () => {
      await create('values_kept');
      const hostile = ["'); DROP TABLE values_kept; --", 'a\n\n; DROP TABLE values_kept', '`x` {p:String} \\ \u2028 \0', 'ünï ☃ 😀', ''];
      await destination.insert(
        insertOf(
          'values_kept',
          hostile.map((text, i) => JSON.stringify({ id: i, text })),
        ),
      );
      assert.deepEqual(
        await rowsOf('values_kept'),
        hostile.map((text, i) => ({ id: String(i), text })),
      );
    });

    test('keeps the digits of a 64-bit integer', async () => {
      await create('wide');
      await destination.insert(insertOf('wide', ['{"id":9223372036854775807,"text":"max"}', '{"id":-9223372036854775808,"text":"min"}']));
      assert.deepEqual(await rowsOf('wide'), [
        { id: '-9223372036854775808', text: 'min' },
        { id: '9223372036854775807', text: 'max' },
      ]);
    });

    test('fills a column that the block leaves out from its DEFAULT', async () => {
      await create('defaulted');
      await destination.insert(
        insertOf('defaulted', ['{"id":1,"text":"a"}', '{"id":2,"text":"b","kept":9}'], { columns: ['id', 'text', 'kept'] }),
      );
      assert.deepEqual(await destination.select('SELECT kept FROM defaulted ORDER BY id'), [{ kept: 7 }, { kept: 9 }]);
    });

    test('a token seen before adds nothing, another token adds the same rows again', async () => {
      await create('tokens');
      const block = insertOf('tokens', ['{"id":1,"text":"once"}']);
      await destination.insert(block);
      await destination.insert(block);
      assert.deepEqual(await rowsOf('tokens'), [{ id: '1', text: 'once' }]);
      await destination.insert({ ...block, token: 'another', queryId: '0198c5a0-0000-7000-9000-000000000001' });
      assert.deepEqual(await rowsOf('tokens'), [
        { id: '1', text: 'once' },
        { id: '1', text: 'once' },
      ]);
    });

    test('a token may hold any text, and does not stick to later inserts', async () => {
      await create('sticky');
      await destination.insert(insertOf('sticky', ['{"id":1,"text":"a"}'], { token: "x' , max_threads='1 \\" }));
      await destination.insert(insertOf('sticky', ['{"id":2,"text":"b"}']));
      await destination.insert(insertOf('sticky', ['{"id":3,"text":"c"}']));
      assert.deepEqual(await destination.select('SELECT count() AS n FROM sticky'), [{ n: '3' }]);
    });

    test('refuses a block whole, and says which row and column', async () => {
      await create('refused');
      const error = await failureOf(
        destination.insert(insertOf('refused', ['{"id":1,"text":"good"}', '{"id":"secret-4711","text":"bad"}', '{"id":3,"text":"good"}'])),
      );
      assert.equal(error.failure, 'row');
      assert.equal(error.applied, 'no');
      assert.equal(error.row, 1);
      assert.equal(error.column, 'id');
      assert.doesNotMatch(error.message, /secret|4711|INSERT|default/);
      assert.deepEqual(await rowsOf('refused'), []);
    });

    test('a broken constraint is a refused row', async () => {
      await create('constrained', ', CONSTRAINT positive CHECK id > 0');
      const error = await failureOf(
        destination.insert(insertOf('constrained', ['{"id":1,"text":"a"}', '{"id":2,"text":"b"}', '{"id":-3,"text":"c"}'])),
      );
      assert.deepEqual([error.failure, error.applied, error.clickhouseCode, error.row], ['row', 'no', 469, 2]);
      assert.deepEqual(await rowsOf('constrained'), []);
    });

    test('an unknown field and a missing column are drift of the schema, not the fault of a row', async () => {
      await create('drifted');
      const field = await failureOf(destination.insert(insertOf('drifted', ['{"id":1,"text":"a","more":1}'])));
      assert.deepEqual([field.failure, field.applied], ['schema-drift', 'no']);
      const column = await failureOf(destination.insert(insertOf('drifted', ['{"id":1}'], { columns: ['id', 'gone'] })));
      assert.deepEqual([column.failure, column.applied], ['schema-drift', 'no']);
      const table = await failureOf(destination.insert(insertOf('no_such_table', ['{"id":1}'], { columns: ['id'] })));
      assert.deepEqual([table.failure, table.applied, table.clickhouseCode], ['schema-drift', 'no', 60]);
      assert.deepEqual(await rowsOf('drifted'), []);
    });

    test('rows of too many partitions are told apart from too many parts', async () => {
      await destination.execute('CREATE TABLE spread (id Int64, text String) ENGINE = MergeTree PARTITION BY id ORDER BY id');
      const lines = Array.from({ length: 150 }, (_, i) => `{"id":${i},"text":""}`);
      const error = await failureOf(destination.insert(insertOf('spread', lines)));
      assert.deepEqual([error.failure, error.clickhouseCode], ['partition-spread', 252]);
    });

    test('a block of 200,000 rows lands whole', async () => {
      await create('large');
      const lines = Array.from({ length: 200_000 }, (_, i) => `{"id":${i},"text":"row ${i}"}`);
      await destination.insert(insertOf('large', lines));
      assert.deepEqual(await destination.select('SELECT count() AS n, sum(id) AS s, uniqExact(text) AS u FROM large'), [
        { n: '200000', s: '19999900000', u: '200000' },
      ]);
      assert.deepEqual(await destination.select("SELECT count() AS parts FROM system.parts WHERE table = 'large' AND level = 0"), [
        { parts: '1' },
      ]);
    });

    test('inserts that run at once all land', async () => {
      await create('parallel');
      await Promise.all(
        Array.from({ length: 24 }, async (_, i) => await destination.insert(insertOf('parallel', [`{"id":${i},"text":"${i}"}`]))),
      );
      assert.deepEqual(await destination.select('SELECT count() AS n, sum(id) AS s FROM parallel'), [{ n: '24', s: '276' }]);
    });

    test('parameters reach a SELECT as values', async () => {
      const value = "it's \\ {x:String} \t`";
      assert.deepEqual(await destination.select('SELECT {value:String} AS v', { value }), [{ v: value }]);
    });

    test('a failing statement carries no text of the server', async () => {
      const error = await failureOf(destination.execute("CREATE TABLE broken (id Int64) ENGINE = NoSuchEngine('secret-path')"));
      assert.equal(error.failure, 'operator');
      assert.doesNotMatch(error.message, /secret-path|NoSuchEngine/);
      assert.equal(Object.keys(error).includes('cause'), false);
    });
  });
}
