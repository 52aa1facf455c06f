import { setTimeout as wait } from 'node:timers/promises';
import { type Line, openLine, openLines } from './line.ts';
import { headOf } from './load.ts';
import { createTemplate } from './records.ts';

/** Far more requests than the gateway can take. */
export interface FloodOrder {
  readonly kind: 'flood';
  readonly port: number;
  readonly key: string;
  readonly topic: string;
  readonly senders: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly seconds: number;
}

export interface FloodReport {
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests whose connection ended without an answer. */
  readonly unanswered: number;
  /** From the end of the flood to the first 200 for somebody else. */
  readonly recoveryMs: number;
}

/** A sender that was refused comes back sooner than it was told to. */
const PAUSE_AFTER_REFUSAL_MS = 100;
const PAUSE_IN_RECOVERY_MS = 20;
const KEY_DIGITS = 9;

/** Floods a pipeline that recognises records by the key of their request: one body for all senders, each time under another key. */
export async function flood(order: FloodOrder): Promise<FloodReport> {
  const { port, records, recordBytes, senders, seconds } = order;
  const { bytes: body } = createTemplate({ records, recordBytes, partition: 0, framing: 'array' });
  let keys = Date.now() % 1e6;
  const request = (): Buffer[] => {
    const key = String(++keys).padStart(KEY_DIGITS, '0');
    return [Buffer.from(headOf(order, body.length, `Idempotency-Key: flood-${key}\r\n\r\n`)), body];
  };
  const statuses: Record<number, number> = {};
  let unanswered = 0;
  const end = performance.now() + seconds * 1000;
  const sender = async (first: Line): Promise<void> => {
    let line = first;
    while (performance.now() < end) {
      const status = await attempt(async () => {
        if (!line.isOpen()) line = await openLine(port);
        return (await line.send(request())).status;
      });
      if (status === undefined) unanswered += 1;
      else statuses[status] = (statuses[status] ?? 0) + 1;
      if (status !== 200) await wait(PAUSE_AFTER_REFUSAL_MS);
    }
    line.close();
  };
  await Promise.all((await openLines(port, senders)).map(sender));

  const stopped = performance.now();
  for (;;) {
    const status = await attempt(async () => {
      const line = await openLine(port);
      const answer = await line.send(request());
      line.close();
      return answer.status;
    });
    if (status === 200) return { statuses, unanswered, recoveryMs: performance.now() - stopped };
    await wait(PAUSE_IN_RECOVERY_MS);
  }
}

async function attempt(work: () => Promise<number>): Promise<number | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
