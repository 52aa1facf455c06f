/** The key a sender gave a delivery, by every way of writing it. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import type { IdentityConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { deliveryKey } from '../../../src/http/delivery-key.ts';
import { pipelineOf } from '../../support/pipelines.ts';

const fields = [{ topic: '__topic', partition: '__partition', offset: '__offset' }];
const BY_KEY: readonly IdentityConfig[] = [{ kind: 'key' }, { kind: 'auto', fields, keep: true }];
const OTHERWISE: readonly IdentityConfig[] = [
  { kind: 'coordinates', fields, keep: true },
  { kind: 'field', field: 'id' },
  { kind: 'content' },
  { kind: 'none' },
];

function keyOf(headers: IncomingHttpHeaders, identity: IdentityConfig = { kind: 'key' }): string | undefined {
  return deliveryKey(headers, pipelineOf('p', { identity }));
}

/** How a written key is read. */
const read = (written: string): string | undefined => keyOf({ 'idempotency-key': written });

/** Keys that are refused, each with the same sentence, which does not repeat them. */
function refused(written: string): void {
  assert.throws(
    () => read(written),
    (error) =>
      error instanceof GatewayError &&
      error.code === 'invalid_delivery_key' &&
      error.message === 'The Idempotency-Key or webhook-id must be 1 to 255 visible ASCII characters, in double quotes or without',
    JSON.stringify(written),
  );
}

test('a key is the same in double quotes and without', () => {
  for (const identity of BY_KEY)
    for (const written of ['7b2c-1', '"7b2c-1"', '  7b2c-1 ', '\t"7b2c-1"\t'])
      assert.equal(keyOf({ 'idempotency-key': written }, identity), '7b2c-1');
  assert.equal(read('"a b"'), 'a b');
  assert.equal(read('a b'), 'a b');
  assert.equal(read("~!@#$%^&*()[]{};:,.<>/?|`'"), "~!@#$%^&*()[]{};:,.<>/?|`'");
});

test('in quotes a quote and a backslash are escaped, and nothing else is', () => {
  assert.equal(read('"a\\"b"'), 'a"b');
  assert.equal(read('"a\\\\b"'), 'a\\b');
  assert.equal(read('"\\\\\\""'), '\\"');
  // Without quotes a backslash is itself.
  assert.equal(read('a\\b'), 'a\\b');
  for (const written of ['"a\\b"', '"a\\', '"a\\"', '"\\n"']) refused(written);
});

test('quotes that do not match are refused', () => {
  for (const written of ['"', '"a', 'a"', 'a"b', '"a"b', '"a"b"', '""a""', '"a";x=1', '"a", "b"', "'a\"'"]) refused(written);
});

test('a key has 1 to 255 characters, not counting quotes and escapes', () => {
  for (const size of [1, 2, 3, 254, 255]) {
    assert.equal(read('k'.repeat(size)), 'k'.repeat(size));
    assert.equal(read(`"${'k'.repeat(size)}"`), 'k'.repeat(size));
    assert.equal(read(`"${'\\"'.repeat(size)}"`), '"'.repeat(size));
  }
  for (const written of [
    '',
    ' ',
    '""',
    '" "',
    'k'.repeat(256),
    `"${'k'.repeat(256)}"`,
    `"${'\\"'.repeat(256)}"`,
    `${'k'.repeat(254)} k`.repeat(2),
  ])
    refused(written);
});

test('only visible ASCII is a key, with spaces inside', () => {
  for (const written of ['a\tb', 'a\u0000b', 'a\nb', 'a\rb', 'a\u007fb', 'ä', 'a\u00a0b', '€', '😀', '" a"', '"a "', '"a\tb"', '"\u0000"'])
    refused(written);
});

test('webhook-id stands in where there is no Idempotency-Key, by the same rules', () => {
  for (const identity of BY_KEY) {
    assert.equal(keyOf({ 'webhook-id': 'msg_2Kz' }, identity), 'msg_2Kz');
    assert.equal(keyOf({ 'webhook-id': '"msg_2Kz"', 'idempotency-key': 'own' }, identity), 'own');
  }
  assert.throws(() => keyOf({ 'webhook-id': 'a"' }), GatewayError);
  // A bad key is not replaced by a good one.
  assert.throws(() => keyOf({ 'idempotency-key': '', 'webhook-id': 'msg_2Kz' }), GatewayError);
});

test('several keys are none', () => {
  assert.throws(() => keyOf({ 'idempotency-key': ['a', 'b'] }), GatewayError);
});

test('without either header there is no key', () => {
  for (const identity of BY_KEY) assert.equal(keyOf({ 'content-type': 'application/json', 'x-idempotency-key': 'k' }, identity), undefined);
});

test('where records are recognised in another way the headers mean nothing, not even when they are no key', () => {
  for (const identity of OTHERWISE)
    for (const written of ['k', '"k"', '', 'a"', 'ä', 'k'.repeat(300)])
      assert.equal(keyOf({ 'idempotency-key': written, 'webhook-id': written }, identity), undefined, `${identity.kind} ${written}`);
});
