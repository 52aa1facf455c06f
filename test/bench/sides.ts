import type { BenchContext, LoadShape, TableLike } from './bench-context.ts';
import type { Child } from './calls.ts';
import type { EngineOrder, InsertReport } from './engine.ts';
import type { BenchGateway } from './gateway.ts';
import type { LoadOrder } from './load.ts';
import { cpuSeconds } from './processes.ts';
import type { Measurement } from './results.ts';
import type { Side } from './rounds.ts';

/** The figures that are compared. */
export const FIGURES = {
  rows: { unit: 'rows/s', of: (report: InsertReport, records: number) => (report.requests * records) / report.seconds },
  requests: { unit: 'requests/s', of: (report: InsertReport) => report.requests / report.seconds },
  latency: { unit: 'ms', of: (report: InsertReport) => report.p50Ms },
} as const;
export type Figure = keyof typeof FIGURES;

/** Rows of a block of the ceiling. */
const CEILING_BLOCK = 100_000;

type Report = Omit<InsertReport, 'putOff'> & Partial<InsertReport> & { readonly senderCpu?: number };

function measurement(figure: Figure, records: number, report: Report, more: Readonly<Record<string, number | undefined>>): Measurement {
  const whole = { putOff: 0, ...report };
  const details = { ...whole, rows: whole.requests * records, ...more };
  const given = Object.entries(details).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return { value: FIGURES[figure].of(whole, records), ...Object.fromEntries(given) };
}

/** Posts to the gateway, each sender in a partition of its own. */
export function gatewaySide(
  context: BenchContext,
  gateway: BenchGateway,
  options: LoadShape & {
    readonly name?: string;
    /** A function: another topic for each round. */
    readonly topic: string | (() => Promise<string>);
    readonly figure: Figure;
    readonly again?: boolean;
    readonly bad?: boolean;
    readonly schemaId?: number;
  },
): Side {
  const { name = 'gateway', figure, topic, again = false, bad = false, schemaId, senders, records, recordBytes, wide = false } = options;
  return {
    name,
    process: gateway,
    async measure(seconds) {
      const named = typeof topic === 'string' ? topic : await topic();
      const before = cpuSeconds(gateway.pid);
      const order = {
        topic: named,
        senders,
        records,
        recordBytes,
        seconds: again ? 'again' : seconds,
        bad,
        wide,
        ...(schemaId === undefined ? {} : { schemaId }),
      } as const;
      const report = await context.load(gateway, order);
      const after = cpuSeconds(gateway.pid);
      const gatewayCpu = before === undefined || after === undefined ? undefined : (after - before) / report.seconds;
      return measurement(figure, records, report, { gatewayCpu, megabytes: report.bodyBytes / 1e6 });
    },
  };
}

/** The same bodies inserted as they come, each by an INSERT of its own. */
export function directSide(engine: Child, { table, columns }: TableLike, shape: LoadShape, figure: Figure): Side {
  return engineSide('direct', engine, { table, columns }, { ...shape, figure });
}

/** The same records in blocks as large as one would make them, one after the other. */
export function ceilingSide(engine: Child, table: TableLike, { recordBytes }: LoadShape): Side {
  return engineSide('ceiling', engine, table, { senders: 1, records: CEILING_BLOCK, recordBytes, figure: 'rows' });
}

function engineSide(name: string, engine: Child, { table, columns }: TableLike, shape: LoadShape & { readonly figure: Figure }): Side {
  const { figure, senders, records, recordBytes, wide = false } = shape;
  return {
    name,
    process: engine,
    async measure(seconds) {
      const order: EngineOrder = { kind: 'insert', table, columns, senders, records, recordBytes, wide, seconds };
      return measurement(figure, records, await engine.call<InsertReport>(order), {});
    },
  };
}

/** The same requests to a server that only reads them. */
export function floorSide(context: BenchContext, floor: { readonly child: Child; readonly port: number }, shape: LoadShape): Side {
  const order = { topic: 'bench-floor', statusOnly: true, ...shape } satisfies Partial<LoadOrder>;
  return {
    name: 'floor of HTTP',
    process: floor.child,
    async measure(seconds) {
      const report = await context.load({ port: floor.port, key: 'none' }, { ...order, seconds });
      return measurement('requests', shape.records, report, {});
    },
  };
}
