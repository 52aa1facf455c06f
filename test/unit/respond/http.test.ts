import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rejection } from '../../../src/core/batch.ts';
import { type DeliveryErrorCode, ERRORS, GatewayError } from '../../../src/core/errors.ts';
import { answerOf, answerOfError } from '../../../src/respond/http.ts';

const parsed = (body: string): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;

test('stored records are answered in at most 200 bytes', () => {
  const batch = '019ab1c2-3d4e-7000-8abc-0123456789ab';
  const { status, headers, body } = answerOf({ kind: 'stored', accepted: 100_000, duplicate: 99_999, quarantined: 99_999, batch });
  assert.equal(status, 200);
  assert.equal(headers['Content-Type'], 'application/json');
  assert.deepEqual(parsed(body), { accepted: 100_000, duplicate: 99_999, quarantined: 99_999, batch });
  assert.ok(body.length <= 200);
  assert.deepEqual(parsed(answerOf({ kind: 'stored', accepted: 0, duplicate: 0, quarantined: 0 }).body), {
    accepted: 0,
    duplicate: 0,
    quarantined: 0,
  });
});

test('refused records are listed with index, column, code and reason', () => {
  const rejections: Rejection[] = [
    { ordinal: 3, code: 'out_of_range', column: 'a.b[1]', reason: 'the number does not fit' },
    { ordinal: 7, code: 'record_not_object', reason: 'the record is not a JSON object' },
  ];
  const { status, headers, body } = answerOf({ kind: 'refused', rejections, total: 500 });
  assert.equal(status, 422);
  assert.equal(headers['Content-Type'], 'application/problem+json');
  assert.deepEqual(parsed(body), {
    type: '/errors/records_rejected',
    title: ERRORS.records_rejected.meaning,
    status: 422,
    detail: '2 records of 500 cannot be written, so nothing was: record 3, a.b[1]: the number does not fit',
    code: 'records_rejected',
    retryable: false,
    errors: [
      { index: 3, column: 'a.b[1]', code: 'out_of_range', message: 'the number does not fit' },
      { index: 7, code: 'record_not_object', message: 'the record is not a JSON object' },
    ],
  });
});

test('the list is cut so that the answer stays within 1 KB, and never empty', () => {
  const many = Array.from(
    { length: 500 },
    (_, i): Rejection => ({ ordinal: i, code: 'wrong_type', column: `column_${i}`, reason: 'x'.repeat(60) }),
  );
  const { body } = answerOf({ kind: 'refused', rejections: many, total: 500 });
  assert.ok(body.length <= 1024, `${body.length}`);
  const { errors } = parsed(body) as { errors: unknown[] };
  assert.ok(errors.length >= 3 && errors.length <= 20);
  const long = answerOf({
    kind: 'refused',
    rejections: [{ ordinal: 0, code: 'wrong_type', column: 'c'.repeat(900), reason: 'r'.repeat(900) }],
    total: 1,
  });
  assert.equal((parsed(long.body) as { errors: unknown[] }).errors.length, 1);
});

test('every code of a delivery has the status of the table', () => {
  const codes = Object.entries(ERRORS).filter(([, { scope }]) => scope === 'delivery');
  for (const [code, { status, retryable, fault }] of codes) {
    const answer = answerOfError(new GatewayError(code as DeliveryErrorCode, 'a detail'));
    assert.equal(answer.status, status, code);
    const body = parsed(answer.body);
    assert.deepEqual([body['code'], body['detail'], body['retryable'], body['type']], [code, 'a detail', retryable, `/errors/${code}`]);
    assert.equal('Retry-After' in answer.headers, status === 503, code);
    assert.ok(status < 300 || status >= 400, code);
    assert.notEqual(status, 501);
    // Some senders drop what they are told 4xx for: what passes, or what an operator mends, is never that.
    if (fault !== 'sender' && fault !== 'bug') assert.ok(status === 429 || status === 503, code);
  }
});

test('a bug shows nothing of itself', () => {
  const { status, body } = answerOfError(new Error('secret at ch-1:9000'));
  assert.equal(status, 500);
  assert.equal(parsed(body)['code'], 'internal');
  assert.doesNotMatch(body, /secret|ch-1/);
});

test('the wait asked for is spread', () => {
  const waits = new Set(
    Array.from({ length: 200 }, () => answerOfError(new GatewayError('overloaded', 'd', { retryAfterSeconds: 10 })).headers['Retry-After']),
  );
  assert.ok(waits.size > 3);
  for (const wait of waits) assert.ok(Number(wait) >= 5 && Number(wait) <= 15);
});
