/** The workloads that compare loads: A, B, C, D, G and H. */
import type { BenchContext, LoadShape } from './bench-context.ts';
import type { Comparison, Measurement, Target } from './results.ts';
import { interleave, type Side } from './rounds.ts';
import { ceilingSide, directSide, FIGURES, type Figure, floorSide, gatewaySide } from './sides.ts';

/** What a workload found: lines of the table, and every round by side. */
export interface Found {
  readonly comparisons: readonly Comparison[];
  readonly rounds: Readonly<Record<string, readonly Measurement[]>>;
}

/** A workload; `letter` is what `--only` names. */
export interface Workload {
  readonly id: string;
  readonly letter: string;
  /** Why it is left out unless `--only` names it. */
  readonly skip?: string;
  run(context: BenchContext): Promise<Found>;
}

const more = (must: number, goal: number): Target => ({ better: 'more', must, goal });
const less = (must: number, goal: number): Target => ({ better: 'less', must, goal });

const SMALL = 120;
const LARGE = 1600;
/** MB/s on one core: what the managed service beside which the gateway stands publishes. */
const PUBLISHED_MB_PER_CORE = 63;

type Baseline = 'direct' | 'ceiling' | 'floor of HTTP';

function beside(
  id: string,
  shape: LoadShape,
  figure: Figure,
  against: ReadonlyArray<{ readonly title: string; readonly baseline: Baseline; readonly target: Target }>,
): Workload {
  return {
    id,
    letter: id.charAt(0),
    async run(context) {
      const gateway = await context.gateway();
      const topic = `bench-${id.toLowerCase()}`;
      const names = new Set(against.map(({ baseline }) => baseline));
      const direct = names.has('direct') ? await context.engine('direct') : undefined;
      const ceiling = names.has('ceiling') ? await context.engine('ceiling') : undefined;
      const engines = [direct, ceiling].filter((engine) => engine !== undefined);
      const table = await context.prepare(gateway, topic, shape, engines);
      const sides: Side[] = [gatewaySide(context, gateway, { topic, figure, ...shape })];
      if (direct !== undefined) sides.push(directSide(direct, table, shape, figure));
      if (ceiling !== undefined) sides.push(ceilingSide(ceiling, table, shape));
      if (names.has('floor of HTTP')) sides.push(floorSide(context, await context.floor(), shape));
      const rounds = await interleave(sides, context);
      await context.verify(gateway, topic);
      const comparisons = against.map(({ title, baseline, target }) => compare(rounds, { title, figure, baseline, target }));
      return { comparisons, rounds };
    },
  };
}

/** A line of the table from the rounds of the gateway's side and another one. */
export function compare(
  rounds: Readonly<Record<string, readonly Measurement[]>>,
  line: {
    readonly title: string;
    readonly figure: Figure;
    readonly gateway?: string;
    readonly baseline: string;
    readonly target: Target;
  },
): Comparison {
  const { title, figure, gateway = 'gateway', baseline, target } = line;
  const valuesOf = (side: string): number[] => (rounds[side] ?? []).map(({ value }) => value);
  return {
    title,
    unit: FIGURES[figure].unit,
    gateway: valuesOf(gateway),
    baseline: { name: baseline, values: valuesOf(baseline) },
    target,
  };
}

const large: Workload = {
  id: 'B',
  letter: 'B',
  async run(context) {
    const gateway = await context.gateway();
    const shape = { senders: 16, records: 500, recordBytes: LARGE };
    await context.prepare(gateway, 'bench-b', shape);
    const rounds = await interleave([gatewaySide(context, gateway, { topic: 'bench-b', figure: 'rows', ...shape })], context);
    await context.verify(gateway, 'bench-b');
    const values = (rounds['gateway'] ?? []).map(({ megabytes = 0, seconds = 1 }) => megabytes / seconds / context.cores);
    const baseline = { name: 'published', values: [PUBLISHED_MB_PER_CORE] };
    const title = 'B: 500 records of 1.6 kB, 16 senders';
    return { comparisons: [{ title, unit: 'MB/s a core', gateway: values, baseline, target: more(1, 2) }], rounds };
  },
};

/** Two sides of the gateway itself. */
function within(id: string, extra: { readonly again?: true; readonly bad?: true }, line: { title: string; target: Target }): Workload {
  return {
    id,
    letter: id,
    async run(context) {
      const gateway = await context.gateway();
      const shape = { senders: 16, records: 500, recordBytes: SMALL, figure: 'rows' } as const;
      const topic = `bench-${id.toLowerCase()}`;
      await context.prepare(gateway, topic, shape);
      const rounds = await interleave(
        [
          gatewaySide(context, gateway, { ...shape, topic, name: 'A' }),
          gatewaySide(context, gateway, { ...shape, topic: extra.bad === true ? `${topic}-bad` : topic, ...extra }),
        ],
        context,
      );
      await context.verify(gateway, topic);
      return { comparisons: [compare(rounds, { ...line, figure: 'rows', baseline: 'A' })], rounds };
    },
  };
}

/** Letters A to D, G and H. */
export const WORKLOADS: readonly Workload[] = [
  beside('A16', { senders: 16, records: 500, recordBytes: SMALL }, 'rows', [
    { title: 'A: 500 records of 120 bytes, 16 senders', baseline: 'direct', target: more(3.5, 8) },
  ]),
  beside('A64', { senders: 64, records: 500, recordBytes: SMALL }, 'rows', [
    { title: 'A: the same, 64 senders', baseline: 'direct', target: more(5, 10) },
    { title: 'A: the same, 64 senders', baseline: 'ceiling', target: more(0.35, 0.7) },
  ]),
  large,
  beside('C64', { senders: 64, records: 1, recordBytes: SMALL }, 'requests', [
    { title: 'C: one record a request, 64 connections', baseline: 'direct', target: more(15, 40) },
  ]),
  beside('C1024', { senders: 1024, records: 1, recordBytes: SMALL }, 'requests', [
    { title: 'C: one record a request, 1,024 connections', baseline: 'floor of HTTP', target: more(0.08, 0.3) },
  ]),
  beside('D1', { senders: 1, records: 1, recordBytes: SMALL }, 'latency', [
    { title: 'D: median time to the answer, 1 record, one sender', baseline: 'direct', target: less(1.4, 1.1) },
  ]),
  beside('D500', { senders: 1, records: 500, recordBytes: SMALL }, 'latency', [
    { title: 'D: the same, 500 records', baseline: 'direct', target: less(1.4, 1.1) },
  ]),
  {
    ...within('G', { bad: true }, { title: 'G: A with 1 % bad records', target: more(0.8, 0.95) }),
    skip: 'needs on_error: quarantine',
  },
  within('H', { again: true }, { title: 'H: everything of A sent again', target: more(2, 4) }),
];
