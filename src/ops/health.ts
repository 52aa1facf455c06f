import { type Destination, DestinationError } from '../core/ports.ts';

/** Whether records can be stored, and if not, why: one sentence each. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Anybody may ask, so ClickHouse is asked at most once in this time. */
const FRESH_MS = 500;

/** A probe of `destination`; `others` are reasons known without asking it. */
export function createReadiness(
  destination: Pick<Destination, 'select'>,
  now: () => number,
  others: () => readonly string[],
): () => Promise<Readiness> {
  let last: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;
  return async () => {
    if (last === undefined || now() - last.at > FRESH_MS) last = { at: now(), answer: probe(destination) };
    const { reasons } = await last.answer;
    const all = [...others(), ...reasons];
    return { ready: all.length === 0, reasons: all };
  };
}

async function probe(destination: Pick<Destination, 'select'>): Promise<Readiness> {
  try {
    await destination.select('SELECT 1 AS one');
    return { ready: true, reasons: [] };
  } catch (error) {
    return { ready: false, reasons: [error instanceof DestinationError ? error.message : 'ClickHouse is not reachable'] };
  }
}
