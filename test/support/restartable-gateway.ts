import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';

const KEY = 'a-key-for-tests-only';

/** A gateway that ends in any way and comes back on the same port and data. */
export interface RestartableGateway {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  data: string;
  /** Starts it and resolves when it listens. `failAt` is a step of `faulty-gateway.ts`. */
  start(options?: { failAt?: string; env?: Record<string, string> }): Promise<void>;
  /** Resolves with the exit code when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>;
  isRunning(): boolean;
  pid(): number | undefined;
  output(): string;
  /** Rows of a read-only statement. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Ends it, if it runs, and deletes its data. */
  remove(): Promise<void>;
}

const ENTRY = join(import.meta.dirname, 'faulty-gateway.js');

/** A gateway with this configuration, not yet started. */
export async function createRestartableGateway(
  yaml: string,
  options: { data?: string; command?: readonly string[] } = {},
): Promise<RestartableGateway> {
  const root = mkdtempSync('/tmp/sluice-restartable-');
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, yaml);
  const port = await freePort();
  let child: ChildProcess | undefined;
  let exited: Promise<number | null> = Promise.resolve(null);
  let output = '';
  const gateway: RestartableGateway = {
    url: `http://127.0.0.1:${port}`,
    headers: { 'X-API-KEY': KEY },
    data: options.data ?? join(root, 'data'),
    async start({ failAt, env = {} } = {}) {
      mkdirSync(gateway.data, { recursive: true });
      output = '';
      const [program = process.execPath, ...before] = options.command ?? [process.execPath];
      const started = spawn(program, [...before, '--enable-source-maps', ENTRY], {
        env: {
          PATH: process.env['PATH'],
          UV_THREADPOOL_SIZE: '12',
          SLUICE_CONFIG: file,
          SLUICE_LISTEN: `127.0.0.1:${port}`,
          SLUICE_DATA: gateway.data,
          SLUICE_API_KEY: KEY,
          SLUICE_LOG: 'warn',
          ...(failAt === undefined ? {} : { FAIL_AT: failAt }),
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      exited = new Promise((resolve) => {
        started.once('exit', (code) => {
          if (child === started) child = undefined;
          resolve(code);
        });
      });
      await new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString();
          if (output.includes(gateway.url)) resolve();
        };
        started.stdout.on('data', read);
        started.stderr.on('data', read);
        void exited.then((code) => reject(new Error(`the gateway ended with ${code}:\n${output}`)));
      });
    },
    async end(signal) {
      child?.kill(signal);
      return await exited;
    },
    async ended() {
      await exited;
    },
    isRunning: () => child !== undefined,
    pid: () => child?.pid,
    output: () => output,
    async query<Row>(sql: string) {
      const response = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers: gateway.headers, body: sql });
      const text = await response.text();
      if (response.status !== 200) throw new Error(text);
      return text
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row);
    },
    async remove() {
      child?.kill('SIGKILL');
      await exited;
      rmSync(root, { recursive: true, force: true });
    },
  };
  return gateway;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
