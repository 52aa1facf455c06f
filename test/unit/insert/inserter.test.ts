import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import type { Insert, RowSet } from '../../../src/core/insert.ts';
import type { Destination } from '../../../src/core/ports.ts';
import { cutBlocks, encodeBlock } from '../../../src/insert/block.ts';
import { createEmbeddedDestination } from '../../../src/insert/destinations/embedded.ts';
import { createInserter } from '../../../src/insert/inserter.ts';
import { createIds } from '../../../src/ops/ids.ts';

const directory = mkdtempSync('/tmp/sluice-inserter-');
const newId = createIds(Date.now);
let destination: Destination;

before(async () => {
  destination = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, directory);
  await destination.execute('CREATE TABLE t (id Int64, CONSTRAINT small CHECK id < 1000) ENGINE = MergeTree ORDER BY id');
});
after(async () => {
  await destination.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Rows taken from two buffers in turn, as a mapper does with verbatim and rewritten rows. Ordinals are 10, 11, … */
function rowSetOf(lines: readonly string[]): RowSet {
  const sources = [Buffer.from(lines.join('\n')), Buffer.from(`..${lines.join('')}`)];
  const spans = new Int32Array(lines.length * 3);
  let inFirst = 0;
  let inSecond = 2;
  for (const [i, line] of lines.entries()) {
    const start = i % 2 === 0 ? inFirst : inSecond;
    spans.set([i % 2, start, start + line.length], i * 3);
    inFirst += line.length + 1;
    inSecond += line.length;
  }
  return {
    table: { name: { database: 'default', table: 't' }, engine: 'MergeTree', columns: [], fingerprint: 'x' },
    columns: ['id'],
    rows: { sources, spans },
    ordinals: Int32Array.from(lines, (_, i) => i + 10),
    rejections: [],
  };
}

test('a block is its rows in order, from whichever buffer each is in', () => {
  const { rows } = rowSetOf(['{"id":1}', '{"id":22}', '{"id":333}']);
  assert.equal(encodeBlock(rows, 0, 3).toString(), '{"id":1}\n{"id":22}\n{"id":333}\n');
  assert.equal(encodeBlock(rows, 1, 2).toString(), '{"id":22}\n');
});

test('blocks are cut at the row cap and at the byte cap, and never empty', () => {
  const { rows } = rowSetOf(['{"id":1}', '{"id":22}', '{"id":333}', '{"id":4}']);
  assert.deepEqual(cutBlocks(rows, 100, 1000), [4]);
  assert.deepEqual(cutBlocks(rows, 2, 1000), [2, 4]);
  assert.deepEqual(cutBlocks(rows, 100, 19), [2, 3, 4]);
  assert.deepEqual(cutBlocks(rows, 100, 1), [1, 2, 3, 4]);
  assert.deepEqual(cutBlocks(rowSetOf([]).rows, 100, 1000), []);
});

test('stored rows are queryable, under a new token each time', async () => {
  const insert = createInserter({ destination, newId });
  const first = await insert(rowSetOf(['{"id":1}', '{"id":2}', '{"id":3}']));
  const second = await insert(rowSetOf(['{"id":1}', '{"id":2}', '{"id":3}']));
  assert.equal(first.kind, 'stored');
  assert.notDeepEqual(first, second);
  assert.deepEqual(await destination.select('SELECT id, count() AS n FROM t GROUP BY id ORDER BY id'), [
    { id: '1', n: '2' },
    { id: '2', n: '2' },
    { id: '3', n: '2' },
  ]);
});

test('nothing to write is stored without a batch', async () => {
  assert.deepEqual(await createInserter({ destination, newId })(rowSetOf([])), { kind: 'stored' });
});

test('a row that ClickHouse refuses is named by its ordinal', async () => {
  const result = await createInserter({ destination, newId })(rowSetOf(['{"id":1}', '{"id":5000}']));
  assert.deepEqual(result, {
    kind: 'refused',
    rejection: {
      ordinal: 11,
      code: 'refused_by_clickhouse',
      reason: "ClickHouse refused a row (ClickHouse code 469): compare the record with the table's types and constraints",
    },
  });
});

test('a refusal after a block that was stored says what was stored', async () => {
  const sent: Insert[] = [];
  const counting: Destination = {
    ...destination,
    async insert(insert) {
      sent.push(insert);
      await destination.insert(insert);
    },
  };
  const line = (i: number): string => `{"id":${i},"id2":"${'x'.repeat(1024 * 1024)}"}`;
  await destination.execute('ALTER TABLE t ADD COLUMN id2 String');
  const rows = rowSetOf([...Array.from({ length: 66 }, (_, i) => line(i)), line(9999)]);
  const insert = createInserter({ destination: counting, newId });
  await assert.rejects(insert({ ...rows, columns: ['id', 'id2'] }), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, 'records_rejected');
    assert.match(error.message, /The first 63 records of the request were stored$/);
    return true;
  });
  assert.deepEqual(
    sent.map(({ rowCount }) => rowCount),
    [63, 4],
  );
  assert.notEqual(sent[0]?.token, sent[1]?.token);
});
