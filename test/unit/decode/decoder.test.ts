import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FramingConfig } from '../../../src/core/config.ts';
import { endOf, startOf, textOf } from '../../../src/core/json-tape.ts';
import { AUTO, batchOf, createJsonDecoder, deliveryOf, LIMITS, textsOf } from '../../support/deliveries.ts';
import { valueOf } from '../../support/tape-values.ts';
import { errorOf } from './decode-support.ts';

const pinned = (kind: FramingConfig['kind'], prefix = '', suffix = ''): FramingConfig => ({ kind, prefix, suffix });

test('every framing gives the records as they were written', async () => {
  const a = '{"a": 1}';
  const b = '{"b":[2, 3]}';
  const bodies: Array<[string, string]> = [
    ['array', `[${a},${b}]`],
    ['array with blanks', ` \r\n[ ${a} ,\n ${b} ]\n`],
    ['array with a trailing comma', `[${a},${b} , ]`],
    ['lines', `${a}\n${b}`],
    ['lines with a last newline', `${a}\n${b}\n`],
    ['lines with CRLF and blank lines', `\n${a}\r\n\r\n \n${b}\r\n`],
    ['one after the other', `${a}${b}`],
    ['one after the other with a blank', `${a} ${b}`],
    ['joined by commas', `${a},${b}`],
    ['joined by commas with a trailing one', `${a}, ${b}, `],
    ['joined by commas and newlines', `${a},\n${b},\n`],
    ['with a byte order mark', `\ufeff${a}${b}`],
    ['with a byte order mark and blanks', `\ufeff\n [${a},${b}]`],
  ];
  for (const [name, body] of bodies) assert.deepEqual(textsOf(await batchOf(body)), [a, b], name);
  for (const body of [a, `${a},`, `[${a}]`, `${a}\n`]) assert.deepEqual(textsOf(await batchOf(body)), [a], body);
  assert.deepEqual(textsOf(await batchOf(`${a}\n${b},${a}`)), [a, b, a]);
  for (const body of ['[]', ' [\n] ', '\ufeff[]']) assert.deepEqual(textsOf(await batchOf(body)), [], body);
});

test('a record keeps its place in the body, and every value its bytes', async () => {
  const body = Buffer.from('\ufeff [{"é":"ü"},{"n":-0.10e+2}]');
  const { records } = await batchOf(body);
  assert.deepEqual(
    records.map(({ ordinal, value: { tape, node } }) => [ordinal, startOf(tape, node), endOf(tape, node)]),
    [
      [0, 5, 16],
      [1, 17, 31],
    ],
  );
  assert.ok(
    records.every(({ value: { tape, node } }) => tape.bytes[startOf(tape, node)] === 0x7b && tape.bytes[endOf(tape, node) - 1] === 0x7d),
  );
});

test('text is read verbatim', async () => {
  const cases: Array<[string, unknown]> = [
    ['{"s":"a\\u0000b"}', { s: 'a\0b' }],
    ['{"s":"\u2028\u2029\u007f"}', { s: '\u2028\u2029\u007f' }],
    ['{"s":"\\ud83d\\ude00 \ud83d\ude00"}', { s: '😀 😀' }],
    ['{"s":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', { s: '"\\/\b\f\n\r\t' }],
    ['{"s":"a\\n\\n; DROP TABLE x"}', { s: 'a\n\n; DROP TABLE x' }],
    ['{\n\n  "a": 1,\n\n  "b": [\n\n ]\n\n}\n\n', { a: 1, b: [] }],
    ['{"__proto__":{"x":1},"constructor":2,"a.b":3,"":4,"\\u00e9":5,"toString":6}', undefined],
  ];
  for (const [body, value] of cases) {
    const [record] = (await batchOf(body)).records;
    assert.ok(record !== undefined);
    assert.deepEqual(valueOf(record.value.tape, record.value.node), value ?? JSON.parse(body), body);
  }
});

test('numbers stay the digits they are', async () => {
  for (const digits of ['9007199254740993', '-0', '0.10', '1e400', '-1.5E-3', '18446744073709551616', '9'.repeat(10_000_000)]) {
    assert.deepEqual(textsOf(await batchOf(digits)), [digits]);
  }
});

test('records that are no objects are still records', async () => {
  assert.deepEqual(textsOf(await batchOf('null')), ['null']);
  assert.deepEqual(textsOf(await batchOf(' 123 ')), ['123']);
  assert.deepEqual(textsOf(await batchOf('null\n1\ntrue')), ['null', '1', 'true']);
  assert.deepEqual(textsOf(await batchOf('"text"')), ['"text"']);
  assert.deepEqual(textsOf(await batchOf('[{"a":1}, null, 5, [1], true, "x"]')), ['{"a":1}', 'null', '5', '[1]', 'true', '"x"']);
});

test('a record knows whether it stands on one line', async () => {
  const lines = async (body: string): Promise<boolean[]> => (await batchOf(body)).records.map(({ singleLine }) => singleLine);
  assert.deepEqual(await lines('[{"a":1},{"b":\n2},{"c":3}\n,{"d":4}]'), [true, false, true, true]);
  assert.deepEqual(await lines('{"a":1}\n{"a":\n1}\n\n{"a":1}'), [true, false, true]);
  assert.deepEqual(await lines('{"a":1}{\r"a":1}{"a":[\n]}'), [true, true, false]);
  assert.deepEqual(await lines('["{\\"a\\":1}","{\\n\\"a\\":1}","{\\"a\\":\\"\\\\n\\"}"]'), [true, false, true]);
});

test('a pinned framing takes no other', async () => {
  const bodies = {
    object: '{"a":1}',
    array: '[{"a":1}]',
    none: '[]',
    ndjson: '{"a":1}\n{"a":2}',
    concatenated: '{"a":1}{"a":2}',
    comma: '{"a":1},{"a":2}',
    trailing: '{"a":1},',
    mixed: '{"a":1}\n{"a":2},{"a":3}',
    strings: '["{}"]',
    texts: '["x","y"]',
  } as const;
  const takes: Record<Exclude<FramingConfig['kind'], 'auto' | 'records' | 'binary' | 'delimited'>, Array<keyof typeof bodies>> = {
    object: ['object'],
    array: ['array', 'none'],
    ndjson: ['object', 'ndjson'],
    concatenated: ['object', 'ndjson', 'concatenated'],
    comma: ['object', 'comma', 'trailing', 'mixed'],
    strings: ['strings', 'none'],
  };
  const records = { object: 1, array: 1, none: 0, ndjson: 2, concatenated: 2, comma: 2, trailing: 1, mixed: 3, strings: 1, texts: 2 };
  for (const [kind, accepted] of Object.entries(takes)) {
    for (const [name, body] of Object.entries(bodies)) {
      const framing = pinned(kind as FramingConfig['kind']);
      const found = name as keyof typeof bodies;
      if (accepted.includes(found)) assert.equal((await batchOf(body, framing)).records.length, records[found], `${name} for ${kind}`);
      else if (kind === 'strings' && name === 'texts') assert.equal((await errorOf(body, framing)).code, 'malformed_json');
      else assert.equal((await errorOf(body, framing)).code, 'wrong_framing', `${name} where ${kind} is pinned`);
    }
  }
  assert.equal(
    (await errorOf('[{}]', pinned('ndjson'))).message,
    "The body is an array of objects, but the pipeline's framing.kind is ndjson (one object a line): change one or the other",
  );
});

test('a prefix and a suffix are taken off, and must be there', async () => {
  const framing = pinned('auto', '{"records": [', ']}\n');
  assert.deepEqual(textsOf(await batchOf(' {"records": [{"a":1},{"b":2}]} ', framing)), ['{"a":1}', '{"b":2}']);
  assert.deepEqual(textsOf(await batchOf('\ufeff{"records": [\n{"a":1}\n{"b":2}\n]}', framing)), ['{"a":1}', '{"b":2}']);
  assert.deepEqual(textsOf(await batchOf('{"records": [ ]}', framing)), []);
  assert.deepEqual(textsOf(await batchOf('<{"a":1}', pinned('ndjson', '<'))), ['{"a":1}']);
  assert.deepEqual(textsOf(await batchOf('[{"a":1},{"a":2}]', pinned('comma', '[', ']'))), ['{"a":1}', '{"a":2}']);
  const cases: Array<[string, string, string]> = [
    ['[{"a":1}]', 'wrong_framing', "The body does not begin with the pipeline's framing.prefix: set it as the sender has it"],
    ['{"records": [{"a":1}', 'wrong_framing', "The body does not end with the pipeline's framing.suffix: set it as the sender has it"],
    ['{"records": [}', 'wrong_framing', "The body does not end with the pipeline's framing.suffix: set it as the sender has it"],
    [' \n ', 'empty_body', 'The body is empty: send at least one record'],
    ['\ufeff', 'empty_body', 'The body is empty: send at least one record'],
    ['{"records": [{"a":1}x]}', 'malformed_json', 'Record 1 is not valid JSON at byte 20: expected a JSON value'],
    [
      '{"records": [{"a":1]}',
      'malformed_json',
      "Record 0 is not valid JSON at byte 19: expected ',' or '}' after the value, but the text ends",
    ],
  ];
  for (const [body, code, message] of cases) {
    const error = await errorOf(body, framing);
    assert.deepEqual([error.code, error.message], [code, message], body);
  }
  // A prefix longer than the body, and both over each other.
  assert.equal((await errorOf('[', pinned('auto', '[[', ''))).code, 'wrong_framing');
  assert.equal((await errorOf('|', pinned('auto', '|', '|'))).code, 'wrong_framing');
});

test('the delivery comes back with its records', async () => {
  const batch = await batchOf('{"a":1}', AUTO);
  assert.equal(batch.delivery.id, 'd1');
  assert.equal(batch.delivery.body.toString(), '{"a":1}');
});

test('the records of a body of the REST Proxy, each within the limits of a record', async () => {
  const decode = createJsonDecoder({ ...LIMITS, record: 20, records: 3 });
  const read = async (body: string): Promise<unknown> => {
    const { records, framing } = await decode(deliveryOf(body), { kind: 'records', prefix: '', suffix: '' });
    return [framing, records.map(({ ordinal, singleLine, value }) => [ordinal, singleLine, textOf(value.tape, value.node)])];
  };
  assert.deepEqual(await read('{"a":1,"records":[{"v":1},{"v":\n2}],"b":[{}]}'), [
    'records',
    [
      [0, true, '{"v":1}'],
      [1, false, '{"v":\n2}'],
    ],
  ]);
  assert.deepEqual(await read('{"records":[]}'), ['records', []]);
  await assert.rejects(read('{"records":[1,2,3,4]}'), { code: 'too_many_records' });
  await assert.rejects(read(`{"records":[1,"${'x'.repeat(20)}"]}`), { code: 'record_too_large' });
  await assert.rejects(read('{"records":{}}'), { code: 'wrong_framing' });
});
