/**
 * A store on disk, in LMDB.
 *
 * Invariant: a write that resolved survives a power cut. LMDB syncs the pages, then the page that points to them, so that a torn write
 * leaves the state before it. Proved by `test/conformance/store.test.ts` and `test/faults/power-cut.test.ts`.
 */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readSync, statfsSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RootDatabase } from 'lmdb';
import { LedgerError } from '../../core/ledger.ts';
import { damaged } from './codec.ts';
import { refuseOwned, takeLock } from './lock.ts';
import type { Change, Store } from './store.ts';

type Database = RootDatabase<Buffer, Buffer>;

/** Address space set aside. The file is only as large as what is in it. */
const MAP_BYTES = 64 * 1024 ** 3;

/** Less room than this is none. LMDB tells a write that fell short as an input/output error; one write takes far less than this. */
const NO_ROOM_BYTES = 4 * 1024 * 1024;

/** The reason of a failed commit comes a moment after the failure. */
const LONGEST_REASON_MS = 100;

/** Where each of the two pages that begin a file of LMDB's says that it is one. */
const PAGE_BYTES = 4096;
const MAGIC = Buffer.from('dec0efbe', 'hex');
const MAGIC_AT = 24;

const OWNER = Buffer.from('@owner');
/** Keys of the ledger come after the owner's. */
const FIRST_KEY = Buffer.from('A');

/**
 * The store in `directory`, which no other process may use meanwhile.
 * @throws LedgerError when it is taken, unreadable, or no LMDB file.
 */
export async function openLmdbStore(directory: string): Promise<Store> {
  makeDirectory(directory);
  // Before anything of another's is touched; the lock decides between those that start together.
  await refuseOwned(directory);
  const database = await openDatabase(directory);
  const lock = await takeLock(directory, ownerCell(database)).catch(async (error: unknown) => {
    await database.close();
    throw error instanceof LedgerError ? error : openFailure(error, directory);
  });
  return {
    get: (key) => guard(() => database.get(key)),
    *range(prefix, from = prefix) {
      const start = from.length === 0 ? FIRST_KEY : from;
      try {
        for (const { key, value } of database.getRange({ start })) {
          if (!key.subarray(0, prefix.length).equals(prefix)) return;
          yield { key, value };
        }
      } catch (error) {
        throw error instanceof LedgerError ? error : damaged(error);
      }
    },
    async write(changes) {
      // A commit that runs out of room can corrupt LMDB's memory, and then the process hangs: it must not come so far.
      if (changes.length > 0 && isFull(directory)) throw full();
      try {
        await write(database, changes);
      } catch (error) {
        throw await writeFailure(error, directory);
      }
    },
    async close() {
      await database.close();
      await lock.release();
    },
  };
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw openFailure(error, directory);
  }
}

async function openDatabase(directory: string): Promise<Database> {
  try {
    const { open } = await import('lmdb');
    const path = join(directory, 'ledger.mdb');
    if (existsSync(path)) refuseOtherFile(path);
    const database = open<Buffer, Buffer>({
      path,
      encoding: 'binary',
      keyEncoding: 'binary',
      mapSize: MAP_BYTES,
      // The classic order of syncs: durable when the promise resolves.
      overlappingSync: false,
      // Each call of write is a batch of its own. With batches of turns a commit that fails ends the process, by a promise that nobody is given.
      eventTurnBatching: false,
    });
    fillUp(database, path);
    return database;
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw openFailure(error, directory);
  }
}

/** LMDB's own check comes too late: it takes an empty file for a new one, and the process can end over another's. */
function refuseOtherFile(path: string): void {
  const head = Buffer.alloc(2 * PAGE_BYTES);
  const file = openSync(path, 'r');
  const length = readSync(file, head, 0, head.length, 0);
  closeSync(file);
  const isMagic = (at: number): boolean => head.subarray(at, at + MAGIC.length).equals(MAGIC);
  if (length < head.length || !isMagic(MAGIC_AT) || !isMagic(PAGE_BYTES + MAGIC_AT)) throw damaged();
}

/**
 * A page that is missing at the end of the file would end the process when it is read; one of zeros is a page of the wrong kind, which is an error.
 * Pages that were given back in the transaction that took them are rightly missing.
 */
function fillUp(database: Database, path: string): void {
  const { lastPageNumber, pageSize } = database.getStats() as { lastPageNumber: number; pageSize: number };
  const whole = (lastPageNumber + 1) * pageSize;
  if (statSync(path).size < whole) truncateSync(path, whole);
}

async function write(database: Database, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) {
    await database.flushed;
    return;
  }
  const results: Array<Promise<boolean>> = [];
  // Each of them that fails is a rejection of its own, some before and some after the others.
  const note = (result: Promise<boolean>): void => {
    result.catch(() => undefined);
    results.push(result);
  };
  const whole = database.batch(() => {
    for (const { key, value } of changes) note(value === undefined ? database.remove(key) : database.put(key, value));
  });
  note(whole);
  await whole;
  await Promise.all(results);
  // Reads of this turn must not go on with what was there before.
  database.resetReadTxn();
}

function ownerCell(database: Database): { read(): string | undefined; swap(from: string | undefined, to: string): boolean } {
  const read = (): string | undefined => database.get(OWNER)?.toString();
  return {
    read,
    swap: (from, to) =>
      database.transactionSync(() => {
        if (read() !== from) return false;
        database.putSync(OWNER, Buffer.from(to));
        return true;
      }),
  };
}

function guard<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged(error);
  }
}

const DIRECTORY_FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'may not be read and written by this user: give it to the user the gateway runs as',
  EPERM: 'may not be read and written by this user: give it to the user the gateway runs as',
  EROFS: 'is on a read-only file system: set data to a directory that can be written',
  ENOTDIR: 'is not a directory: move the file away, or set data to another directory',
  EEXIST: 'is not a directory: move the file away, or set data to another directory',
  ENOSPC: 'has no room left: free space on its disk',
};

/** LMDB gives the system's error numbers, Node their names. */
const NAMES: Readonly<Record<number, string>> = { 1: 'EPERM', 13: 'EACCES', 17: 'EEXIST', 20: 'ENOTDIR', 28: 'ENOSPC', 30: 'EROFS' };

function openFailure(error: unknown, directory: string): LedgerError {
  const { code } = error as { code?: unknown };
  const fault = DIRECTORY_FAULTS[typeof code === 'number' ? (NAMES[code] ?? '') : String(code)];
  return fault === undefined ? damaged(error) : new LedgerError('broken', `The ledger's directory ${directory} ${fault}`, error);
}

async function writeFailure(error: unknown, directory: string): Promise<LedgerError> {
  const cause = await reasonOf(error);
  if (isFull(directory)) return full(cause);
  const message = 'The ledger cannot be written to its disk: nothing is accepted until the disk is mended and the gateway started again';
  return new LedgerError('broken', message, cause);
}

function full(cause?: unknown): LedgerError {
  return new LedgerError('full', 'The disk of the ledger is full: free space, then send the request again', cause);
}

/** LMDB's wrapper hands the real reason out as a promise that rejects. */
async function reasonOf(failed: unknown): Promise<unknown> {
  const inner = (failed as { commitError?: unknown } | null)?.commitError;
  if (!(inner instanceof Promise)) return failed;
  try {
    await Promise.race([inner, wait(LONGEST_REASON_MS, undefined, { ref: false })]);
    return failed;
  } catch (reason) {
    return reason;
  }
}

function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < NO_ROOM_BYTES;
  } catch {
    return false;
  }
}
