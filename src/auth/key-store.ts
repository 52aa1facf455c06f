/**
 * The keys that count now: those of the configuration and those of the key file, which may change while the gateway runs.
 */
import { timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Principal } from '../core/batch.ts';
import type { StoredKey } from '../core/config.ts';
import { KeyFileError, readKeyFile } from './key-file.ts';
import { digestKey, digestOf, idOfKey } from './keys.ts';

const POLL_MS = 500;

/** What an unknown id is compared with. Nothing is known that hashes to it, and it never counts as a match. */
const NO_DIGEST = Buffer.alloc(32);

export interface KeyStore {
  /** The key file. */
  readonly file: string;
  /**
   * Who holds this key; undefined when nobody does. With `id`, only if that is the holder. Takes one SHA-256 and the same
   * comparisons whether the key is right, wrong or of an unknown id.
   */
  readonly find: (key: Buffer, id?: string) => Principal | undefined;
  readonly isEmpty: () => boolean;
  /** Reads the file again if it changed. Also happens by itself about twice a second. */
  readonly refresh: () => void;
  /** Stops watching the file. */
  readonly close: () => void;
}

export interface KeyStoreOptions {
  /** Need not exist. */
  readonly file: string;
  /** Keys of the configuration. Their text may have any form. */
  readonly configured: readonly StoredKey[];
  /** The file was read again while running. */
  readonly onReload?: (keys: number) => void;
  /** The file can't be read any more; the keys read last still count. */
  readonly onProblem?: (error: KeyFileError) => void;
  readonly pollMs?: number;
}

interface Entry {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/** @throws KeyFileError when the file is there and can't be used. */
export function openKeyStore(options: KeyStoreOptions): KeyStore {
  const { file } = options;
  const freeForm = options.configured.map(entryOf);
  let seen = fingerprint(file);
  let byId = readEntries(file);

  const refresh = (): void => {
    const now = fingerprint(file);
    if (now === seen) return;
    seen = now;
    try {
      byId = readEntries(file);
      options.onReload?.(byId.size);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      options.onProblem?.(error);
    }
  };
  const timer = setInterval(refresh, options.pollMs ?? POLL_MS).unref();

  return {
    file,
    find(key, id) {
      const digest = digestKey(key);
      const candidate = byId.get(idOfKey(key.toString('latin1')) ?? '');
      const holders: Entry[] = [];
      const same = timingSafeEqual(candidate?.digest ?? NO_DIGEST, digest);
      if (same && candidate !== undefined) holders.push(candidate);
      for (const entry of freeForm) {
        if (timingSafeEqual(entry.digest, digest)) holders.push(entry);
      }
      return holders.find(({ principal }) => id === undefined || principal.id === id)?.principal;
    },
    isEmpty: () => byId.size + freeForm.length === 0,
    refresh,
    close: () => clearInterval(timer),
  };
}

function readEntries(file: string): ReadonlyMap<string, Entry> {
  return new Map(readKeyFile(file).map((key) => [key.id, entryOf(key)]));
}

function entryOf(key: StoredKey): Entry {
  return {
    digest: digestOf(key),
    principal: {
      id: key.id,
      can: (operation, pipeline) =>
        key.grants.some((grant) => (grant.pipeline === '*' || grant.pipeline === pipeline) && grant.can.includes(operation)),
    },
  };
}

/** Differs whenever the file does. Not asynchronous: running statements can hold every thread that would do it. */
function fingerprint(file: string): string {
  try {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? 'none' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
