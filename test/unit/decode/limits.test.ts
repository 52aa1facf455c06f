import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTO, batchOf, createJsonDecoder, deliveryOf, LIMITS, textsOf } from '../../support/deliveries.ts';
import { longestStall } from '../../support/stall.ts';
import { errorOf } from './decode-support.ts';

/** What `limits` make of a body: the number of records, or the code and message of the refusal. */
async function outcome(limits: Partial<typeof LIMITS>, body: string): Promise<number | string> {
  const decode = createJsonDecoder({ ...LIMITS, ...limits });
  return await decode(deliveryOf(body), AUTO).then(
    ({ records }) => records.length,
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
}

test('depth is limited exactly, and however deep a body is', async () => {
  const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  assert.deepEqual(textsOf(await batchOf(nested(64))), [nested(64)]);
  assert.deepEqual(textsOf(await batchOf(`[${nested(64)}]`)), [nested(64)]);
  const deeper = (at: number): string =>
    `too_deep: Record 0 is nested deeper than 64 levels at byte ${at}: send flatter records, or raise limits.depth`;
  assert.equal(await outcome({}, nested(65)), deeper(68));
  assert.equal(await outcome({}, '['.repeat(1_000_000)), deeper(65));
  assert.equal(await outcome({}, '{"a":'.repeat(1_000_000)), deeper(320));
  assert.equal(await outcome({}, `["${'['.repeat(100)}"]`), deeper(64).replace('byte 64', 'byte 64 of its text'));
  assert.equal(await outcome({ depth: 512 }, `[${'['.repeat(512)}${']'.repeat(512)}]`), 1);
});

test('the number of records is limited exactly', async () => {
  const tooMany = 'too_many_records: The body has more than 3 records: send fewer a request';
  for (const body of ['[{},{},{}]', '{}\n{}\n{}\n', '{}{}{}', '{},{},{},', '["{}","{}","{}"]', '[{},{},{},]']) {
    assert.equal(await outcome({ records: 3 }, body), 3, body);
  }
  for (const body of ['[{},{},{},{}]', '{}\n{}\n{}\n{}', '{}{}{}{}', '{},{},{},{}', '["{}","{}","{}","{}"]', '[{},{},{},x']) {
    assert.equal(await outcome({ records: 3 }, body), tooMany, body);
  }
});

test('the size of a record is limited exactly, wherever it is cut', async () => {
  const tooLarge = (record: number, at: number): string =>
    `record_too_large: Record ${record}, which begins at byte ${at}, is larger than 20 bytes: send it in parts, or raise limits.record`;
  const fits = `{"a":"${'x'.repeat(12)}"}`;
  const over = `{"a":"${'x'.repeat(13)}"}`;
  assert.equal(await outcome({ record: 20 }, fits), 1);
  assert.equal(await outcome({ record: 20 }, over), tooLarge(0, 0));
  assert.equal(await outcome({ record: 20 }, `[${fits},${fits}, ${fits}]`), 3);
  assert.equal(await outcome({ record: 20 }, `[${fits},${over}, ${fits}]`), tooLarge(1, 22));
  assert.equal(await outcome({ record: 20 }, `${fits}${' '.repeat(100)}${fits}`), 2);
  assert.equal(await outcome({ record: 20 }, '1'.repeat(20)), 1);
  for (let length = 21; length < 200; length++) {
    const bodies = [
      '1'.repeat(length),
      `-1.${'5'.repeat(length - 3)}`,
      `{"a":"${'x'.repeat(length - 8)}"}`,
      `{"${'k'.repeat(length - 6)}":1}`,
      `{"a":"${'\\ud83d\\ude00'.repeat(length)}"}`,
      `{"a":${' '.repeat(length)}1}`,
      `[[${'true,'.repeat(length)}1]]`,
      `{"a":[${'[],'.repeat(length)}1]}`,
    ];
    for (const body of bodies) {
      const at = body.startsWith('[') ? 1 : 0;
      assert.equal(await outcome({ record: 20 }, `${body}\n${'{} '.repeat(100)}`), tooLarge(0, at), body);
    }
  }
  // Not the record's fault, though far behind its window.
  assert.match(String(await outcome({ record: 20 }, `[{}${' '.repeat(100)}x]`)), /^malformed_json: Record 0 is not valid JSON at byte 103/);
  assert.equal(
    await outcome({ record: 20 }, '["{\\"a\\":1}", "12345678901234567"]'),
    2,
    'the strings are 11 and 19 bytes long, quotes included',
  );
});

test('the number of values is limited exactly', async () => {
  const tooMany = (values: number): string => `too_many_records: Record 0 goes over the limit of ${values} JSON values in a body at byte`;
  for (const values of [3, 17, 100, 5000]) {
    const array = (count: number): string => `[[${'1,'.repeat(count - 2)}1]]`;
    assert.equal(await outcome({ values }, array(values)), 1, `${values}`);
    assert.match(String(await outcome({ values }, array(values + 1))), new RegExp(`^${tooMany(values)} ${2 * values}: send fewer`));
  }
  assert.equal(await outcome({ values: 5 }, '[{"a":1},{"a":{}},[]]'), 3);
  assert.equal(
    await outcome({ values: 4 }, '[{"a":1},{"a":{}},[]]'),
    'too_many_records: Record 2 goes over the limit of 4 JSON values in a body at byte 18: send fewer records a request, or raise limits.values',
  );
});

test('the keys of one object are limited, and read in linear time', async () => {
  const keys = (count: number): string => Array.from({ length: count }, (_, i) => `"key${i}":${i}`).join(',');
  const [record] = (await batchOf(`{${keys(150_000)}}`)).records;
  const all = record?.value.tape.shapes[0]?.keys;
  assert.deepEqual([all?.length, all?.[0], all?.[1024], all?.[149_999]], [150_000, 'key0', 'key1024', 'key149999']);
  assert.equal((await errorOf(`{${keys(140_000)},"key7":1}`)).code, 'duplicate_key');
  assert.match(
    (await errorOf(`{${keys(1_000_000)}}`)).message,
    /^Record 0 has an object with more than 150000 keys at byte 2627781: send what it holds as several records$/,
  );
});

test('hostile bodies do not keep others waiting', async () => {
  const MIB = 2 ** 20;
  const objects = (count: number, object: (i: number) => string): string =>
    `[${Array.from({ length: count }, (_, i) => object(i)).join(',')}]`;
  const bodies: Record<string, () => string> = {
    'an array of 8 million numbers': () => `{"a":[${'0,'.repeat(7_900_000)}0]}`,
    'as many as records': () => `[${'0,'.repeat(8_000_000)}0]`,
    '1,000,000 keys': () => `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
    '1,000,000 brackets': () => '['.repeat(1_000_000),
    'new keys in each object': () => objects(60_000, (i) => `{"k${i}":1,"${i}k":2}`),
    'many new keys in each object': () => objects(600, (i) => `{${Array.from({ length: 1000 }, (_, k) => `"${i}-${k}":1`).join(',')}}`),
    'each object with a key more': () => objects(1000, (i) => `{${Array.from({ length: i + 1 }, (_, k) => `"${k}":1`).join(',')}}`),
    'large records': () => `[${`{"a":"${'x'.repeat(MIB)}"},`.repeat(40)}]`,
    '64 MiB of digits': () => '1'.repeat(64 * MIB),
    '64 MiB of blanks': () => `{}${' '.repeat(64 * MIB)}{}`,
    '64 MiB of blanks in a record': () => `{${' '.repeat(64 * MIB)}}`,
    'strings with escapes': () => JSON.stringify(Array.from({ length: 40 }, () => JSON.stringify({ a: '\\"'.repeat(MIB / 16) }))),
  };
  for (const [name, make] of Object.entries(bodies)) {
    const delivery = deliveryOf(Buffer.from(make()));
    const decode = createJsonDecoder(LIMITS);
    const stall = await longestStall(() => decode(delivery, AUTO).catch(({ code }: { code?: string }) => assert.ok(code !== undefined)));
    // Below 60 ms on an idle machine.
    assert.ok(stall < 400, `${name}: ${Math.round(stall)} ms`);
  }
});

test('requests are read side by side', async () => {
  const decode = createJsonDecoder(LIMITS);
  const large = deliveryOf(`[[${'0,'.repeat(2_000_000)}0]]`);
  const order: string[] = [];
  const first = decode(large, AUTO).then(() => order.push('large'));
  const second = decode(deliveryOf('{"a":1}'), AUTO).then(() => order.push('small'));
  await Promise.all([first, second]);
  assert.deepEqual(order, ['small', 'large']);
});
