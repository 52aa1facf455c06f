import { mkdtempSync, rmSync } from 'node:fs';
import { ANONYMOUS } from '../../src/core/identity.ts';
import type { RowSet } from '../../src/core/insert.ts';
import type { Destination } from '../../src/core/ports.ts';
import { encodeRows } from '../../src/insert/block.ts';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { createIds } from '../../src/ops/ids.ts';

/** The embedded engine on a directory of its own. One per process: the engine allows no second directory. */
export interface TestEngine {
  readonly destination: Destination;
  /** Writes rows as the mapper made them, in one block. */
  insertRows(rows: RowSet): Promise<void>;
  /** Writes lines of JSONEachRow into columns of `default.table`. */
  insertLines(table: string, columns: readonly string[], lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function createTestEngine(): Promise<TestEngine> {
  const directory = mkdtempSync('/tmp/sluice-engine-');
  const destination = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, directory);
  const newId = createIds(Date.now);
  const insert = async (table: RowSet['table']['name'], columns: readonly string[], data: Buffer, rowCount: number): Promise<void> => {
    const id = newId();
    await destination.insert({ table, columns, data: [data], format: 'JSONEachRow', rowCount, queryId: id, token: id });
  };
  return {
    destination,
    async insertRows({ table, columns, rows, ordinals }) {
      const run = { stream: ANONYMOUS, from: 0n, row: 0, count: ordinals.length };
      await insert(table.name, columns, encodeRows(rows, [run], undefined), ordinals.length);
    },
    async insertLines(table, columns, lines) {
      await insert({ database: 'default', table }, columns, Buffer.from(lines.map((line) => `${line}\n`).join('')), lines.length);
    },
    async close() {
      await destination.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
