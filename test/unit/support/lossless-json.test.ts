import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeJson } from '../../support/lossless-json.ts';

test('a bigint is a number with all its digits', () => {
  assert.equal(
    writeJson({ id: 18446744073709551615n, list: [-9007199254740993n, 0n] }),
    '{"id":18446744073709551615,"list":[-9007199254740993,0]}',
  );
});

test('everything else is as JSON.stringify writes it', () => {
  const value = { 'a "b"': [1, -2.5, 1e300, true, null, [], {}], text: 'ü\u0000\n\u{1f600}', gone: undefined, deep: { er: { still: '' } } };
  assert.equal(writeJson(value), JSON.stringify(value));
});

test('what has no JSON text is an error', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, Symbol('s')])
    assert.throws(() => writeJson([value]), TypeError);
});
