import { join } from 'node:path';
import type { FloodOrder, FloodReport } from './flood.ts';
import { startGateway } from './gateway.ts';
import { residentMiB } from './processes.ts';
import type { Workload } from './workloads.ts';

const LIMITS = 'limits: { in_flight: 256MiB, inflated: 64MiB, body: 16MiB }';
const SHAPE = { records: 500, recordBytes: 1600 };
const SENDERS = 640;
const LOOK_EVERY_MS = 50;

/** I: ten times the senders the gateway has room for, with large bodies. */
export const OVERLOAD: Workload = {
  id: 'I',
  letter: 'I',
  async run(context) {
    const pipelines = ["bench: { topics: ['/bench-.*/'], unknown_fields: evolve, identity: key }"];
    const gateway = await startGateway(join(context.directory, 'overload'), { pipelines, more: LIMITS });
    const idle = residentMiB(gateway.pid) ?? 0;
    const order = { kind: 'flood', port: gateway.port, key: gateway.key, topic: 'bench-i', ...SHAPE } as const;
    // What one sender at a time makes of it is the memory it needs anyway.
    await context.sender.call<FloodReport>({ ...order, senders: 1, seconds: context.seconds } satisfies FloodOrder);
    const calm = residentMiB(gateway.pid) ?? 0;
    const before = residentMiB(gateway.pid, 'VmHWM') ?? 0;
    let peak = calm;
    const look = setInterval(() => (peak = Math.max(peak, residentMiB(gateway.pid) ?? 0)), LOOK_EVERY_MS);
    const flooding: FloodOrder = { ...order, senders: context.isQuick ? 64 : SENDERS, seconds: context.seconds * 3 };
    const { statuses, unanswered, recoveryMs } = await context.sender.call<FloodReport>(flooding);
    clearInterval(look);
    const highest = residentMiB(gateway.pid, 'VmHWM') ?? 0;
    if (highest > before) peak = highest;
    await gateway.stop();

    const of = (status: number): number => statuses[status] ?? 0;
    const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    const other = all - of(200) - of(429) - of(503);
    const line = (title: string, unit: string, value: number, must: number, goal?: number) => ({
      title: `I: ${title}`,
      unit,
      gateway: [value],
      target: { better: 'less', must, ...(goal === undefined ? {} : { goal }) } as const,
    });
    return {
      comparisons: [
        line(`${flooding.senders} senders of 0.8 MB: memory over that of one sender`, 'MiB', peak - calm, 512, 256),
        line('answers other than 200, 429 and 503', '', other, 0),
        line('requests without an answer', '', unanswered, 0),
        line('time to the first 200 afterwards', 's', recoveryMs / 1000, 5),
      ],
      rounds: {
        gateway: [{ value: peak - calm, idle, calm, peak, stored: of(200), refused: of(429) + of(503), other, unanswered, recoveryMs }],
      },
    };
  },
};
