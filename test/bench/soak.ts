import type { BenchContext } from './bench-context.ts';
import { residentMiB } from './processes.ts';

const MINUTE_S = 60;

/** Prints the gateway's memory under load, minute by minute. */
export async function soak(context: BenchContext, minutes: number): Promise<void> {
  const gateway = await context.gateway();
  const shape = { topic: 'bench-soak', senders: 16, records: 500, recordBytes: 120 };
  await context.prepare(gateway, shape.topic, shape);
  const memory = (): string => `${Math.round(residentMiB(gateway.pid) ?? 0)} MiB`;
  console.log(`resident memory at the start: ${memory()}`);
  for (let done = 0; done < minutes; ) {
    const part = Math.min(1, minutes - done);
    const { requests } = await context.load(gateway, { ...shape, seconds: part * MINUTE_S });
    done += part;
    console.log(`after ${Number(done.toFixed(2))} min: ${memory()}, ${requests * shape.records} rows`);
  }
}
