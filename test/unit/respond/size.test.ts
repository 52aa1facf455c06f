/** Senders copy an answer once per record into topics of their own: whatever a record holds, the answer stays small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Rejection } from '../../../src/core/batch.ts';
import { type DeliveryErrorCode, ERRORS, GatewayError } from '../../../src/core/errors.ts';
import { answerOf, answerOfError } from '../../../src/respond/http.ts';

interface Problem {
  readonly detail: string;
  readonly errors: ReadonlyArray<{ readonly index: number; readonly column?: string; readonly code: string; readonly message: string }>;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2000 }),
  fc.constantFrom('д'.repeat(400), '\u0000'.repeat(300), '"'.repeat(500), '😀'.repeat(300), 'x'.repeat(100_000)),
);
const rejection: fc.Arbitrary<Rejection> = fc.record(
  { ordinal: fc.nat(99_999), code: fc.constantFrom('unknown_field', 'wrong_type'), column: text, reason: text },
  { requiredKeys: ['ordinal', 'code', 'reason'] },
);

test('a refusal takes at most 1 KB and always names its first record', () => {
  fc.assert(
    fc.property(fc.array(rejection, { minLength: 1, maxLength: 30 }), (rejections) => {
      const { body } = answerOf({ kind: 'refused', rejections, total: 100_000 });
      assert.ok(Buffer.byteLength(body) <= 1024, `${Buffer.byteLength(body)}`);
      const { errors } = JSON.parse(body) as Problem;
      assert.ok(errors.length >= 1 && errors.length <= 20);
      assert.deepEqual(
        errors.map(({ index, code }) => [index, code]),
        rejections.slice(0, errors.length).map(({ ordinal, code }) => [ordinal, code]),
      );
    }),
  );
});

test('an error of any code takes at most 1 KB', () => {
  const codes = Object.entries(ERRORS).flatMap(([code, { scope }]) => (scope === 'delivery' ? [code as DeliveryErrorCode] : []));
  fc.assert(
    fc.property(fc.constantFrom(...codes), text, (code, detail) => {
      assert.ok(Buffer.byteLength(answerOfError(new GatewayError(code, detail)).body) <= 1024);
    }),
  );
});

test('what is cut shows that it is, and what fits is left alone', () => {
  const refused = (column: string): Problem =>
    JSON.parse(
      answerOf({ kind: 'refused', rejections: [{ ordinal: 0, code: 'unknown_field', column, reason: 'r' }], total: 1 }).body,
    ) as Problem;
  const fits = 'c'.repeat(100);
  assert.equal(refused(fits).errors[0]?.column, fits);
  assert.equal(refused('д'.repeat(50)).errors[0]?.column, 'д'.repeat(50));
  for (const long of ['c'.repeat(101), 'д'.repeat(51), '😀'.repeat(26), `${'c'.repeat(90)}${'\u0001'.repeat(20)}`]) {
    const { column = '' } = refused(long).errors[0] ?? {};
    assert.match(column, /^[^…]{10,}…$/u);
    assert.ok(long.startsWith(column.slice(0, -1)), column);
    assert.doesNotMatch(JSON.stringify(column), /\\ud8|\uFFFD/);
  }
  assert.equal(answerOfError(new GatewayError('malformed_json', 'd'.repeat(360))).body.includes('…'), false);
});
