/**
 * What is still to be written of a delivery.
 *
 * Invariant: each row of the runs ends in exactly one of fresh, done and busy, and a position that is done or busy is never fresh.
 * Pure. Proved against a set model by `test/property/plan.test.ts`.
 */
import { ANONYMOUS, type Interval, lastOf, type Run } from '../core/identity.ts';
import { missingFrom, normalize } from './ranges.ts';

/** Who is writing a position now. */
export interface Busy<Owner> {
  readonly from: bigint;
  readonly to: bigint;
  readonly owner: Owner;
}

/** What is known of a stream within [from, to]. */
export interface Known<Owner> {
  done(stream: string, from: bigint, to: bigint): readonly Interval[];
  /** Positions being written; they overlap neither each other nor, for longer than a moment, what is done. */
  busy(stream: string, from: bigint, to: bigint): ReadonlyArray<Busy<Owner>>;
}

export interface Plan<Owner> {
  /** To be written, in the order of the rows. */
  readonly fresh: readonly Run[];
  /** How many rows are done. */
  readonly done: number;
  /** Whoever is writing some of the rows now. Not empty: wait for them and plan again. */
  readonly owners: ReadonlySet<Owner>;
}

/** Splits runs. They must not overlap each other. */
export function planRuns<Owner>(runs: readonly Run[], known: Known<Owner>): Plan<Owner> {
  const fresh: Run[] = [];
  const owners = new Set<Owner>();
  let done = 0;
  for (const run of runs) {
    if (run.stream === ANONYMOUS) {
      fresh.push(run);
      continue;
    }
    const last = lastOf(run);
    const finished = known.done(run.stream, run.from, last);
    const busy = known.busy(run.stream, run.from, last);
    if (finished.length === 0 && busy.length === 0) {
      fresh.push(run);
      continue;
    }
    let open = run.count;
    for (const part of missingFrom(finished, { from: run.from, to: last })) {
      open -= Number(part.to - part.from) + 1;
      const written = normalize(busy.filter(({ from, to }) => from <= part.to && to >= part.from));
      for (const { from, to, owner } of busy) if (from <= part.to && to >= part.from) owners.add(owner);
      for (const { from, to } of missingFrom(written, part)) fresh.push(partOf(run, from, to));
    }
    done += open;
  }
  return { fresh, done, owners };
}

function partOf({ stream, from: first, row }: Run, from: bigint, to: bigint): Run {
  return { stream, from, row: row + Number(from - first), count: Number(to - from) + 1 };
}
