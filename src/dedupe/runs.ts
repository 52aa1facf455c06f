/**
 * Rows as runs of consecutive positions.
 *
 * Invariant: every row that was added is in exactly one run, and the runs are in the order of the rows.
 * Proved by `test/unit/dedupe/identity.test.ts`.
 */
import type { Rejection } from '../core/batch.ts';
import { lastOf, type Run } from '../core/identity.ts';
import type { RowSet } from '../core/insert.ts';

/** Collects rows in order; rows at consecutive positions of a stream become one run. */
export interface RunBuilder {
  /** A position may be a number while that is exact. */
  add(row: number, stream: string, position: number | bigint): void;
  runs(): Run[];
}

/** A builder without rows. */
export function createRunBuilder(): RunBuilder {
  const runs: Run[] = [];
  let open: { stream: string; from: bigint; row: number; count: number } | undefined;
  let last: number | bigint = -1;
  return {
    add(row, stream, position) {
      if (open !== undefined && follows(position, last) && stream === open.stream && row === open.row + open.count) {
        open.count += 1;
      } else {
        open = { stream, from: BigInt(position), row, count: 1 };
        runs.push(open);
      }
      last = position;
    },
    runs: () => runs,
  };
}

/** Most offsets are numbers, and numbers cost nothing. */
function follows(position: number | bigint, last: number | bigint): boolean {
  if (typeof position === 'number' && typeof last === 'number') return position === last + 1;
  return BigInt(position) === BigInt(last) + 1n;
}

/** Runs without the rows that repeat others of the same delivery. */
export interface Distinct {
  readonly runs: readonly Run[];
  readonly repeats: number;
  readonly rejections: readonly Rejection[];
}

/**
 * Takes out rows whose position another row has already: the same row again is a repeat, another one a conflict, because nobody can say which of
 * the two is the record.
 */
export function withoutRepeats(runs: readonly Run[], rowSet: RowSet): Distinct {
  if (!anyOverlap(runs)) return { runs, repeats: 0, rejections: [] };
  const first = new Map<string, number>();
  const builder = createRunBuilder();
  const rejections: Rejection[] = [];
  let repeats = 0;
  for (const { stream, from, row, count } of runs) {
    for (let i = 0; i < count; i++) {
      const position = from + BigInt(i);
      const place = `${stream}\n${position}`;
      const earlier = first.get(place);
      if (earlier === undefined) {
        first.set(place, row + i);
        builder.add(row + i, stream, position);
      } else if (isSameRow(rowSet, earlier, row + i)) {
        repeats += 1;
      } else {
        rejections.push({
          ordinal: rowSet.ordinals[row + i]!,
          code: 'identity_conflict',
          reason: `record ${rowSet.ordinals[earlier]} of the request has the same identity and another value`,
        });
      }
    }
  }
  return { runs: builder.runs(), repeats, rejections };
}

function anyOverlap(runs: readonly Run[]): boolean {
  if (runs.length < 2) return false;
  const sorted = runs.toSorted((a, b) => (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : a.from < b.from ? -1 : 1));
  return sorted.some((run, i) => {
    const before = sorted[i - 1];
    return before !== undefined && before.stream === run.stream && run.stream !== '' && run.from <= lastOf(before);
  });
}

function isSameRow({ rows: { sources, spans } }: RowSet, a: number, b: number): boolean {
  const bytes = (row: number): Buffer => sources[spans[row * 3]!]!.subarray(spans[row * 3 + 1], spans[row * 3 + 2]);
  return bytes(a).equals(bytes(b));
}
