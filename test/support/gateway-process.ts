import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';

/** The built gateway in a process of its own, on a free loopback port and a data directory that is deleted with it. */
export interface GatewayProcess {
  readonly url: string;
  readonly key: string;
  readonly data: string;
  readonly child: ChildProcess;
  /** Everything it wrote to standard output so far. */
  output(): string;
  /** Sends the signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Long enough for SLUICE_API_KEY, and plainly no secret. */
const KEY = 'a-key-for-tests-only';

/** Starts `sluice serve` and resolves when it listens. `statements` run on its embedded engine before that. */
export async function startGatewayProcess(
  options: { args?: string[]; env?: Record<string, string>; statements?: readonly string[] } = {},
): Promise<GatewayProcess> {
  const data = mkdtempSync('/tmp/sluice-gateway-');
  if (options.statements !== undefined) {
    const engine = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, data);
    for (const statement of options.statements) await engine.execute(statement);
    await engine.close();
  }
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sluice.cjs');
  const child = spawn(process.execPath, ['--enable-source-maps', entry, 'serve', ...(options.args ?? [])], {
    env: { PATH: process.env['PATH'], SLUICE_LISTEN: '127.0.0.1:0', SLUICE_DATA: data, SLUICE_API_KEY: KEY, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    const patience = setTimeout(() => reject(new Error(`the gateway did not say where it listens:\n${output}`)), 30_000);
    patience.unref();
    void exited.then((code) => reject(new Error(`the gateway ended with ${code}:\n${output}`)));
  });
  return {
    url,
    key: KEY,
    data,
    child,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const code = await exited;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}
