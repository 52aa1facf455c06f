import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { GatewayError } from '../../../src/core/errors.ts';
import { createAdmission } from '../../../src/http/admission.ts';
import type { Coding } from '../../../src/http/headers.ts';
import { inflateBody } from '../../../src/http/inflate.ts';

const MIB = 1024 * 1024;
const LIMITS = { inflated: 8 * MIB, inflateRatio: 200 };
const room = () => createAdmission(64 * MIB).reserve(0);
const codeOf = async (body: Buffer, coding: Coding, limits = LIMITS, within = room()): Promise<string> => {
  try {
    return (await inflateBody(body, coding, limits, within)).toString();
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.code;
  }
};

/** Text that does not shrink much, so that the ratio plays no part. */
const TEXT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 2654435761) % 4294967296).join(','));

test('what was compressed comes back, whatever its size', async () => {
  for (const size of [1, 15, 16 * 1024, 256 * 1024 + 1, TEXT.length]) {
    const text = TEXT.subarray(0, size);
    const ways: Array<[Coding, Buffer]> = [
      ['gzip', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['deflate', deflateRawSync(text)],
      ['gzip', Buffer.concat([gzipSync(text.subarray(0, 1)), gzipSync(text.subarray(1))])],
    ];
    for (const [coding, body] of ways) assert.ok((await inflateBody(body, coding, LIMITS, room())).equals(text), `${coding} ${size}`);
  }
});

test('what is not whole, or not only that, is refused', async () => {
  for (const [coding, body] of [
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
  ] as const) {
    for (const cut of [1, 5, body.length - 3]) assert.equal(await codeOf(body.subarray(0, body.length - cut), coding), 'bad_compression');
    assert.equal(await codeOf(Buffer.concat([body, Buffer.from('junk')]), coding), 'bad_compression');
    assert.equal(await codeOf(Buffer.concat([body, Buffer.alloc(4)]), coding), 'bad_compression');
  }
  const broken = gzipSync(TEXT);
  broken.writeUInt32LE(0, broken.length - 8);
  assert.equal(await codeOf(broken, 'gzip'), 'bad_compression');
});

test('the limit is exact, and a small body may always grow to 1 MiB', async () => {
  const spaces = (size: number): Buffer => gzipSync(Buffer.alloc(size, 0x20));
  assert.equal((await inflateBody(spaces(MIB), 'gzip', { inflated: 8 * MIB, inflateRatio: 2 }, room())).length, MIB);
  assert.equal(await codeOf(spaces(MIB + 1), 'gzip', { inflated: 8 * MIB, inflateRatio: 2 }), 'body_too_large');
  assert.equal((await inflateBody(spaces(5000), 'gzip', { inflated: 5000, inflateRatio: 200 }, room())).length, 5000);
  assert.equal(await codeOf(spaces(5001), 'gzip', { inflated: 5000, inflateRatio: 200 }), 'body_too_large');
});

test('bodies that inflate at once share the room', async () => {
  const admission = createAdmission(4 * MIB);
  const body = gzipSync(Buffer.alloc(MIB - 16, '{"a":1}\n'));
  const each = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const held = admission.reserve(body.length);
      const result = await codeOf(body, 'gzip', LIMITS, held);
      if (result === 'overloaded') held.release();
      return { result: result.length > 100 ? 'inflated' : result, held };
    }),
  );
  const results = each.map(({ result }) => result);
  assert.deepEqual([...new Set(results)].toSorted(), ['inflated', 'overloaded']);
  assert.ok(results.filter((result) => result === 'inflated').length <= 3, results.join());
  for (const { held } of each) held.release();
  // All of it came back.
  admission.reserve(4 * MIB).release();
});
