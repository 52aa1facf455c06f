import { mkdtempSync, rmSync } from 'node:fs';
import type { RowSet } from '../../src/core/insert.ts';
import type { Destination } from '../../src/core/ports.ts';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { createInserter } from '../../src/insert/inserter.ts';
import { createIds } from '../../src/ops/ids.ts';

/** The embedded engine on a directory of its own. One per process: the engine allows no second directory. */
export interface TestEngine {
  readonly destination: Destination;
  /** Writes rows as the gateway does. */
  insertRows(rows: RowSet): Promise<unknown>;
  /** Writes lines of JSONEachRow into columns of `default.table`. */
  insertLines(table: string, columns: readonly string[], lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function createTestEngine(): Promise<TestEngine> {
  const directory = mkdtempSync('/tmp/sluice-engine-');
  const destination = await createEmbeddedDestination({ embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 }, directory);
  const newId = createIds(Date.now);
  return {
    destination,
    insertRows: createInserter({ destination, newId }),
    async insertLines(table, columns, lines) {
      const id = newId();
      const data = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      await destination.insert({
        table: { database: 'default', table },
        columns,
        data,
        format: 'JSONEachRow',
        rowCount: lines.length,
        batchId: id,
        token: id,
      });
    },
    async close() {
      await destination.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
