import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { LedgerError } from '../../core/ledger.ts';

/** Where the name of the owner stands. `swap` is one transaction over all processes: it writes `to` if `from` still stands there. */
export interface OwnerCell {
  read(): string | undefined;
  swap(from: string | undefined, to: string): boolean;
}

export interface Lock {
  release(): Promise<void>;
}

const SOCKET = /^owner-(\d+)-[0-9a-f]{12}\.sock$/;

/**
 * An owner is a socket in the directory that somebody listens on: it goes with its process, however that ends, and a stopped process keeps it. Process
 * numbers would not do, because containers that share a volume each count their own.
 * @throws LedgerError when somebody owns the directory.
 */
export async function refuseOwned(directory: string): Promise<void> {
  const folder = openSync(directory, 'r');
  try {
    for (const name of readdirSync(directory)) {
      const pid = SOCKET.exec(name)?.[1];
      if (pid !== undefined && (await answers(socketPath(directory, folder, name)))) throw inUse(directory, `process ${pid}`);
    }
  } finally {
    closeSync(folder);
  }
}

/** Makes this process the only owner of a directory. @throws LedgerError when somebody owns it, or takes it at the same moment. */
export async function takeLock(directory: string, cell: OwnerCell): Promise<Lock> {
  const socket = `owner-${process.pid}-${randomBytes(6).toString('hex')}.sock`;
  const folder = openSync(directory, 'r');
  const server = await listen(socketPath(directory, folder, socket)).catch((error: unknown) => {
    closeSync(folder);
    const message = `The ledger's directory ${directory} takes no socket, which says who owns it: set data to a directory of a local file system`;
    throw new LedgerError('broken', message, error);
  });
  const release = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(join(directory, socket), { force: true });
    closeSync(folder);
  };
  const before = cell.read();
  const alive = before !== undefined && (await answers(socketPath(directory, folder, before)));
  if (alive || !cell.swap(before, socket)) {
    await release();
    throw inUse(directory, alive ? `process ${SOCKET.exec(before)?.[1]}` : 'a process that has just started');
  }
  if (before !== undefined) rmSync(join(directory, before), { force: true });
  return { release };
}

function inUse(directory: string, owner: string): LedgerError {
  return new LedgerError('broken', `The ledger in ${directory} is in use by ${owner}: stop it, or set data to another directory`);
}

/** Paths of sockets have about 100 characters at most; through the open directory every one is short. */
function socketPath(directory: string, folder: number, name: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${folder}/${name}` : join(directory, name);
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  server.unref();
  return server;
}

async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
