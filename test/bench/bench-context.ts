/**
 * What a workload works with: processes that start when they are first needed, and tables that are alike on all sides. Every workload has its own, so
 * that none has to merge what another one left.
 */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './calls.ts';
import type { EngineOrder } from './engine.ts';
import { type BenchGateway, startGateway } from './gateway.ts';
import type { LoadOrder, LoadReport } from './load.ts';
import type { RoundsOptions } from './rounds.ts';

export interface BenchContext extends RoundsOptions {
  readonly directory: string;
  readonly cores: number;
  readonly sender: Child;
  /** The gateway of workloads that need only one. */
  gateway(): Promise<BenchGateway>;
  engine(name: 'direct' | 'ceiling'): Promise<Child>;
  floor(): Promise<{ readonly child: Child; readonly port: number }>;
  load(target: { readonly port: number; readonly key: string }, order: Omit<LoadOrder, 'kind' | 'port' | 'key'>): Promise<LoadReport>;
  /**
   * Compares the rows of the topic's table with those that were acknowledged: a gateway that loses or doubles rows has no rate.
   * @throws Error when they differ.
   */
  verify(gateway: BenchGateway, topic: string): Promise<void>;
  /** Makes the topic's table with a first request, and one like it in the engines. */
  prepare(gateway: BenchGateway, topic: string, like: LoadShape, engines?: readonly Child[]): Promise<TableLike>;
  /** Ends the processes it has started, and deletes their data. */
  close(): Promise<void>;
}

export interface LoadShape {
  readonly senders: number;
  readonly records: number;
  readonly recordBytes: number;
  /** Records of sixty fields, however many bytes they take. */
  readonly wide?: boolean;
}

export interface TableLike {
  readonly table: string;
  /** Columns of the records, without the gateway's own. */
  readonly columns: readonly string[];
}

/** A context whose data is below `directory`, on one file system for all. */
export function createContext(directory: string, options: RoundsOptions): BenchContext {
  mkdirSync(directory);
  const engines = new Map<string, Promise<Child>>();
  let gateway: Promise<BenchGateway> | undefined;
  let floor: Promise<{ child: Child; port: number }> | undefined;
  const sender = startChild('sender');
  const acknowledged = new Map<string, number>();
  const load: BenchContext['load'] = async ({ port, key }, order) => {
    const report = await sender.call<LoadReport>({ kind: 'load', port, key, ...order } satisfies LoadOrder);
    const to = `${port} ${order.topic}`;
    if (order.seconds !== 'again') acknowledged.set(to, (acknowledged.get(to) ?? 0) + report.requests * order.records);
    return report;
  };
  return {
    ...options,
    directory,
    cores: availableParallelism(),
    sender,
    load,
    gateway: async () => await (gateway ??= startGateway(join(directory, 'gateway'))),
    async engine(name) {
      let engine = engines.get(name);
      if (engine === undefined) {
        engine = Promise.resolve(startChild('engine', [join(directory, name)]));
        engines.set(name, engine);
      }
      return await engine;
    },
    floor: async () => await (floor ??= startFloor()),
    async verify(written, topic) {
      const [found] = await written.query<{ rows: string }>(`SELECT count() AS rows FROM ${tableName(topic)}`);
      const expected = acknowledged.get(`${written.port} ${topic}`) ?? 0;
      if (Number(found?.rows) !== expected) throw new Error(`${topic}: ${expected} rows were acknowledged, and ${found?.rows} are there`);
    },
    async prepare(into, topic, { records, recordBytes, wide = false }, alike = []) {
      await load(into, { topic, senders: 1, records, recordBytes, wide, seconds: 0 });
      const made = await tableOf(into, topic);
      for (const engine of alike) await engine.call({ kind: 'execute', sql: made.create } satisfies EngineOrder);
      return made;
    },
    // Data stays until the end: for a while after many files were removed, ext4 takes longer to make new ones.
    async close() {
      const started = [sender, await gateway, (await floor)?.child, ...(await Promise.all(engines.values()))];
      await Promise.all(started.map(async (process) => await process?.stop()));
    },
  };
}

async function startFloor(): Promise<{ child: Child; port: number }> {
  const child = startChild('floor');
  return { child, port: await child.call<number>('port') };
}

function tableName(topic: string): string {
  return topic.replaceAll(/[.-]/g, '_');
}

async function tableOf(gateway: BenchGateway, topic: string): Promise<TableLike & { readonly create: string }> {
  const table = tableName(topic);
  const [found] = await gateway.query<{ engine: string }>(`SELECT engine_full AS engine FROM system.tables WHERE name = '${table}'`);
  const columns = await gateway.query<{ name: string; type: string }>(
    `SELECT name, type FROM system.columns WHERE table = '${table}' AND NOT startsWith(name, '_sluice_') ORDER BY position`,
  );
  const engine = found?.engine ?? '';
  for (const setting of ['fsync_after_insert = 1', 'fsync_part_directory = 1'])
    if (!engine.includes(setting)) throw new Error(`the gateway made a table without ${setting}: ${engine}`);
  const listed = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  return { table, columns: columns.map(({ name }) => name), create: `CREATE TABLE ${table} (${listed}) ENGINE = ${engine}` };
}
