import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { startSchemaRegistry, type TestRegistry } from './schema-registry.ts';

/** The built gateway with a Schema Registry, both of which end together. */
export interface SchemaGateway {
  readonly registry: TestRegistry;
  readonly gateway: GatewayProcess;
  /** Posts a body, or asks without one. */
  call(path: string, body?: Buffer | string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Rows of a statement. */
  query(sql: string): Promise<unknown[]>;
  /** The longest the gateway took to say that it is alive while `work` was done, in milliseconds. */
  longestStall(work: Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

export type Answer = readonly [status: number, answer: Record<string, unknown>, headers: Headers];

/** `config` is the file, in which `REGISTRY` stands for the registry's URL. */
export async function startSchemaGateway(
  config: string,
  options: { readonly statements?: readonly string[]; readonly authorization?: string } = {},
): Promise<SchemaGateway> {
  const registry = await startSchemaRegistry();
  if (options.authorization !== undefined) registry.authorization = options.authorization;
  const directory = mkdtempSync('/tmp/sluice-schemas-');
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, config.replaceAll('REGISTRY', registry.url));
  const { statements } = options;
  const gateway = await startGatewayProcess({ args: ['--config', file], ...(statements === undefined ? {} : { statements }) });
  const own = { 'X-API-KEY': gateway.key };
  return {
    registry,
    gateway,
    async call(path, body, headers = {}) {
      const all = { ...own, ...headers };
      const response = await fetch(`${gateway.url}${path}`, body === undefined ? { headers: all } : { method: 'POST', headers: all, body });
      return [response.status, (await response.json()) as Record<string, unknown>, response.headers];
    },
    async query(sql) {
      const response = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers: own, body: sql });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as unknown);
    },
    async longestStall(work) {
      const state = { done: false };
      let longest = 0;
      const watched = work.finally(() => {
        state.done = true;
      });
      while (!state.done) {
        const asked = performance.now();
        assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
        longest = Math.max(longest, performance.now() - asked);
      }
      await watched;
      return longest;
    },
    async close() {
      await gateway.stop();
      await registry.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A value in the wire format: magic byte 0, the schema's id, and what the serializer writes. */
export function wire(id: number, ...value: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, ...value]);
}
