/**
 * Who is writing which positions now.
 *
 * Invariant: a position has at most one owner, from before its batch is begun until the batch is settled.
 * Proved by `test/unit/dedupe/claims.test.ts`.
 */
import { ANONYMOUS, lastOf, type Run } from '../core/identity.ts';
import type { Busy } from './plan.ts';
import { firstEndingFrom } from './ranges.ts';

export interface InFlight<Owner> {
  busy(stream: string, from: bigint, to: bigint): ReadonlyArray<Busy<Owner>>;
  take(runs: readonly Run[], owner: Owner): void;
  release(owner: Owner): void;
}

const NOBODY: never[] = [];

/** Nobody writes anything yet. */
export function createInFlight<Owner extends object>(): InFlight<Owner> {
  /** Ascending: no two of a stream overlap, because a position has one owner. */
  const streams = new Map<string, Array<Busy<Owner>>>();
  const held = new Map<Owner, Set<string>>();
  return {
    busy(stream, from, to) {
      const all = streams.get(stream);
      if (all === undefined) return NOBODY;
      const start = firstEndingFrom(all, from);
      let end = start;
      while (end < all.length && all[end]!.from <= to) end++;
      return all.slice(start, end);
    },
    take(runs, owner) {
      const names = held.get(owner) ?? new Set<string>();
      held.set(owner, names);
      for (const run of runs) {
        if (run.stream === ANONYMOUS) continue;
        const entry = { from: run.from, to: lastOf(run), owner };
        const all = streams.get(run.stream);
        if (all === undefined) streams.set(run.stream, [entry]);
        else all.splice(firstEndingFrom(all, entry.from), 0, entry);
        names.add(run.stream);
      }
    },
    release(owner) {
      for (const stream of held.get(owner) ?? []) {
        const others = streams.get(stream)?.filter((one) => one.owner !== owner) ?? [];
        if (others.length === 0) streams.delete(stream);
        else streams.set(stream, others);
      }
      held.delete(owner);
    },
  };
}
