import type { PipelineConfig } from '../../../src/core/config.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import type { FoundRow, Inspection, TableRange, TableView, TopicRows } from '../../../src/core/ports.ts';
import type { TableName, TableSchema } from '../../../src/core/table.ts';
import { createInspection } from '../../../src/dedupe/inspection.ts';
import { createLedger } from '../../../src/dedupe/ledgers/ledger.ts';
import { createMemoryStore } from '../../../src/dedupe/ledgers/memory.ts';
import { tablesBy } from '../../../src/dedupe/pipeline-tables.ts';
import { coordinatePrefix, coordinateStream } from '../../../src/dedupe/stream-names.ts';
import { parseColumnType } from '../../../src/map/column-type.ts';
import { resolveTable } from '../../../src/map/table-name.ts';

export const NOW = 0x0198c5a00000;

/** A ledger and tables that are told what to hold. */
export interface Bench {
  readonly ledger: Ledger;
  readonly inspection: Inspection;
  /** By `database.table`. */
  readonly schemas: Map<string, TableSchema>;
  readonly asked: TopicRows[];
  ranges: () => readonly TableRange[] | 'too-many' | Promise<readonly TableRange[]>;
  rows: () => readonly FoundRow[] | Promise<never>;
  written: bigint | undefined;
  /** Ids that were left out of the count. */
  excepted: readonly string[];
  /** Writes offsets of a topic; settled unless `open`. */
  write(
    pipeline: PipelineConfig,
    topic: string,
    runs: ReadonlyArray<readonly [partition: number, from: number, count: number]>,
    open?: 'open',
  ): Promise<string>;
}

export function schemaOf(name: TableName, columns: Readonly<Record<string, string>>, changes: Partial<TableSchema> = {}): TableSchema {
  return {
    name,
    engine: 'MergeTree',
    columns: Object.entries(columns).map(([column, typeText]) => ({
      name: column,
      typeText,
      type: parseColumnType(typeText),
      defaultKind: '',
      inKey: false,
    })),
    hasProvenance: true,
    lacks: [],
    fingerprint: '',
    ...changes,
  };
}

/** Columns of a table that keeps the coordinates of `pipelineOf`. */
export const COORDINATES = { __topic: 'String', __partition: 'Int32', __offset: 'Int64', _sluice_batch: 'UUID', _sluice_row: 'UInt32' };

let serial = 0;

export async function createBench(): Promise<Bench> {
  const ledger = await createLedger(createMemoryStore(), { now: () => NOW, retentionMs: 60_000 });
  const schemas = new Map<string, TableSchema>();
  const state: Pick<Bench, 'asked' | 'ranges' | 'rows' | 'written' | 'excepted'> = {
    asked: [],
    ranges: () => [],
    rows: () => [],
    written: 0n,
    excepted: [],
  };
  const bench = Object.assign(state, { ledger, schemas }) as Bench;
  const tables: TableView = {
    async ranges(_table, rows) {
      state.asked.push(rows);
      return await bench.ranges();
    },
    async find(_table, rows) {
      state.asked.push(rows);
      return await bench.rows();
    },
    async countWritten(_table, except) {
      bench.excepted = except;
      return await Promise.resolve(bench.written);
    },
  };
  return Object.assign(bench, {
    inspection: createInspection({
      ledger,
      tables,
      schemaOf: async ({ database, table }) => await Promise.resolve(schemas.get(`${database}.${table}`)),
      tableOf: tablesBy((pattern, topic) => resolveTable(pattern, topic, 'default')),
      promisedBy: async () => await Promise.resolve({ guarantee: 'exactly-once' as const, reasons: [] }),
      defaultDatabase: 'default',
    }),
    async write(
      pipeline: PipelineConfig,
      topic: string,
      runs: ReadonlyArray<readonly [partition: number, from: number, count: number]>,
      open?: 'open',
    ): Promise<string> {
      const id = `0198c5a0-0000-7000-8000-${String(++serial).padStart(12, '0')}`;
      let row = 0;
      const placed = runs.map(([partition, from, count]) => {
        row += count;
        return { stream: coordinateStream(coordinatePrefix(pipeline), topic, partition), from: BigInt(from), row: row - count, count };
      });
      const table = resolveTable(pipeline.table, topic, 'default');
      await ledger.begin({ id, table, rowCount: row, begunAt: NOW, runs: placed, digests: new Map() });
      if (open === undefined) ledger.commit(id);
      return id;
    },
  });
}
