import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/core/errors.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createJsonDecoder, deliveryOf, LIMITS } from '../support/deliveries.ts';
import { valueOf } from '../support/tape-values.ts';

const RUNS = 10_000;

const decode = createJsonDecoder(LIMITS);

const SEEDS = [
  '{"id":1,"user":"user-1","amount":-0.01e+5,"ok":false,"at":"2026-01-02T03:04:05.678Z","none":null}',
  '{"a":{"b":[1,2,{"c":[]}],"d":{}},"e":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00","é":"ü😀"}',
  '{\n  "a" : [ true , false , null ],\n\n  "": 0\r\n}\n',
  '{"__proto__":{"x":1},"constructor":[[[[0]]]],"9":9007199254740993}',
];

/** Bytes that mean something in JSON, half of the time. */
const byte = fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:\\/ \t\r\n0123456789.-+eEuUtrfalsn\0\u001f\u00e9\ud83d\ude00')), fc.nat(255));
const mutation = fc.record({
  at: fc.nat(),
  do: fc.constantFrom('replace', 'insert', 'delete', 'copy', 'cut'),
  byte,
  length: fc.integer({ min: 1, max: 12 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(body: Buffer, { at: position, do: what, byte: value, length }: Mutation): Buffer {
  const at = position % (body.length + 1);
  const before = body.subarray(0, at);
  switch (what) {
    case 'replace':
      return Buffer.concat([before, Buffer.of(value), body.subarray(at + 1)]);
    case 'insert':
      return Buffer.concat([before, Buffer.of(value), body.subarray(at)]);
    case 'delete':
      return Buffer.concat([before, body.subarray(at + length)]);
    case 'copy':
      return Buffer.concat([before, body.subarray(Math.max(0, at - length), at), body.subarray(at)]);
    default:
      return before;
  }
}

/** What the platform's own parser makes of the bytes. */
function reference(body: Buffer): { value: unknown } | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return { value: JSON.parse(body.toString()) as unknown };
  } catch {
    return undefined;
  }
}

/** Whether a body that JSON.parse takes may be refused all the same: JSON.parse drops the first of two keys, and keeps half surrogates. */
function isExcused(code: string, body: Buffer, value: unknown): boolean {
  const hasTwice = colons(body.toString()) > keys(value);
  if (code === 'duplicate_key') return hasTwice;
  if (code === 'invalid_utf8') return hasTwice || /\\ud[89a-f]/.test(JSON.stringify(value));
  return code === 'wrong_framing' && (Array.isArray(value) || typeof value === 'string');
}

/** Members that are written in a JSON text. */
function colons(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, '').split(':').length - 1;
}

/** Members of a value and all in it. */
function keys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  return inner.reduce<number>((sum, item) => sum + keys(item), Array.isArray(value) ? 0 : inner.length);
}

test('a body with broken bytes is taken as one object exactly when JSON.parse takes it, and read alike', async () => {
  let taken = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 3 }), async (seed, mutations) => {
      const body = mutations.reduce(mutate, Buffer.from(seed));
      const expected = reference(body);
      const found = await decode(deliveryOf(body), { kind: 'object', prefix: '', suffix: '' }).then(
        ({ records }) => records.map(({ value: { tape, node } }) => valueOf(tape, node)),
        (error: unknown) => {
          assert.ok(error instanceof GatewayError, String(error));
          return error.code;
        },
      );
      const shown = body.toString('latin1');
      if (typeof found === 'string') {
        refused++;
        assert.ok(expected === undefined || isExcused(found, body, expected.value), `refused with ${found}: ${shown}`);
      } else {
        taken++;
        assert.ok(expected !== undefined, `taken: ${shown}`);
        assert.deepEqual(found, [expected.value], shown);
      }
    }),
    { numRuns: RUNS },
  );
  // Neither side is only a formality.
  assert.ok(taken > RUNS / 20 && refused > RUNS / 20, `${taken} taken, ${refused} refused`);
});

test('no bytes at all make the decoder fail otherwise than with a refusal, in any framing', async () => {
  const kinds = ['auto', 'object', 'array', 'ndjson', 'concatenated', 'comma', 'strings', 'records', 'binary', 'delimited'] as const;
  const [large, small] = [createDecoder(LIMITS), createDecoder({ record: 60, records: 4, values: 12, depth: 3 })];
  const body = fc.array(
    fc.oneof({ weight: 3, arbitrary: byte.map((value) => Buffer.of(value)) }, fc.constantFrom(...SEEDS.map((seed) => Buffer.from(seed)))),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(...kinds), fc.constantFrom('', '[', '{"'), async (parts, kind, prefix) => {
      const delivery = deliveryOf(Buffer.concat(parts));
      const framing = { kind, prefix, suffix: prefix === '[' ? ']' : '' };
      for (const decoder of [large, small]) {
        const error: unknown = await decoder(delivery, framing).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        assert.ok(error === undefined || error instanceof GatewayError, String(error));
      }
    }),
    { numRuns: RUNS / 2 },
  );
});
