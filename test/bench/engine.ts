/**
 * The process of a baseline: the engine alone, with the gateway's own settings for an INSERT, and nothing in front of it.
 * Argument: its data directory.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { DestinationError } from '../../src/core/ports.ts';
import { createEmbeddedDestination } from '../../src/insert/destinations/embedded.ts';
import { createIds } from '../../src/ops/ids.ts';
import { answerCalls } from './calls.ts';
import { createTemplate, FIRST_OFFSET, type Template } from './records.ts';
import { quantile } from './statistics.ts';

/** Bodies inserted as they are, each by an INSERT of its own, by senders that wait for it. */
export interface InsertOrder {
  readonly kind: 'insert';
  readonly table: string;
  readonly columns: readonly string[];
  readonly senders: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly wide?: boolean;
  readonly seconds: number;
}

export type EngineOrder = InsertOrder | { readonly kind: 'execute'; readonly sql: string } | { readonly kind: 'version' };

export interface InsertReport {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Inserts that ClickHouse put off because the table had too many parts. */
  readonly putOff: number;
}

const PAUSE_WHEN_PUT_OFF_MS = 100;

const destination = await createEmbeddedDestination(
  { embedded: true, database: 'default', maxMemoryBytes: 2 * 1024 ** 3 },
  process.argv[2] ?? '',
);
const newId = createIds(Date.now);
const next = new Map<string, number>();

answerCalls(async (order: EngineOrder) => {
  if (order.kind === 'version') return await destination.version();
  if (order.kind === 'insert') return await insert(order);
  return await destination.execute(order.sql);
});

async function insert(order: InsertOrder): Promise<InsertReport> {
  const { senders, records, recordBytes, wide = false, seconds } = order;
  const templates = Array.from({ length: senders }, (_, partition) =>
    createTemplate({ records, recordBytes, wide, partition, framing: 'lines' }),
  );
  const started = performance.now();
  const end = started + seconds * 1000;
  const times: number[] = [];
  let putOff = 0;
  const sender = async (template: Template, partition: number): Promise<void> => {
    const key = `${order.table} ${partition}`;
    let offset = next.get(key) ?? FIRST_OFFSET;
    do {
      template.stamp(offset);
      const before = performance.now();
      if (await insertOnce(order, template)) {
        times.push(performance.now() - before);
        offset += records;
      } else {
        putOff += 1;
        await wait(PAUSE_WHEN_PUT_OFF_MS);
      }
    } while (performance.now() < end);
    next.set(key, offset);
  };
  await Promise.all(templates.map(sender));
  const elapsed = (performance.now() - started) / 1000;
  return { requests: times.length, seconds: elapsed, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), putOff };
}

/** Whether ClickHouse took it. */
async function insertOnce({ table, columns, records }: InsertOrder, { bytes }: Template): Promise<boolean> {
  const id = newId();
  try {
    await destination.insert({
      table: { database: 'default', table },
      columns,
      data: [bytes],
      format: 'JSONEachRow',
      rowCount: records,
      queryId: id,
      token: id,
    });
    return true;
  } catch (error) {
    if (error instanceof DestinationError && error.failure === 'back-off') return false;
    throw error;
  }
}
