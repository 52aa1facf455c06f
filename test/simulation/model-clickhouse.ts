import type { Insert } from '../../src/core/insert.ts';
import { type Destination, DestinationError } from '../../src/core/ports.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A row as it is in the table. */
export interface StoredRow {
  readonly batch: string;
  readonly row: number;
  readonly id: string;
  readonly value: string;
}

/** How often things go wrong, each from 0 to 1. */
export interface Faults {
  /** The rows are stored and the answer is lost. */
  lostReply: number;
  /** Nothing is stored and the answer is lost. */
  lostRequest: number;
  /** The answer is lost, and the rows are stored some time later. */
  lateArrival: number;
  /** The answer is lost while the statement goes on. */
  stillRunning: number;
  /** The server dies between remembering the token and keeping the rows: the next insert with the token is confirmed and stores nothing. */
  swallowed: number;
  /** Some of the rows are stored, and an error is answered that says nothing of it. */
  partial: number;
  /** ClickHouse asks to slow down. */
  backOff: number;
  /** A statement that reads fails. */
  unreadable: number;
}

export interface ModelClickHouse {
  readonly rows: StoredRow[];
  faults: Faults;
  /** The server as one process sees it. */
  destinationFor(isAlive: () => boolean): Pick<Destination, 'insert' | 'select' | 'execute' | 'kind'>;
}

export const NO_FAULTS: Faults = {
  lostReply: 0,
  lostRequest: 0,
  lateArrival: 0,
  stillRunning: 0,
  swallowed: 0,
  partial: 0,
  backOff: 0,
  unreadable: 0,
};

const unknown = (): DestinationError => new DestinationError('lost', { failure: 'unknown-outcome', applied: 'unknown' });

/** A server with one table. A row whose value is `poison` breaks a constraint. */
export function createModelClickHouse(time: VirtualTime, random: Random): ModelClickHouse {
  const rows: StoredRow[] = [];
  const tokens = new Set<string>();
  const running = new Set<string>();

  const parse = ({ data }: Insert): StoredRow[] =>
    Buffer.concat([...data])
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { _sluice_batch: batch, _sluice_row: row, id, value } = JSON.parse(line) as Record<string, string>;
        return { batch: batch!, row: Number(row), id: id!, value: value! };
      });
  const store = (insert: Insert, block: readonly StoredRow[]): void => {
    if (tokens.has(insert.token)) return;
    tokens.add(insert.token);
    rows.push(...block);
  };
  const refusal = (block: readonly StoredRow[]): DestinationError | undefined => {
    const at = block.findIndex(({ value }) => value === 'poison');
    if (at === -1) return undefined;
    // Some constraints do not say which row it was.
    const place = random.chance(0.7) ? { row: at } : {};
    return new DestinationError('a row was refused', { failure: 'row', applied: 'no', clickhouseCode: 469, ...place });
  };

  const take = (insert: Insert, answer: (error?: DestinationError) => void): void => {
    const { faults } = model;
    const block = parse(insert);
    const known = tokens.has(insert.token);
    const wrong = known ? undefined : refusal(block);
    const soon = random.between(1, 20);
    if (random.chance(faults.lostRequest)) return time.after(soon, () => answer(unknown()));
    if (random.chance(faults.backOff))
      return time.after(soon, () => answer(new DestinationError('slow down', { failure: 'back-off', applied: 'no', clickhouseCode: 252 })));
    if (wrong !== undefined) return time.after(soon, () => answer(random.chance(faults.lostReply) ? unknown() : wrong));
    if (random.chance(faults.lateArrival)) {
      time.after(random.between(soon, 900), () => store(insert, block));
      return time.after(soon, () => answer(unknown()));
    }
    if (random.chance(faults.stillRunning)) {
      running.add(insert.queryId);
      time.after(random.between(soon, 3000), () => {
        store(insert, block);
        running.delete(insert.queryId);
      });
      return time.after(soon, () => answer(unknown()));
    }
    if (random.chance(faults.swallowed)) {
      tokens.add(insert.token);
      return time.after(soon, () => answer(unknown()));
    }
    if (!known && random.chance(faults.partial)) {
      tokens.add(insert.token);
      rows.push(...block.filter(() => random.chance(0.5)));
      return time.after(soon, () => answer(unknown()));
    }
    time.after(random.between(0, soon), () => store(insert, block));
    time.after(soon, () => answer(random.chance(faults.lostReply) ? unknown() : undefined));
  };

  const read = (sql: string, params: Readonly<Record<string, string>> = {}): unknown[] => {
    if (sql.includes('system.processes')) return [...running].map((id) => ({ query_id: id }));
    if (sql.includes('uniqExact')) {
      const wanted = new Set(/IN \((.*)\)/.exec(sql)?.[1]?.replaceAll("'", '').split(','));
      const present = new Map<string, Set<number>>();
      for (const { batch, row } of rows) if (wanted.has(batch)) present.set(batch, (present.get(batch) ?? new Set()).add(row));
      return [...present].map(([batch, found]) => ({ batch, present: String(found.size) }));
    }
    if (sql.includes('SELECT DISTINCT'))
      return [...new Set(rows.filter(({ batch }) => batch === params['id']).map(({ row }) => row))]
        .toSorted((a, b) => a - b)
        .map((row) => ({ row }));
    throw new Error(`the model knows no such statement: ${sql}`);
  };

  const model: ModelClickHouse = {
    rows,
    faults: NO_FAULTS,
    destinationFor: (isAlive) => ({
      kind: 'clickhouse',
      insert: async (insert) =>
        await new Promise((resolve, reject) => {
          take(insert, (error) => {
            if (!isAlive()) return;
            if (error === undefined) resolve();
            else reject(error);
          });
        }),
      select: async <Row>(sql: string, params?: Readonly<Record<string, string>>) =>
        await new Promise<Row[]>((resolve, reject) => {
          time.after(random.between(0, 5), () => {
            if (!isAlive()) return;
            if (random.chance(model.faults.unreadable)) reject(unknown());
            else resolve(read(sql, params) as Row[]);
          });
        }),
      execute: async () => await Promise.resolve(),
    }),
  };
  return model;
}
