import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FramingConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { createDecoder } from '../../../src/decode/decoder.ts';
import { AUTO, batchOf, deliveryOf, LIMITS, textsOf } from '../../support/deliveries.ts';
import { valueOf } from '../../support/tape-values.ts';

const pinned = (kind: FramingConfig['kind'], prefix = '', suffix = ''): FramingConfig => ({ kind, prefix, suffix });

async function errorOf(body: string | Buffer, framing = AUTO): Promise<GatewayError> {
  const error = await batchOf(body, framing).then(
    (batch) => assert.fail(`accepted: ${textsOf(batch).join(' | ').slice(0, 200)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError, String(error));
  return error;
}

test('every framing gives the records as they were written', async () => {
  const a = '{"a": 1}';
  const b = '{"b":[2, 3]}';
  const bodies: Array<[string, string]> = [
    ['array', `[${a},${b}]`],
    ['array with blanks', ` \r\n[ ${a} ,\n ${b} ]\n`],
    ['array with a trailing comma', `[${a},${b},]`],
    ['lines', `${a}\n${b}`],
    ['lines with a last newline', `${a}\n${b}\n`],
    ['lines with CRLF and blank lines', `${a}\r\n\r\n${b}\r\n`],
    ['one after the other', `${a}${b}`],
    ['one after the other with a blank', `${a} ${b}`],
    ['joined by commas', `${a},${b}`],
    ['joined by commas with a trailing one', `${a},${b},`],
    ['with a byte order mark', `\ufeff${a}${b}`],
  ];
  for (const [name, body] of bodies) assert.deepEqual(textsOf(await batchOf(body)), [a, b], name);
  assert.deepEqual(textsOf(await batchOf(a)), [a]);
  assert.deepEqual(textsOf(await batchOf(`[${a}]`)), [a]);
  assert.deepEqual(textsOf(await batchOf('[]')), []);
});

test('strings that hold JSON are read as what they hold', async () => {
  assert.deepEqual(textsOf(await batchOf('["{\\"a\\":1}", "{\\"b\\": \\"\\\\u00e9 \\\\n\\"}"]')), ['{"a":1}', '{"b": "\\u00e9 \\n"}']);
  assert.deepEqual(textsOf(await batchOf('"{\\"a\\":1}"')), ['{"a":1}']);
  assert.deepEqual(textsOf(await batchOf('"{\\"a\\":1}"\n" {\\"b\\":2} "\n')), ['{"a":1}', '{"b":2}']);
  assert.deepEqual(textsOf(await batchOf('["1","2"]')), ['1', '2']);
  assert.equal((await errorOf('["{\\"a\\":1}", "{\\"b\\":", "2}"]')).message, 'Record 1, byte 8: expected one JSON text in the string');
  assert.equal((await errorOf('["{\\"a\\":1} {}"]')).code, 'malformed_json');
  assert.equal((await errorOf('["{name=xyz}"]')).code, 'java_string_body');
  assert.equal((await errorOf('["plain text"]')).code, 'malformed_json');
});

test('records that are no objects are still records', async () => {
  assert.deepEqual(textsOf(await batchOf('null')), ['null']);
  assert.deepEqual(textsOf(await batchOf('123')), ['123']);
  assert.deepEqual(textsOf(await batchOf('[{"a":1}, null, 5, [1], true, "x"]')), ['{"a":1}', 'null', '5', '[1]', 'true', '"x"']);
});

test('a record knows whether it stands on one line', async () => {
  const batch = await batchOf('[{"a":1},{"b":\n2},{"c":3}\n,{"d":4}]');
  assert.deepEqual(
    batch.records.map(({ ordinal, singleLine }) => [ordinal, singleLine]),
    [
      [0, true],
      [1, false],
      [2, true],
      [3, true],
    ],
  );
});

test('a pinned framing takes no other', async () => {
  const bodies = {
    object: '{"a":1}',
    array: '[{"a":1}]',
    ndjson: '{"a":1}\n{"a":2}',
    concatenated: '{"a":1}{"a":2}',
    comma: '{"a":1},{"a":2}',
    strings: '["{}"]',
  } as const;
  const takes: Record<keyof typeof bodies, string[]> = {
    object: ['object'],
    array: ['array'],
    ndjson: ['object', 'ndjson'],
    concatenated: ['object', 'ndjson', 'concatenated'],
    comma: ['object', 'comma'],
    strings: ['strings'],
  };
  for (const [kind, accepted] of Object.entries(takes)) {
    for (const [found, body] of Object.entries(bodies)) {
      const framing = pinned(kind as FramingConfig['kind']);
      if (accepted.includes(found)) assert.ok((await batchOf(body, framing)).records.length > 0);
      else assert.equal((await errorOf(body, framing)).code, 'wrong_framing', `${found} where ${kind} is pinned`);
    }
  }
  assert.equal(
    (await errorOf('[{}]', pinned('ndjson'))).message,
    'The body is an array of objects, but the pipeline takes one object a line: change one or the other',
  );
});

test('a prefix and a suffix are taken off, and must be there', async () => {
  const framing = pinned('auto', '{"records": [', ']}');
  assert.deepEqual(textsOf(await batchOf(' {"records": [{"a":1},{"b":2}]} ', framing)), ['{"a":1}', '{"b":2}']);
  assert.equal((await errorOf('[{"a":1}]', framing)).message, "The body does not begin with the pipeline's framing.prefix");
  assert.equal((await errorOf('{"records": [{"a":1}', framing)).message, "The body does not end with the pipeline's framing.suffix");
});

test('what is not JSON is refused with the record and the byte, never the content', async () => {
  const cases: Array<[string | Buffer, string, string?]> = [
    ['', 'empty_body', 'The body is empty: send at least one record'],
    [' \n\t\r ', 'empty_body'],
    ['\ufeff', 'empty_body'],
    ['{"secret":tru}', 'malformed_json', 'Record 0, byte 13: expected true, but there is something else'],
    ['[{"a":1},{"b" 2}]', 'malformed_json', "Record 1, byte 5: expected ':' after a key, but there is something else"],
    ['{"a":1', 'malformed_json', "Record 0, byte 6: expected ',' or '}', but the text ends"],
    ['{"a":1}}', 'malformed_json'],
    ['{"a":1}]', 'malformed_json'],
    ['[{"a":1}', 'malformed_json'],
    ['[{"a":1}]]', 'malformed_json'],
    ['[{"a":1}][{"a":2}]', 'malformed_json'],
    ['[,{"a":1}]', 'malformed_json'],
    ['{"a":1},,{"a":2}', 'malformed_json'],
    ['{a:1}', 'malformed_json'],
    ["{'a':1}", 'malformed_json'],
    ['{"a":1,}', 'malformed_json'],
    ['{"a":[1,]}', 'malformed_json'],
    ['{"a":NaN}', 'malformed_json'],
    ['{"a":Infinity}', 'malformed_json'],
    ['{"a":+1}', 'malformed_json'],
    ['{"a":01}', 'malformed_json'],
    ['{"a":-}', 'malformed_json'],
    ['{"a":1.}', 'malformed_json'],
    ['{"a":.5}', 'malformed_json'],
    ['{"a":1e}', 'malformed_json'],
    ['{"a":0x10}', 'malformed_json'],
    ['{"a":"\n"}', 'malformed_json', 'Record 0, byte 6: expected a control character to be escaped, but there is something else'],
    ['{"a":"\\x41"}', 'malformed_json'],
    ['{"a":"\\u00g0"}', 'malformed_json'],
    ['{"a":"\\u\u0010000"}', 'malformed_json'],
    ['{"a":"', 'malformed_json'],
    ['{"a":1,"a":2}', 'duplicate_key', 'Record 0, byte 7: an object has the same key twice'],
    ['{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['[{"a":{"b":1}},{"a":{"b":1,"c":2,"b":3}}]', 'duplicate_key'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate_key'],
    ['{"":1,"":2}', 'duplicate_key'],
    ['{"a":"\\ud800"}', 'invalid_utf8', 'Record 0, byte 6: a string has half a surrogate pair'],
    ['{"a":"\\ud800\\ud800"}', 'invalid_utf8'],
    ['{"a":"\\udc00"}', 'invalid_utf8'],
    [Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'invalid_utf8'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalid_utf8'],
    ['{name=secret, id=1}', 'java_string_body'],
    ['{id=1}', 'java_string_body'],
    ['Struct{id=1,name=secret}', 'java_string_body'],
    ['[{id=1},{id=2}]', 'java_string_body'],
    [`${'['.repeat(66)}${']'.repeat(66)}`, 'too_deep'],
    ['['.repeat(1_000_000), 'too_deep'],
    ['{"a":'.repeat(1_000_000), 'too_deep'],
  ];
  for (const [body, code, message] of cases) {
    const error = await errorOf(body);
    const shown = body.slice(0, 40).toString();
    assert.equal(error.code, code, `${shown}: ${error.message}`);
    if (message !== undefined) assert.equal(error.message, message, shown);
    assert.doesNotMatch(error.message, /secret/);
  }
});

test('the hint for Java text names the setting', async () => {
  assert.match((await errorOf('{name=xyz}')).message, /set request\.body\.format=json in the connector/);
});

test('depth, count and size are limited exactly', async () => {
  const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  assert.equal((await batchOf(nested(64))).records.length, 1);
  assert.equal((await errorOf(nested(65))).code, 'too_deep');

  const few = createDecoder({ ...LIMITS, records: 3, record: 20, values: 40 });
  const take = async (body: string): Promise<number | string> =>
    await few(deliveryOf(body), AUTO).then(
      ({ records }) => records.length,
      (error: GatewayError) => error.code,
    );
  assert.equal(await take('[{},{},{}]'), 3);
  assert.equal(await take('[{},{},{},{}]'), 'too_many_records');
  assert.equal(await take('{}\n{}\n{}\n{}'), 'too_many_records');
  assert.equal(await take(`{"a":"${'x'.repeat(12)}"}`), 1);
  assert.equal(await take(`{"a":"${'x'.repeat(13)}"}`), 'record_too_large');
  const many = createDecoder({ ...LIMITS, values: 100 });
  assert.equal((await many(deliveryOf(`[${'{"a":1},'.repeat(49)}]`), AUTO)).records.length, 49);
  await assert.rejects(many(deliveryOf(`[[${'1,'.repeat(200)}1]]`), AUTO), { code: 'too_many_records' });
});

test('keys are kept as they are, whatever they are called', async () => {
  const body = '{"__proto__":{"x":1},"constructor":2,"a.b":3,"":4,"\\u00e9":5,"toString":6}';
  const { records } = await batchOf(body);
  const [record] = records;
  assert.deepEqual(record === undefined ? undefined : valueOf(record.value.tape, record.value.node), JSON.parse(body));
});

test('objects with the same keys share a shape, also over bodies and spellings', async () => {
  const decode = createDecoder(LIMITS);
  const shapes = new Set<unknown>();
  for (const body of ['[{"a":1,"b":2},{"a":3,"b":4}]', '{"\\u0061":1,"b":2}', '{"a":{"a":1,"b":2},"c":3}']) {
    const { records } = await decode(deliveryOf(body), AUTO);
    const [record] = records;
    for (const shape of record?.value.tape.shapes ?? []) if (shape.keys.join() === 'a,b') shapes.add(shape);
  }
  assert.equal(shapes.size, 1);
});

test('objects with very many keys, all new, are read in linear time and checked for duplicates', async () => {
  const keys = Array.from({ length: 140_000 }, (_, i) => `"key${i}":${i}`);
  const { records } = await batchOf(`{${keys.join(',')}}`);
  const [record] = records;
  assert.equal(record?.value.tape.shapes[0]?.keys.length, 140_000);
  assert.equal(record?.value.tape.shapes[0]?.keys[139_999], 'key139999');
  assert.equal((await errorOf(`{${keys.join(',')},"key7":1}`)).code, 'duplicate_key');
  const more = Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join(',');
  assert.equal((await errorOf(`{${more}}`)).message, 'Record 0, byte 1688891: it has more than 150000 keys that were not seen before');
});

test('hostile bodies do not keep others waiting', async () => {
  const bodies = [
    `[${'0,'.repeat(4_000_000)}0]`,
    `[${Array.from({ length: 60_000 }, (_, i) => `{"k${i}":1,"${i}k":2}`).join(',')}]`,
    `{"a":1${'0'.repeat(10_000_000)}}`,
    `[${`{"a":"${'x'.repeat(1_000_000)}"},`.repeat(40)}]`,
  ];
  for (const body of bodies) {
    const delivery = deliveryOf(body);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await createDecoder(LIMITS)(delivery, AUTO).catch((error: unknown) => assert.ok(error instanceof GatewayError));
    longest = Math.max(longest, performance.now() - last);
    clearInterval(timer);
    assert.ok(longest < 400, `${body.slice(0, 20)}: ${Math.round(longest)} ms`);
  }
});
