import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf } from './decode-support.ts';

const json = (at: number, expected: string, record = 0): string => `Record ${record} is not valid JSON at byte ${at}: expected ${expected}`;
const AFTER_MEMBER = "',' or '}' after the value";
const AFTER_ELEMENT = "',' or ']' after the value";

/** Not JSON, with the whole message. */
const MALFORMED: Array<[body: string, message: string]> = [
  // the grammar of values
  ['{"secret":tru}', json(13, 'true')],
  ['{"a":nul', json(8, 'null, but the text ends')],
  ['{"a":NaN}', json(5, 'a JSON value')],
  ['{"a":Infinity}', json(5, 'a JSON value')],
  ['{"a":undefined}', json(5, 'a JSON value')],
  ['{"a":TRUE}', json(5, 'a JSON value')],
  ['{"a":}', json(5, 'a JSON value')],
  ['{"a":', json(5, 'a JSON value, but the text ends')],
  ['{"a":\v1}', json(5, 'a JSON value')],
  ['{"a":\u00a01}', json(5, 'a JSON value')],
  // numbers
  ['{"a":+1}', json(5, 'a JSON value')],
  ['{"a":.5}', json(5, 'a JSON value')],
  ['{"a":01}', json(6, 'no digit after a leading 0')],
  ['{"a":-01}', json(7, 'no digit after a leading 0')],
  ['{"a":-}', json(6, 'a digit')],
  ['{"a":-Infinity}', json(6, 'a digit')],
  ['{"a":1.}', json(7, 'a digit after the point')],
  ['{"a":1.e5}', json(7, 'a digit after the point')],
  ['{"a":1e}', json(7, 'a digit of the exponent')],
  ['{"a":1e+}', json(8, 'a digit of the exponent')],
  ['{"a":1E1.5}', json(8, AFTER_MEMBER)],
  ['{"a":0x10}', json(6, AFTER_MEMBER)],
  ['{"a":1_000}', json(6, AFTER_MEMBER)],
  ['{"a":1n}', json(6, AFTER_MEMBER)],
  // strings
  ['{"a":"', json(6, 'the closing quote of a string, but the text ends')],
  ['{"a":"x', json(7, 'the closing quote of a string, but the text ends')],
  ['{"a":"\n"}', json(6, 'control characters in strings as escapes')],
  ['{"a":"\u0000"}', json(6, 'control characters in strings as escapes')],
  ['{"a":"x\u001f"}', json(7, 'control characters in strings as escapes')],
  ['{"a\t":1}', json(3, 'control characters in strings as escapes')],
  ['{"a":"\\x41"}', json(7, 'one of the escapes of JSON')],
  ['{"a":"\\\'"}', json(7, 'one of the escapes of JSON')],
  ['{"a":"\\U0041"}', json(7, 'one of the escapes of JSON')],
  ['{"a":"\\', json(7, 'one of the escapes of JSON, but the text ends')],
  ['{"a":"\\u00g0"}', json(10, 'four hexadecimal digits')],
  ['{"a":"\\u00"}', json(10, 'four hexadecimal digits')],
  ['{"a":"\\u\u0010000"}', json(8, 'four hexadecimal digits')],
  ['{"a":"\\ud800', json(12, 'the rest of a string, but the text ends')],
  ['{"a":"\\ud800\\', json(13, 'the rest of a string, but the text ends')],
  ["{'a':1}", json(1, 'a key in double quotes')],
  // objects and arrays
  ['{a:1}', json(1, 'a key in double quotes')],
  ['{1:1}', json(1, 'a key in double quotes')],
  ['{null:1}', json(1, 'a key in double quotes')],
  ['{,}', json(1, 'a key in double quotes')],
  ['{', json(1, 'a key in double quotes, but the text ends')],
  ['{"a":1,}', json(7, 'a key in double quotes')],
  ['{"a":1,,"b":2}', json(7, 'a key in double quotes')],
  ['{"a" 1}', json(5, "':' after the key")],
  ['{"a"', json(4, "':' after the key, but the text ends")],
  ['{"a"::1}', json(5, 'a JSON value')],
  ['{"a":1', json(6, `${AFTER_MEMBER}, but the text ends`)],
  ['{"a":1 "b":2}', json(7, AFTER_MEMBER)],
  ['{"a":1]', json(6, AFTER_MEMBER)],
  ['{"a":[1}', json(7, AFTER_ELEMENT)],
  ['{"a":[1 2]}', json(8, AFTER_ELEMENT)],
  ['{"a":[1,]}', json(8, 'a JSON value')],
  ['{"a":[,1]}', json(6, 'a JSON value')],
  ['{"a":[', json(6, 'a JSON value, but the text ends')],
  ['{"a":/**/1}', json(5, 'a JSON value')],
  // between records
  ['[{"a":1},{"b" 2}]', json(14, "':' after the key", 1)],
  ['{"a":1}}', json(7, 'a JSON value', 1)],
  ['{"a":1}]', json(7, 'a JSON value', 1)],
  ['[{"a":1}', json(8, "',' or ']' after the record, but the text ends")],
  ['[{"a":1},', json(9, 'a JSON value, but the text ends', 1)],
  ['[', json(1, 'a JSON value, but the text ends')],
  ['[{"a":1} {"a":2}]', json(9, "',' or ']' after the record")],
  ['[{"a":1}\n{"a":2}]', json(9, "',' or ']' after the record")],
  ['[{"a":1}]]', json(9, 'nothing after the array')],
  ['[{"a":1}][{"a":2}]', json(9, 'nothing after the array')],
  ['[{"a":1}]\n{"a":2}', json(10, 'nothing after the array')],
  ['[,{"a":1}]', json(1, 'a JSON value')],
  ['[{"a":1},,{"a":2}]', json(9, 'a JSON value', 1)],
  [',{"a":1}', json(0, 'a JSON value')],
  ['{"a":1},,{"a":2}', json(8, 'a JSON value', 1)],
  ['{"a":1};{"a":2}', json(7, 'a JSON value', 1)],
  ['plain text', json(0, 'a JSON value')],
  ['<xml/>', json(0, 'a JSON value')],
  ['{"a":1}\u0000', json(7, 'a JSON value', 1)],
  // counted in bytes of the body, byte order mark included
  ['\ufeff{"é":x}', json(9, 'a JSON value')],
  ['{"a":{"b":{"c":[{"d":tru', json(24, 'true, but the text ends')],
];

test('what is not JSON is refused with the record, the byte and what was expected', async () => {
  for (const [body, message] of MALFORMED) {
    const error = await errorOf(body);
    assert.deepEqual([error.code, error.message], ['malformed_json', message], JSON.stringify(body));
  }
});

test('a body without anything is empty', async () => {
  for (const body of ['', ' ', ' \n\t\r ', '\ufeff', '\ufeff\n']) {
    const error = await errorOf(body);
    assert.deepEqual([error.code, error.message], ['empty_body', 'The body is empty: send at least one record'], JSON.stringify(body));
  }
});

test('a key twice is refused at every level, however it is spelled', async () => {
  const twice = (at: number, record = 0): string =>
    `Record ${record} has a key twice in an object, the second time at byte ${at}: send each key once`;
  const cases: Array<[string, string]> = [
    ['{"a":1,"a":2}', twice(7)],
    ['{"a":1,"\\u0061":2}', twice(7)],
    ['{"\\u0061":1,"a":2}', twice(12)],
    ['{"a\\/b":1,"a/b":2}', twice(10)],
    ['{"a":1,"b":2,"c":3,"b":4}', twice(19)],
    ['[{"a":{"b":1}},{"a":{"b":1,"c":2,"b":3}}]', twice(33, 1)],
    ['{"x":[[{"k":1,"k":1}]]}', twice(14)],
    ['{"__proto__":1,"__proto__":2}', twice(15)],
    ['{"constructor":1,"constructor":2}', twice(17)],
    ['{"":1,"":2}', twice(6)],
    ['{"é":1,"\\u00e9":2}', twice(8)],
    // Keys of known objects, in an order that leads back to a key.
    ['[{"a":1,"b":2},{"b":1,"a":2},{"a":1,"b":2,"a":3}]', twice(42, 2)],
    [`{"${'k'.repeat(300)}":1,"${'k'.repeat(300)}":2}`, twice(306)],
  ];
  for (const [body, message] of cases) {
    const error = await errorOf(body);
    assert.deepEqual([error.code, error.message], ['duplicate_key', message], body);
  }
});

test('text that is not Unicode is refused where it is', async () => {
  const bytes = (at: number): string => `The body is not valid UTF-8 at byte ${at}: send it in UTF-8`;
  const half = (at: number, record = 0): string =>
    `Record ${record} has half a surrogate pair in a string at byte ${at}: send both halves, or U+FFFD`;
  const wrap = (...inside: number[]): Buffer => Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, ...inside, 0x22, 0x7d]);
  const cases: Array<[string | Buffer, string]> = [
    [wrap(0xc3, 0x28), bytes(6)],
    [wrap(0x80), bytes(6)],
    [wrap(0xed, 0xa0, 0x80), bytes(6)],
    [wrap(0xc0, 0xaf), bytes(6)],
    [wrap(0xf4, 0x90, 0x80, 0x80), bytes(6)],
    [wrap(0xc3, 0xa9, 0xff), bytes(8)],
    [Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), bytes(0)],
    [Buffer.from([0x7b, 0x22, 0xe2, 0x82]), bytes(2)],
    [Buffer.concat([Buffer.alloc(5_000_001, ' '), wrap(0xc3, 0xa9, 0x80, 0x80, 0x80, 0x80)]), bytes(5_000_009)],
    ['{"a":"\\ud800"}', half(6)],
    ['{"a":"\\ud800x"}', half(6)],
    ['{"a":"\\ud800\\n"}', half(6)],
    ['{"a":"\\ud800\\ud800"}', half(6)],
    ['{"a":"x\\uDC00"}', half(7)],
    ['{"a":"\\ud83d\\ude00\\ude00"}', half(18)],
    ['[{},{"\\udfff":1}]', half(6, 1)],
  ];
  for (const [body, message] of cases) {
    const error = await errorOf(body);
    assert.deepEqual([error.code, error.message], ['invalid_utf8', message], body.toString('latin1').trim().slice(0, 60));
  }
});

test('UTF-8 that is cut where it is checked in parts is still UTF-8', async () => {
  for (const shift of [0, 1, 2, 3]) {
    const body = Buffer.from(`{"a":"${'x'.repeat(shift)}${'😀'.repeat(1_100_000)}"`);
    assert.equal((await errorOf(body)).code, 'malformed_json');
  }
});

test('Java text is refused with the setting to change', async () => {
  const bodies = [
    '{name=secret, id=1}',
    '{id=1}',
    '{name=}',
    '{__topic=t, a.b=1}',
    '{größe=1}',
    'Struct{id=1,name=secret}',
    ' \n{id=1}',
    '[{id=1},{id=2}]',
    '[{"a":1},{id=2}]',
    '{"a":1},{id=2}',
    '[Struct{id=1}]',
    '{id=1},{id=2}',
    '["{name=secret}"]',
    '["{\\"a\\":1}","Struct{id=1}"]',
    '"{name=secret}"',
    '"Struct{id=1}"',
  ];
  for (const body of bodies) {
    const error = await errorOf(body);
    assert.equal(error.code, 'java_string_body', body);
    assert.match(error.message, /^The body is Java text, not JSON: set request\.body\.format=json in the connector/);
    assert.doesNotMatch(error.message, /secret/);
  }
  for (const body of ['{a:1}', '{"a"=1}', '{=1}', '{a b=1}', 'x{a=1}', '{"a":{b=1}}'])
    assert.equal((await errorOf(body)).code, 'malformed_json', body);
});

test('no message holds any of the content', async () => {
  for (const body of [
    '{"secret":secret}',
    '{"secret":1,"secret":2}',
    '{"a":"secret\\ud800"}',
    '"secret',
    '{secret=secret}',
    '["secret"]',
    '{"a":1}secret',
  ]) {
    assert.doesNotMatch((await errorOf(body)).message, /secret/, body);
  }
});
