import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { changeKeyFile, keyFileIn } from '../../../src/auth/key-file.ts';
import { type KeyStore, type KeyStoreOptions, openKeyStore } from '../../../src/auth/key-store.ts';
import { createKey, hashKey } from '../../../src/auth/keys.ts';
import type { GrantConfig, StoredKey } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';

export const ALL: readonly GrantConfig[] = [{ pipeline: '*', can: ['write', 'read', 'admin'] }];

/** The key file of a directory that is deleted after the test. */
export function temporaryKeyFile(context: TestContext): string {
  const directory = mkdtempSync('/tmp/sluice-auth-');
  context.after(() => rmSync(directory, { recursive: true }));
  return keyFileIn(directory);
}

/** A store that is closed after the test. */
export function store(context: TestContext, options: KeyStoreOptions): KeyStore {
  const opened = openKeyStore(options);
  context.after(() => opened.close());
  return opened;
}

/** Adds a key to the file and returns its text. */
export async function addKey(file: string, id: string, grants: readonly GrantConfig[] = ALL): Promise<string> {
  const { text, stored } = createKey(id, grants);
  await changeKeyFile(file, (keys) => [...keys, { ...stored, created: '2026-11-24T10:00:00.000Z' }]);
  return text;
}

/** A key of the configuration with a text of any form. */
export function configured(id: string, text: string, grants: readonly GrantConfig[] = ALL): StoredKey {
  return { id, hash: hashKey(Buffer.from(text)), grants };
}

/** The detail of the `unauthenticated` error that `work` must throw. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.equal(error.code, 'unauthenticated');
    return error.message;
  }
  return assert.fail('the credential was accepted');
}

/** Waits until `is` holds. */
export async function until(is: () => boolean, milliseconds = 2000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!is()) {
    assert.ok(Date.now() < end, `not within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
