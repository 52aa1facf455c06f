import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKey, digestKey, digestOf, hashKey, idOfKey, KEY_ID } from '../../../src/auth/keys.ts';
import { KEY_ID as CONFIGURED_KEY_ID } from '../../../src/ops/config/schema.ts';

test('a key is its id and 256 random bits, and is stored as a hash only', () => {
  const { text, stored } = createKey('connect-1', [{ pipeline: 'orders', can: ['write'] }]);
  assert.match(text, /^connect-1_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(stored, { id: 'connect-1', hash: hashKey(Buffer.from(text)), grants: [{ pipeline: 'orders', can: ['write'] }] });
  assert.equal(Buffer.from(text.slice(-43), 'base64url').length, 32);
  assert.equal(idOfKey(text), 'connect-1');
});

test('no two keys are the same', () => {
  const texts = Array.from({ length: 1000 }, () => createKey('a', []).text);
  assert.equal(new Set(texts).size, 1000);
  // The random part may hold the separator: the id still is what stands before the last 43 characters.
  for (const text of texts) assert.equal(idOfKey(text), 'a');
});

test('the hash is the SHA-256 of the whole text', () => {
  assert.equal(hashKey(Buffer.from('abc')), 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.deepEqual(digestOf({ id: 'a', hash: hashKey(Buffer.from('abc')), grants: [] }), digestKey(Buffer.from('abc')));
});

test('only texts of the right form have an id', () => {
  const secret = 'x'.repeat(43);
  const cases: Record<string, string | undefined> = {
    [`a_${secret}`]: 'a',
    [`a-b_${secret}`]: 'a-b',
    [`_${secret}`]: undefined,
    [`a${secret}`]: undefined,
    [`A_${secret}`]: undefined,
    [`a_${secret}x`]: undefined,
    [`a_${secret.slice(1)}`]: undefined,
    [`a_${secret.slice(1)}!`]: undefined,
    [`${'a'.repeat(65)}_${secret}`]: undefined,
    '': undefined,
  };
  for (const [text, id] of Object.entries(cases)) assert.equal(idOfKey(text), id, text);
});

test('an id that is none makes no key', () => {
  for (const id of ['', 'A', 'a_b', '-a', 'a'.repeat(65), 'a\n']) assert.throws(() => createKey(id, []), { message: 'not a key id' });
});

test('the configuration takes the ids the keys take', () => {
  assert.equal(CONFIGURED_KEY_ID.source, KEY_ID.source);
});
