import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Running, running } from './processes.ts';

/** The built gateway in a process of its own. */
export interface BenchGateway extends Running {
  readonly port: number;
  readonly key: string;
  /** Rows of a statement. */
  query<Row>(sql: string): Promise<Row[]>;
}

/** Long enough for SLUICE_API_KEY, and plainly no secret. */
const KEY = 'a-key-for-benches-only';
const START_MS = 60_000;

/** How the workloads' pipeline is configured: any topic of theirs, each into a table of its own. */
export const PIPELINE = "bench: { topics: ['/bench-.*/'], unknown_fields: evolve, identity: coordinates }";

/** Starts `sluice serve` with its data, configuration and log in `directory`, and resolves when it listens. */
export async function startGateway(
  directory: string,
  { pipelines = [PIPELINE], more = '' }: { pipelines?: readonly string[]; more?: string } = {},
): Promise<BenchGateway> {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'sluice.yaml');
  writeFileSync(config, `${more}\npipelines:\n${pipelines.map((pipeline) => `  ${pipeline}\n`).join('')}`);
  const logFile = join(directory, 'gateway.log');
  const log = openSync(logFile, 'a');
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sluice.cjs');
  const child = spawn(process.execPath, ['--enable-source-maps', entry, 'serve', '--config', config], {
    env: { PATH: process.env['PATH'], SLUICE_LISTEN: '127.0.0.1:0', SLUICE_DATA: join(directory, 'data'), SLUICE_API_KEY: KEY },
    stdio: ['ignore', log, log],
  });
  const handle = running(child);
  const port = await portIn(logFile, () => child.exitCode !== null);
  return {
    ...handle,
    port,
    key: KEY,
    async query<Row>(sql: string) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/query`, { method: 'POST', headers: { 'X-API-KEY': KEY }, body: sql });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text}`);
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Row);
    },
  };
}

/** The port it says it listens on. */
async function portIn(logFile: string, hasEnded: () => boolean): Promise<number> {
  for (const end = performance.now() + START_MS; performance.now() < end && !hasEnded(); ) {
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (port !== undefined) return Number(port);
    await wait(20);
  }
  throw new Error(`the gateway did not say where it listens:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
}
