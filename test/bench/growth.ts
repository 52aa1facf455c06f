import { join } from 'node:path';
import type { BenchContext } from './bench-context.ts';
import { PIPELINE, startGateway } from './gateway.ts';
import { interleave } from './rounds.ts';
import { gatewaySide } from './sides.ts';
import { compare, type Workload } from './workloads.ts';

const TIMES = 10;
const PIPELINES = 1000;
/** Within 10 % is good enough; closer than a few percent, two runs of the same thing are not alike either. */
const TARGET = { better: 'more', must: 0.9, goal: 0.97 } as const;

/** Ten times the rows of a round in the table, and ledger entries that cannot be joined, beside an empty table. */
const rows: Workload = {
  id: 'growth-rows',
  letter: 'growth',
  async run(context) {
    const shape = { senders: 16, records: 500, recordBytes: 120, figure: 'rows' } as const;
    const fresh = await startGateway(join(context.directory, 'fresh'));
    const grown = await startGateway(join(context.directory, 'grown'));
    await context.prepare(grown, 'bench-grown', shape);
    await context.load(grown, { ...shape, topic: 'bench-grown', gaps: true, seconds: context.seconds * (context.isQuick ? 1 : TIMES) });
    const rounds = await interleave(
      [
        gatewaySide(context, grown, { ...shape, topic: 'bench-grown' }),
        gatewaySide(context, fresh, { ...shape, name: 'empty', topic: newTopics(context, fresh, shape) }),
      ],
      context,
    );
    await context.verify(grown, 'bench-grown');
    await Promise.all([fresh.stop(), grown.stop()]);
    const title = `growth: A into a table with ${TIMES} × the rows of a round`;
    return { comparisons: [compare(rounds, { title, figure: 'rows', baseline: 'empty', target: TARGET })], rounds };
  },
};

/** A topic nobody has used, with its table. */
function newTopics(
  context: BenchContext,
  gateway: Awaited<ReturnType<typeof startGateway>>,
  shape: { senders: number; records: number; recordBytes: number },
): () => Promise<string> {
  let made = 0;
  return async () => {
    const topic = `bench-fresh-${++made}`;
    await context.prepare(gateway, topic, shape);
    return topic;
  };
}

/** A thousand pipelines before the one that is used, all of them found by an expression. */
const pipelines: Workload = {
  id: 'growth-pipelines',
  letter: 'growth',
  async run(context) {
    const shape = { senders: 64, records: 1, recordBytes: 120, figure: 'requests' } as const;
    const count = context.isQuick ? 50 : PIPELINES;
    const others = Array.from({ length: count - 1 }, (_, i) => `p${i}: { topics: ['/p${i}\\..*/'] }`);
    const one = await startGateway(join(context.directory, 'one'));
    const many = await startGateway(join(context.directory, 'many'), { pipelines: [...others, PIPELINE] });
    for (const gateway of [one, many]) await context.prepare(gateway, 'bench-growth', shape);
    const rounds = await interleave(
      [
        gatewaySide(context, many, { ...shape, topic: 'bench-growth' }),
        gatewaySide(context, one, { ...shape, topic: 'bench-growth', name: 'one' }),
      ],
      context,
    );
    for (const gateway of [one, many]) await context.verify(gateway, 'bench-growth');
    await Promise.all([one.stop(), many.stop()]);
    const title = `growth: C, 64 connections, with ${count.toLocaleString('en-US')} pipelines`;
    return { comparisons: [compare(rounds, { title, figure: 'requests', baseline: 'one', target: TARGET })], rounds };
  },
};

/** What must not become slower with the years. */
export const GROWTH: readonly Workload[] = [rows, pipelines];
