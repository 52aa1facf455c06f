/**
 * The file of keys that the command line manages and the running gateway reads.
 *
 * Invariant: a reader sees the file before a change or after it, never between: changes are written beside it, flushed and
 * renamed over it. The file beside it is the lock, so that two changes at once don't lose one.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { GrantConfig, StoredKey } from '../core/config.ts';
import { KEY_ID } from './keys.ts';

const VERSION = 1;
const LARGEST_FILE = 16 * 1024 * 1024;
const LOCK_TRIES = 40;
const LOCK_WAIT_MS = 50;
/** A change takes milliseconds: a lock as old as this was left behind by a process that died. */
const STALE_LOCK_MS = 10_000;

/** A key of the file. */
export interface FileKey extends StoredKey {
  /** When it was made, ISO 8601 in UTC. */
  readonly created: string;
}

/** Where the key file of a data directory is. */
export function keyFileIn(dataDirectory: string): string {
  return join(dataDirectory, 'keys.json');
}

/** The key file can't be used. The message names the file, says what is wrong and what to do. */
export class KeyFileError extends Error {
  constructor(path: string, what: string, cause?: unknown) {
    super(`The key file ${path} ${what}`);
    this.name = 'KeyFileError';
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false });
  }
}

/**
 * The keys of the file; none when it does not exist.
 * @throws KeyFileError when it can't be read, others may write it, or its content is not what {@link changeKeyFile} writes.
 */
export function readKeyFile(path: string): readonly FileKey[] {
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if (platform() !== 'win32' && (mode & 0o022) !== 0)
      throw new KeyFileError(path, 'may be written by other users: run chmod 600 on it, and check that its keys are yours');
    if (size > LARGEST_FILE) throw new KeyFileError(path, 'is larger than 16 MiB: restore it from a copy');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new KeyFileError(path, `cannot be read (${code ?? 'unknown error'}): check its owner and mode`, error);
  }
  return parse(path, text);
}

/**
 * Replaces the keys by what `change` makes of them. Creates the file, for its owner only, and its directory when missing. What
 * `change` throws comes through and leaves the file as it was.
 * @throws KeyFileError like {@link readKeyFile}, or when another change does not end or the file can't be written.
 */
export async function changeKeyFile(path: string, change: (keys: readonly FileKey[]) => readonly FileKey[]): Promise<void> {
  const beside = `${path}.new`;
  const file = await lock(path, beside);
  let open = true;
  try {
    const keys = change(readKeyFile(path));
    try {
      writeFileSync(file, `${JSON.stringify({ version: VERSION, keys }, null, 2)}\n`);
      fsyncSync(file);
      closeSync(file);
      open = false;
      renameSync(beside, path);
      flushDirectory(dirname(path));
    } catch (error) {
      throw unwritable(path, error);
    }
  } catch (error) {
    if (open) closeSync(file);
    rmSync(beside, { force: true });
    throw error;
  }
}

async function lock(path: string, beside: string): Promise<number> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    try {
      return openSync(beside, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(path, error);
    }
    const age = Date.now() - (statSync(beside, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_LOCK_MS) rmSync(beside, { force: true });
    else await wait(LOCK_WAIT_MS);
  }
  throw new KeyFileError(path, `is being changed by another command: try again, or delete ${beside} when there is none`);
}

function flushDirectory(path: string): void {
  if (platform() === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function unwritable(path: string, error: unknown): KeyFileError {
  return new KeyFileError(
    path,
    `cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): check its directory and the disk`,
    error,
  );
}

function parse(path: string, text: string): readonly FileKey[] {
  const damaged = (what: string): KeyFileError =>
    new KeyFileError(path, `${what}: restore it from a copy, or delete it and add the keys again`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged('is not JSON');
  }
  if (!isObject(content) || typeof content['version'] !== 'number') throw damaged('is not a key file');
  if (content['version'] > VERSION) throw new KeyFileError(path, 'was written by a newer version of sluice: use that version');
  const keys = content['keys'];
  if (content['version'] !== VERSION || !Array.isArray(keys)) throw damaged('is not a key file');
  const ids = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (!isFileKey(key) || ids.has(key.id)) throw damaged(`has a damaged entry at position ${index + 1}`);
    ids.add(key.id);
  }
  return keys as FileKey[];
}

function isFileKey(value: unknown): value is FileKey {
  if (!isObject(value) || Object.keys(value).toSorted().join() !== 'created,grants,hash,id') return false;
  const { id, hash, created, grants } = value as Record<keyof FileKey, unknown>;
  return (
    typeof id === 'string' &&
    KEY_ID.test(id) &&
    typeof hash === 'string' &&
    /^sha256:[0-9a-f]{64}$/.test(hash) &&
    typeof created === 'string' &&
    !Number.isNaN(Date.parse(created)) &&
    Array.isArray(grants) &&
    grants.every(isGrant)
  );
}

function isGrant(value: unknown): value is GrantConfig {
  if (!isObject(value) || Object.keys(value).toSorted().join() !== 'can,pipeline') return false;
  const { pipeline, can } = value as Record<keyof GrantConfig, unknown>;
  return (
    typeof pipeline === 'string' && Array.isArray(can) && can.every((operation) => ['write', 'read', 'admin'].includes(operation as string))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
