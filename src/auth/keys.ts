import { hash, randomBytes } from 'node:crypto';
import type { GrantConfig, StoredKey } from '../core/config.ts';

/** 256 random bits in base64url. */
const SECRET_LENGTH = 43;
const SECRET_BYTES = 32;

/** Longest credential that is looked at, in bytes. */
export const LONGEST_KEY = 256;

/** Ids are part of the key text and the user names of Basic. No `_`: it ends the id in the key text. */
export const KEY_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * A new key. `text` is `<id>_<43 characters>` of `[A-Za-z0-9_-]` and exists nowhere else: only its hash is to be stored.
 * @throws RangeError when `id` is none.
 */
export function createKey(id: string, grants: readonly GrantConfig[]): { readonly text: string; readonly stored: StoredKey } {
  if (!KEY_ID.test(id)) throw new RangeError('not a key id');
  const text = `${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { text, stored: { id, hash: hashKey(Buffer.from(text)), grants } };
}

/** The id inside a key text of {@link createKey}, or undefined when the text has another form. */
export function idOfKey(text: string): string | undefined {
  const end = text.length - SECRET_LENGTH - 1;
  if (end < 1 || text[end] !== '_' || !/^[\w-]+$/.test(text)) return undefined;
  const id = text.slice(0, end);
  return KEY_ID.test(id) ? id : undefined;
}

/** SHA-256 of a key's bytes. A fast hash is enough: the keys are random, not chosen by people. */
export function digestKey(key: Buffer): Buffer {
  return hash('sha256', key, 'buffer');
}

/** The form in which a key is stored: `sha256:` and 64 hex digits. */
export function hashKey(key: Buffer): string {
  return `sha256:${digestKey(key).toString('hex')}`;
}

/** The digest inside a stored hash. */
export function digestOf(stored: StoredKey): Buffer {
  return Buffer.from(stored.hash.slice('sha256:'.length), 'hex');
}
