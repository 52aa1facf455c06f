import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/core/errors.ts';
import { endOf, startOf, textOf } from '../../src/core/json-tape.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { AUTO, deliveryOf, LIMITS } from '../support/deliveries.ts';
import { valueOf } from '../support/tape-values.ts';

const RUNS = 600;

/** One decoder for all runs, so that shapes of earlier bodies meet later ones. */
const decode = createDecoder(LIMITS);

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const record = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'x y'), fc.string({ unit: 'binary' })), json, {
  maxKeys: 6,
  noNullPrototype: true,
});
const records = fc.array(record, { minLength: 1, maxLength: 6 });

async function valuesOf(body: string): Promise<unknown[]> {
  const batch = await decode(deliveryOf(body), AUTO);
  return batch.records.map(({ value }) => valueOf(value.tape, value.node));
}

/** fast-check strings may hold half surrogates, which JSON.stringify writes as escapes and the decoder refuses. */
const isWellFormed = (value: unknown): boolean => !/\\ud[89a-f]/i.test(JSON.stringify(value));

test('whatever JSON.stringify writes is read back, in every framing', async () => {
  await fc.assert(
    fc.asyncProperty(records.filter(isWellFormed), fc.constantFrom(undefined, 1, '\t'), async (values, indent) => {
      const texts = values.map((value) => JSON.stringify(value, undefined, indent));
      const expected = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
      for (const body of [
        `[${texts.join(',')}]`,
        texts.join('\n'),
        texts.join(''),
        texts.join(','),
        JSON.stringify(texts),
        `${texts.join(' , ')},`,
      ]) {
        assert.deepEqual(await valuesOf(body), expected);
      }
    }),
    { numRuns: RUNS },
  );
});

test('a record is exactly the slice of the body it stands in', async () => {
  await fc.assert(
    fc.asyncProperty(records.filter(isWellFormed), fc.stringMatching(/^[ \t]{0,3}$/), async (values, blank) => {
      const texts = values.map((value) => JSON.stringify(value));
      const body = `${blank}[${blank}${texts.join(`${blank},${blank}`)}${blank}]`;
      const { records: found } = await decode(deliveryOf(body), AUTO);
      assert.deepEqual(
        found.map(({ value }) => textOf(value.tape, value.node)),
        texts,
      );
      for (const { value } of found) assert.ok(endOf(value.tape, value.node) > startOf(value.tape, value.node));
    }),
    { numRuns: RUNS },
  );
});

/** What a body must be, by the platform's own parser: its one value, or undefined. */
function reference(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

test('a body with a broken byte is read as JSON.parse reads it, or refused', async () => {
  const alphabet = [...'{}[]",:\\ \n0129.-+eEtrufalsn/\u0001é'];
  await fc.assert(
    fc.asyncProperty(
      record.filter(isWellFormed),
      fc.nat(),
      fc.nat(alphabet.length - 1),
      fc.boolean(),
      async (value, where, what, insert) => {
        const text = JSON.stringify({ wrapped: value });
        const at = where % text.length;
        // Through bytes, because a cut can part a surrogate pair.
        const body = Buffer.from(text.slice(0, at) + alphabet[what] + text.slice(insert ? at : at + 1)).toString();
        const expected = reference(body);
        const found = await valuesOf(body).catch((error: unknown) => {
          assert.ok(error instanceof GatewayError, String(error));
          return error.code;
        });
        if (typeof found === 'string') {
          // Refused, though JSON.parse takes it: only for what JSON.parse loses.
          if (expected !== undefined) assert.ok(['duplicate_key', 'invalid_utf8'].includes(found), `${body}: ${found}`);
        } else if (expected !== undefined) {
          assert.deepEqual(found, Array.isArray(expected) ? expected : [expected]);
        } else {
          // Taken, though it is not one JSON text: several records, or a trailing comma.
          assert.ok(found.length > 1 || /,\s*\]?\s*$/.test(body), body);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
