import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FramingConfig } from '../../../src/core/config.ts';
import { batchOf, textsOf } from '../../support/deliveries.ts';
import { errorOf } from './decode-support.ts';

const STRINGS: FramingConfig = { kind: 'strings', prefix: '', suffix: '' };

test('strings that hold JSON are read as what they hold', async () => {
  const cases: Array<[string, string[]]> = [
    ['["{\\"a\\":1}", "{\\"b\\": \\"\\\\u00e9 \\\\n\\"}"]', ['{"a":1}', '{"b": "\\u00e9 \\n"}']],
    ['["{\\"a\\":1}",]', ['{"a":1}']],
    ['"{\\"a\\":1}"', ['{"a":1}']],
    ['"\\n {\\"a\\":1}"', ['{"a":1}']],
    ['"{\\"a\\":1}"\n" {\\"b\\":2} "\n', ['{"a":1}', '{"b":2}']],
    ['"{\\"a\\":1}","{\\"b\\":2}"', ['{"a":1}', '{"b":2}']],
    ['["1","null","\\"x\\""]', ['1', 'null', '"x"']],
    ['["\\u007b\\u0022\\u00e9\\u0022:\\u0022\\u20ac\\ud83d\\ude00\\u0022\\u007d"]', ['{"é":"€😀"}']],
    ['["{\\"\\/\\":\\"\\\\\\\\\\\\b\\"}\\r\\n\\t"]', ['{"/":"\\\\\\b"}']],
    ['["{\\"é\\":\\"😀\\"}"]', ['{"é":"😀"}']],
  ];
  for (const [body, texts] of cases) assert.deepEqual(textsOf(await batchOf(body)), texts, body);
  const texts = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ id: i, note: 'a "quoted"\n\t\\ note, 😀', deep: [[{ x: null }]] }));
  assert.deepEqual(textsOf(await batchOf(JSON.stringify(texts))), texts);
});

test('a string alone that does not look like a record is one itself', async () => {
  for (const body of ['"text"', '"123"', '""', '"x{}"']) assert.deepEqual(textsOf(await batchOf(body)), [body]);
  assert.deepEqual(textsOf(await batchOf('"123"', STRINGS)), ['123']);
  assert.equal((await errorOf('"text"', STRINGS)).code, 'malformed_json');
});

test('a string that does not hold one JSON text is refused with the record and the byte of its text', async () => {
  const json = (record: number, at: number, expected: string): string =>
    `Record ${record} is not valid JSON at byte ${at} of its text: expected ${expected}`;
  const cases: Array<[string, string, string]> = [
    ['["plain text"]', 'malformed_json', json(0, 0, 'a JSON value')],
    ['["{\\"a\\":1}", "{\\"b\\":", "2}"]', 'malformed_json', json(1, 5, 'a JSON value, but the text ends')],
    ['["[", "1", "]"]', 'malformed_json', json(0, 1, 'a JSON value, but the text ends')],
    ['["{\\"a\\":\\"", "x\\"}"]', 'malformed_json', json(0, 6, 'the closing quote of a string, but the text ends')],
    ['["tr", "ue"]', 'malformed_json', json(0, 2, 'true, but the text ends')],
    ['["1", ""]', 'malformed_json', json(1, 0, 'a JSON value, but the text ends')],
    ['["{\\"a\\":1} {}"]', 'malformed_json', json(0, 8, 'nothing after the JSON text in the string')],
    ['["1,"]', 'malformed_json', json(0, 1, 'nothing after the JSON text in the string')],
    ['["1\\u0000"]', 'malformed_json', json(0, 1, 'nothing after the JSON text in the string')],
    ['["\\u0000"]', 'malformed_json', json(0, 0, 'a JSON value')],
    [
      '["{}", " {\\"a\\":1,\\"a\\":1}"]',
      'duplicate_key',
      'Record 1 has a key twice in an object, the second time at byte 8 of its text: send each key once',
    ],
    [
      '["{\\"a\\":\\"\\\\ud800\\"}"]',
      'invalid_utf8',
      'Record 0 has half a surrogate pair in a string at byte 6 of its text: send both halves, or U+FFFD',
    ],
    // Of the string itself.
    ['["\\ud800"]', 'invalid_utf8', 'Record 0 has half a surrogate pair in a string at byte 2: send both halves, or U+FFFD'],
  ];
  for (const [body, code, message] of cases) {
    const error = await errorOf(body);
    assert.deepEqual([error.code, error.message], [code, message], body);
  }
});
