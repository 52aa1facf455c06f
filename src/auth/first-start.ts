import { existsSync } from 'node:fs';
import { changeKeyFile } from './key-file.ts';
import type { KeyStore } from './key-store.ts';
import { createKey } from './keys.ts';

const FIRST_KEY_ID = 'default';

/**
 * When there is no key and never was one in the file, makes one that may do everything and stores its hash. Returns its text, which is to be shown once
 * and is kept nowhere; undefined when there are keys.
 * @throws KeyFileError when it can't be stored.
 */
export async function firstStartKey(store: KeyStore): Promise<string | undefined> {
  store.refresh();
  // A key file without keys means that all were revoked, which must stay so.
  if (!store.isEmpty() || existsSync(store.file)) return undefined;
  const { text, stored } = createKey(FIRST_KEY_ID, [{ pipeline: '*', can: ['write', 'read', 'admin'] }]);
  let added = false;
  await changeKeyFile(store.file, (keys) => {
    // Another process may have added one since.
    added = keys.length === 0;
    return added ? [{ ...stored, created: new Date().toISOString() }] : keys;
  });
  store.refresh();
  return added ? text : undefined;
}
