/** What every way to send a key must do, run for each of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type Authenticator, createAuthenticator } from '../../src/auth/authenticate.ts';
import { changeKeyFile, keyFileIn } from '../../src/auth/key-file.ts';
import { type KeyStore, openKeyStore } from '../../src/auth/key-store.ts';
import { createKey, hashKey, idOfKey } from '../../src/auth/keys.ts';
import type { Principal } from '../../src/core/batch.ts';
import type { GrantConfig } from '../../src/core/config.ts';
import { GatewayError } from '../../src/core/errors.ts';

type Headers = Record<string, string>;

/** How each scheme sends the key of `id`. */
const SCHEMES: Record<string, (key: string, id: string) => Headers> = {
  'X-API-KEY': (key) => ({ 'x-api-key': key }),
  Bearer: (key) => ({ authorization: `Bearer ${key}` }),
  'Bearer with a colon': (key) => ({ authorization: `Bearer: ${key}` }),
  Basic: (key, id) => ({ authorization: `Basic ${Buffer.from(`${id}:${key}`).toString('base64')}` }),
};

const FREE_FORM = "it's \\'; DROP TABLE x -- of any form";

for (const [name, headersOf] of Object.entries(SCHEMES)) {
  suite(`authenticator: ${name}`, () => {
    let directory: string;
    let keys: KeyStore;
    let authenticator: Authenticator;

    before(() => {
      directory = mkdtempSync('/tmp/sluice-conformance-');
      const configured = [{ id: 'configured', hash: hashKey(Buffer.from(FREE_FORM)), grants: [{ pipeline: '*', can: ['read'] }] }] as const;
      keys = openKeyStore({ file: keyFileIn(directory), configured, pollMs: 60_000 });
      authenticator = createAuthenticator(keys, 'X-API-KEY');
    });
    after(() => {
      keys.close();
      rmSync(directory, { recursive: true });
    });

    const add = async (id: string, grants: readonly GrantConfig[]): Promise<string> => {
      const { text, stored } = createKey(id, grants);
      await changeKeyFile(keys.file, (all) => [...all, { ...stored, created: new Date().toISOString() }]);
      keys.refresh();
      return text;
    };
    const send = (key: string, id = idOfKey(key) ?? 'configured'): Principal => authenticator.authenticate(headersOf(key, id));
    const refused = (key: string, id?: string): string => {
      try {
        send(key, id);
      } catch (error) {
        assert.ok(error instanceof GatewayError, String(error));
        assert.equal(error.code, 'unauthenticated');
        assert.ok(key.length < 3 || !JSON.stringify([error, error.message]).includes(key), 'the credential is in the error');
        return error.message;
      }
      return assert.fail('the credential was accepted');
    };

    test('a right key is its principal, with its grants and no more', async () => {
      const key = await add('writer', [{ pipeline: 'orders', can: ['write'] }]);
      const principal = send(key);
      assert.equal(principal.id, 'writer');
      assert.deepEqual(
        [principal.can('write', 'orders'), principal.can('read', 'orders'), principal.can('write', 'other')],
        [true, false, false],
      );
      assert.equal(send(FREE_FORM).id, 'configured');
    });

    test('every wrong key gets the same answer, near or far', async () => {
      const key = await add('near', [{ pipeline: '*', can: ['write'] }]);
      const last = key.at(-1) === 'A' ? 'B' : 'A';
      const answers = new Set(
        [
          key.slice(0, -1) + last,
          key.slice(0, -1),
          `${key}A`,
          key.toUpperCase(),
          `other_${key.slice(-43)}`,
          key.slice(-43),
          'near_',
          'near',
          'x'.repeat(256),
          FREE_FORM.slice(1),
          'sha256:0000000000000000000000000000000000000000000000000000000000000000',
        ].map((wrong) => refused(wrong, 'near')),
      );
      assert.equal(answers.size, 1);
      assert.match(
        [...answers][0] ?? '',
        /^The credential in [A-Za-z:\- ]+ is not known or was revoked: check the credential of the sender$/,
      );
    });

    test('the stored hash is not a key', async () => {
      const key = await add('hashed', [{ pipeline: '*', can: ['write'] }]);
      refused(hashKey(Buffer.from(key)), 'hashed');
      refused(hashKey(Buffer.from(key)).slice('sha256:'.length), 'hashed');
    });

    test('a revoked key is refused', async () => {
      const key = await add('gone', [{ pipeline: '*', can: ['write'] }]);
      assert.equal(send(key).id, 'gone');
      await changeKeyFile(keys.file, (all) => all.filter(({ id }) => id !== 'gone'));
      keys.refresh();
      refused(key, 'gone');
    });

    test('empty, over-long and control characters are refused', () => {
      for (const bad of ['', 'x'.repeat(257), 'x'.repeat(100_000), 'a\0b', 'a\nb', 'a\tb', '\x7f']) refused(bad, 'writer');
    });
  });
}
