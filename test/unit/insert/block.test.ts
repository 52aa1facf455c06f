/** Rows as the bytes of a block, and deliveries cut into blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutRuns, encodeRows, MOST_RUNS, rowsIn, runBytes } from '../../../src/insert/block.ts';
import { idOf, rowSetOf, runOf, STREAM } from './insert-support.ts';

const ID = idOf(7);

/** The lines of a block. */
function linesOf(block: Buffer): string[] {
  const text = String(block);
  assert.ok(text === '' || text.endsWith('\n'));
  return text.split('\n').slice(0, -1);
}

test('a row begins with the batch it belongs to and its number, and goes on as it was', () => {
  const { rows } = rowSetOf(['{"id":1,"v":"a\\"b"}', '{"v":"ä€😀"}']);
  const block = encodeRows(rows, [runOf(STREAM, 10n, 2)], { batchId: ID, firstRow: 0 });
  assert.deepEqual(linesOf(block), [
    `{"_sluice_batch":"${ID}","_sluice_row":0,"id":1,"v":"a\\"b"}`,
    `{"_sluice_batch":"${ID}","_sluice_row":1,"v":"ä€😀"}`,
  ]);
});

test('an object without members takes no comma', () => {
  const { rows } = rowSetOf(['{}', '{ }', '{\t \r}']);
  const lines = linesOf(encodeRows(rows, [runOf(STREAM, 0n, 3)], { batchId: ID, firstRow: 0 }));
  assert.deepEqual(
    lines,
    [0, 1, 2].map((row) => `{"_sluice_batch":"${ID}","_sluice_row":${row}}`),
  );
});

test('blanks after the brace go, and those inside stay', () => {
  const { rows } = rowSetOf(['{ \t\r "id" : 1 , "v" : " { " }']);
  assert.deepEqual(linesOf(encodeRows(rows, [runOf(STREAM, 0n, 1)], { batchId: ID, firstRow: 3 })), [
    `{"_sluice_batch":"${ID}","_sluice_row":3,"id" : 1 , "v" : " { " }`,
  ]);
});

test('row numbers go on over every number of digits', () => {
  const { rows } = rowSetOf(Array.from({ length: 4 }, (_, i) => `{"id":${i}}`));
  for (const firstRow of [0, 8, 98, 998, 9998, 499_997, 999_999_998, 4_294_967_292]) {
    const lines = linesOf(encodeRows(rows, [runOf(STREAM, 0n, 4)], { batchId: ID, firstRow }));
    assert.deepEqual(
      lines,
      [0, 1, 2, 3].map((i) => `{"_sluice_batch":"${ID}","_sluice_row":${firstRow + i},"id":${i}}`),
    );
  }
});

test('rows are numbered in the order of the runs, wherever in the row set and in whichever buffer they are', () => {
  const body = Buffer.from('x{"id":"a"}y{"id":"b"}');
  const rewritten = Buffer.from('{"id":"c"}{"id":"d"}');
  const rows = { sources: [body, rewritten], spans: Int32Array.of(0, 1, 11, 1, 0, 10, 0, 12, 22, 1, 10, 20) };
  const runs = [runOf(STREAM, 9n, 1, 3), runOf(STREAM, 5n, 2, 0), runOf('', 2n, 1, 2)];
  const lines = linesOf(encodeRows(rows, runs, { batchId: ID, firstRow: 40 }));
  assert.deepEqual(
    lines,
    ['d', 'a', 'c', 'b'].map((id, i) => `{"_sluice_batch":"${ID}","_sluice_row":${40 + i},"id":"${id}"}`),
  );
});

test('without provenance rows stand as they are', () => {
  const texts = ['{"id":1}', '{}', '{ "id" : 2 }'];
  const { rows } = rowSetOf(texts);
  assert.deepEqual(linesOf(encodeRows(rows, [runOf(STREAM, 0n, 3)], undefined)), texts);
  assert.deepEqual(linesOf(encodeRows(rows, [runOf(STREAM, 2n, 1, 2)], undefined)), ['{ "id" : 2 }']);
  assert.deepEqual(linesOf(encodeRows(rows, [], undefined)), []);
});

test('rows of every length are copied whole', () => {
  const texts = [1, 398, 399, 400, 401, 402, 5000].map((size) => `{"v":"${'é'.repeat(size)}"}`);
  const { rows } = rowSetOf(texts);
  assert.deepEqual(linesOf(encodeRows(rows, [runOf(STREAM, 0n, texts.length)], undefined)), texts);
  assert.deepEqual(
    linesOf(encodeRows(rows, [runOf(STREAM, 0n, texts.length)], { batchId: ID, firstRow: 0 })),
    texts.map((text, row) => `{"_sluice_batch":"${ID}","_sluice_row":${row},${text.slice(1)}`),
  );
});

test('rows and bytes of runs are counted with the newline each row ends with', () => {
  const { rows } = rowSetOf(['{"id":1}', '{"id":22}', '{}', '{"id":"é"}']);
  assert.equal(rowsIn([runOf(STREAM, 0n, 2), runOf('', 3n, 1, 3)]), 3);
  assert.equal(runBytes(rows, [runOf(STREAM, 0n, 2), runOf('', 3n, 1, 3)]), 9 + 10 + 12);
  assert.deepEqual([rowsIn([]), runBytes(rows, [])], [0, 0]);
});

test('a delivery is cut at a number of rows, across its runs and inside them', () => {
  const { rows } = rowSetOf(Array.from({ length: 9 }, () => '{}'));
  const runs = [runOf(STREAM, 10n, 2), runOf('', 0n, 2, 2), runOf(STREAM, 50n, 5, 4)];
  assert.deepEqual(cutRuns(rows, runs, 3, 1000), [
    [runOf(STREAM, 10n, 2), runOf('', 0n, 1, 2)],
    [runOf('', 1n, 1, 3), runOf(STREAM, 50n, 2, 4)],
    [runOf(STREAM, 52n, 3, 6)],
  ]);
  assert.deepEqual(cutRuns(rows, runs, 9, 1000), [runs]);
  assert.deepEqual(
    cutRuns(rows, runs, 2, 1000).map((part) => part.map(({ row, count }) => [row, count])),
    [[[0, 2]], [[2, 2]], [[4, 2]], [[6, 2]], [[8, 1]]],
  );
  assert.deepEqual(
    cutRuns(rows, [runOf(STREAM, 2n ** 63n - 3n, 3)], 1, 1000).map(([run]) => run),
    [0, 1, 2].map((i) => runOf(STREAM, 2n ** 63n - 3n + BigInt(i), 1, i)),
  );
  assert.deepEqual(cutRuns(rows, [], 3, 1000), []);
});

test('a delivery is cut at a number of bytes, and a row that alone is over goes alone', () => {
  const { rows } = rowSetOf(['{"v":1}', '{"v":2}', `{"v":"${'x'.repeat(50)}"}`, '{"v":3}', '{"v":4}', '{"v":5}']);
  // A short row is 8 bytes with its newline.
  assert.deepEqual(
    cutRuns(rows, [runOf(STREAM, 0n, 6)], 100, 16).map((part) => part.map(({ from, row, count }) => [Number(from), row, count])),
    [[[0, 0, 2]], [[2, 2, 1]], [[3, 3, 2]], [[5, 5, 1]]],
  );
  assert.deepEqual(
    cutRuns(rows, [runOf(STREAM, 0n, 2), runOf(STREAM, 90n, 2, 3)], 100, 23).map((part) => part.map(({ row, count }) => [row, count])),
    [[[0, 2]], [[3, 2]]],
  );
  assert.deepEqual(
    cutRuns(rows, [runOf(STREAM, 0n, 2), runOf(STREAM, 90n, 2, 3)], 100, 24).map((part) => part.map(({ row, count }) => [row, count])),
    [
      [
        [0, 2],
        [3, 1],
      ],
      [[4, 1]],
    ],
  );
});

test('a part has no more runs than can be written down in one go', () => {
  const texts = Array.from({ length: 2 * MOST_RUNS + 5 }, () => '{}');
  const { rows } = rowSetOf(texts);
  const runs = texts.map((_, i) => runOf(`r${i}`, 0n, 1, i));
  const parts = cutRuns(rows, runs, 1_000_000, 1_000_000_000);
  assert.deepEqual(
    parts.map((part) => [part.length, part[0]?.row, part.at(-1)?.row]),
    [
      [MOST_RUNS, 0, MOST_RUNS - 1],
      [MOST_RUNS, MOST_RUNS, 2 * MOST_RUNS - 1],
      [5, 2 * MOST_RUNS, 2 * MOST_RUNS + 4],
    ],
  );
});
