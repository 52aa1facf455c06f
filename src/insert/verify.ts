/**
 * Which rows of a batch are in the table.
 *
 * Invariant: an answer is what the table holds while no statement of the batch runs any more, read where the batch was written. A table that cannot
 * be asked gives no answer. Proved by `test/unit/insert/verify.test.ts` and `test/simulation/`.
 */
import { type Destination, DestinationError } from '../core/ports.ts';
import { PROVENANCE, type TableName } from '../core/table.ts';
import { quoteIdentifier } from './settings.ts';

/** Rows of a batch that are in its table: all, none, or these numbers, ascending. */
export type Presence = 'all' | 'none' | readonly number[];

/** A batch that is looked for. */
export interface Sought {
  readonly id: string;
  readonly rowCount: number;
}

/** So many batches are asked for in one statement. */
const BATCHES_A_QUERY = 1000;

/** A statement of the batch is still running, so that nothing it does can be known yet. */
export class StillRunning extends Error {
  constructor() {
    super('a statement of the batch is still running');
    this.name = 'StillRunning';
  }
}

type Source = Pick<Destination, 'select' | 'execute' | 'kind'>;

/**
 * Looks for batches of one table.
 * @throws StillRunning; DestinationError when the table cannot be asked, with code 47 when it has no provenance columns and 60 when it is gone.
 */
export async function verifyBatches(
  destination: Source,
  { table, replicated }: { readonly table: TableName; readonly replicated: boolean },
  batches: readonly Sought[],
): Promise<Map<string, Presence>> {
  const found = new Map<string, Presence>(batches.map(({ id }) => [id, 'none']));
  const name = `${quoteIdentifier(table.database)}.${quoteIdentifier(table.table)}`;
  for (let i = 0; i < batches.length; i += BATCHES_A_QUERY) {
    const some = batches.slice(i, i + BATCHES_A_QUERY);
    await refuseRunning(destination, some);
    // What another replica took in has to be here before it is counted.
    if (replicated) await destination.execute(`SYSTEM SYNC REPLICA ${name}`);
    const sizes = new Map(some.map(({ id, rowCount }) => [id, rowCount]));
    const ids = [...sizes.keys()].map((id) => `'${id}'`).join(',');
    const rows = await destination.select<{ batch: string; present: string }>(
      `SELECT toString(${PROVENANCE.batch}) AS batch, uniqExact(${PROVENANCE.row}) AS present FROM ${name} WHERE ${PROVENANCE.batch} IN (${ids}) GROUP BY batch`,
    );
    for (const { batch, present } of rows)
      found.set(batch, Number(present) >= (sizes.get(batch) ?? 0) ? 'all' : await presentRows(destination, name, batch));
  }
  return found;
}

/** Looks for one batch. */
export async function verifyBatch(
  destination: Source,
  table: { readonly table: TableName; readonly replicated: boolean },
  batch: Sought,
): Promise<Presence> {
  return (await verifyBatches(destination, table, [batch])).get(batch.id) ?? 'none';
}

async function presentRows(destination: Source, name: string, id: string): Promise<number[]> {
  const rows = await destination.select<{ row: number }>(
    `SELECT DISTINCT ${PROVENANCE.row} AS row FROM ${name} WHERE ${PROVENANCE.batch} = {id:UUID} ORDER BY row`,
    { id },
  );
  return rows.map(({ row }) => row);
}

/** The embedded engine answers only when a statement has ended; a server may go on with one whose connection is lost. */
async function refuseRunning(destination: Source, batches: readonly Sought[]): Promise<void> {
  if (destination.kind === 'embedded') return;
  const wanted = new Set(batches.map(({ id }) => id));
  const running = await destination.select<{ query_id: string }>("SELECT query_id FROM system.processes WHERE query_kind = 'Insert'");
  if (running.some(({ query_id: id }) => wanted.has(id.slice(0, 36)))) throw new StillRunning();
}

/** Whether the error says that there is no such table now. */
export function isTableGone(error: unknown): error is DestinationError {
  return error instanceof DestinationError && [60, 81].includes(error.clickhouseCode ?? 0);
}

/** Whether the error says that there is no table, or that it has no provenance: then no row of the batch can be told from others. */
export function isUnverifiable(error: unknown): boolean {
  return error instanceof DestinationError && [47, 60, 81].includes(error.clickhouseCode ?? 0);
}
