/**
 * Interval algebra over positions of a stream.
 *
 * Invariant: a list is ascending, its intervals are not empty, and no two of them overlap or touch, so that a set of positions has one
 * list. Proved against a set model by `test/property/ranges.test.ts`.
 */
import type { Interval } from '../core/identity.ts';

/** How many positions the list has. */
export function countOf(list: readonly Interval[]): bigint {
  let count = 0n;
  for (const { from, to } of list) count += to - from + 1n;
  return count;
}

/** The first interval that ends at or after `position`; the length of the list when there is none. */
export function firstEndingFrom(list: readonly Interval[], position: bigint): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.to < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The list with the interval added: whatever it overlaps or touches becomes one with it. */
export function add(list: readonly Interval[], added: Interval): Interval[] {
  const start = firstEndingFrom(list, added.from - 1n);
  let { from, to } = added;
  let end = start;
  for (; end < list.length && list[end]!.from <= to + 1n; end++) {
    const found = list[end]!;
    if (found.from < from) from = found.from;
    if (found.to > to) to = found.to;
  }
  return [...list.slice(0, start), { from, to }, ...list.slice(end)];
}

/** The list of any intervals, in any order. */
export function normalize(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const list: Array<{ from: bigint; to: bigint }> = [];
  for (const { from, to } of sorted) {
    const last = list.at(-1);
    if (last === undefined || from > last.to + 1n) list.push({ from, to });
    else if (to > last.to) last.to = to;
  }
  return list;
}

/** The parts of the list within [from, to]. */
export function clip(list: readonly Interval[], from: bigint, to: bigint): Interval[] {
  const parts: Interval[] = [];
  for (let i = firstEndingFrom(list, from); i < list.length && list[i]!.from <= to; i++) {
    const found = list[i]!;
    parts.push({ from: found.from < from ? from : found.from, to: found.to > to ? to : found.to });
  }
  return parts;
}

/** The positions of `interval` that are not in the list. */
export function missingFrom(list: readonly Interval[], { from, to }: Interval): Interval[] {
  const gaps: Interval[] = [];
  let next = from;
  for (const part of clip(list, from, to)) {
    if (part.from > next) gaps.push({ from: next, to: part.from - 1n });
    next = part.to + 1n;
  }
  if (next <= to) gaps.push({ from: next, to });
  return gaps;
}

/** The positions of `list` that are not in `other`. */
export function subtract(list: readonly Interval[], other: readonly Interval[]): Interval[] {
  return list.flatMap((interval) => missingFrom(other, interval));
}

/** The gaps between the intervals of the list. */
export function gapsOf(list: readonly Interval[]): Interval[] {
  return list.slice(1).map((interval, i) => ({ from: list[i]!.to + 1n, to: interval.from - 1n }));
}
