import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify, serverFailure, transportFailure } from '../../../src/insert/classify.ts';

test('a code decides the class, whatever the text says', () => {
  const cases: Array<[number, string]> = [
    [159, 'unknown-outcome'],
    [210, 'unknown-outcome'],
    [241, 'back-off'],
    [252, 'back-off'],
    [243, 'storage-full'],
    [242, 'cluster-state'],
    [60, 'schema-drift'],
    [16, 'schema-drift'],
    [27, 'row'],
    [469, 'row'],
    [497, 'operator'],
    [389, 'duplicate'],
    [49, 'other'],
    [123456, 'other'],
  ];
  for (const [code, expected] of cases) {
    assert.equal(classify(code, 'Code: 1. DB::Exception: Too many parts (TIMEOUT_EXCEEDED) Unknown field found'), expected, `code ${code}`);
  }
});

test('the two meanings of 252 and of 117 are told apart by the first words only', () => {
  const partitions = 'Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100)';
  assert.equal(classify(252, partitions), 'partition-spread');
  assert.equal(
    classify(252, 'Code: 252. DB::Exception: Code: 252. DB::Exception: Too many partitions for single INSERT block'),
    'partition-spread',
  );
  assert.equal(classify(252, `Code: 252. DB::Exception: Too many parts (300): ${partitions}`), 'back-off');
  assert.equal(classify(117, 'Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format: x'), 'schema-drift');
  assert.equal(classify(117, 'Code: 117. DB::Exception: Cannot parse JSON String value here: "Unknown field found"'), 'row');
});

test('a refused row is named only where the text can be believed', () => {
  const insert = { columns: ['id', 'text'], rowCount: 3 };
  const named = serverFailure(27, 'Cannot parse input: (while reading the value of key id): (at row 3)\n', insert);
  assert.deepEqual([named.failure, named.applied, named.row, named.column], ['row', 'no', 2, 'id']);
  const outside = serverFailure(27, '(while reading the value of key password): (at row 4)', insert);
  assert.deepEqual([outside.row, outside.column], [undefined, undefined]);
  const forged = serverFailure(469, "Column values: text = '(at row 1)' is violated (at row 2)", insert);
  assert.equal(forged.row, 1);
});

test('what may have been applied is never called not applied', () => {
  for (const code of [159, 209, 210, 319, 242, 999, 49, 389]) assert.equal(serverFailure(code, '').applied, 'unknown', `code ${code}`);
  for (const code of [241, 252, 243, 27, 16, 497]) assert.equal(serverFailure(code, '').applied, 'no', `code ${code}`);
  assert.deepEqual([transportFailure('x', true).applied, transportFailure('x', false).applied], ['unknown', 'no']);
});

test('messages and enumerable fields hold nothing of the server text', () => {
  const error = serverFailure(27, "Cannot parse 'card 4111' at host ch-1:9000 in INSERT INTO t", { columns: ['id'], rowCount: 1 });
  assert.equal(error.message, 'ClickHouse refused a row (ClickHouse code 27)');
  assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /4111|ch-1|INSERT/);
});
