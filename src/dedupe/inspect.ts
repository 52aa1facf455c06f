/**
 * What the ledger says of one topic, and how that differs from what its table holds. Pure.
 *
 * The table is read between two looks at the ledger: what was done before must be there, and what is there must be known after.
 */
import type { PipelineConfig } from '../core/config.ts';
import { type Interval, lastOf } from '../core/identity.ts';
import type { Ledger } from '../core/ledger.ts';
import type { OffsetRange, ReconcileRange, TableRange } from '../core/ports.ts';
import { countOf, missingFrom, normalize, subtract } from './ranges.ts';
import { placeOf, type StreamPlace, topicPrefix } from './stream-names.ts';

/** Lists in answers end here; what is left off is counted. */
export const MOST_LISTED = 100;

/** One partition in the ledger. */
export interface PartitionState {
  readonly done: readonly Interval[];
  /** Done under other epochs and sources of the pipeline: rows of the same table with the same coordinates. */
  readonly others: ReadonlyArray<readonly Interval[]>;
  /** In batches that are begun and not settled, so that the table may have them or not. */
  readonly doubt: readonly Interval[];
}

export type TopicState = ReadonlyMap<number, PartitionState>;

const NOTHING: PartitionState = { done: [], others: [], doubt: [] };

/** A source and epoch of a pipeline. */
export type Scope = Pick<StreamPlace, 'source' | 'epoch'>;

/** A topic as the ledger has it now. `others` are the scopes of the pipeline that are not its current one. */
export function topicState(
  ledger: Pick<Ledger, 'streams' | 'inDoubt'>,
  pipeline: PipelineConfig,
  { topic, others }: { readonly topic: string; readonly others: readonly Scope[] },
): TopicState {
  const state = new Map<number, { done: readonly Interval[]; others: Array<readonly Interval[]>; doubt: Interval[] }>();
  const partition = (
    stream: string,
    prefix: string,
  ): { done: readonly Interval[]; others: Array<readonly Interval[]>; doubt: Interval[] } => {
    const number = Number(stream.slice(prefix.length));
    const found = state.get(number) ?? { done: [], others: [], doubt: [] };
    state.set(number, found);
    return found;
  };
  const prefix = topicPrefix(pipeline, topic);
  for (const { stream, intervals } of ledger.streams(prefix)) partition(stream, prefix).done = intervals;
  for (const scope of others) {
    const other = topicPrefix({ name: pipeline.name, ...scope }, topic);
    for (const { stream, intervals } of ledger.streams(other)) partition(stream, other).others.push(intervals);
  }
  for (const { runs } of ledger.inDoubt())
    for (const run of runs)
      if (run.stream.startsWith(prefix)) partition(run.stream, prefix).doubt.push({ from: run.from, to: lastOf(run) });
  return state;
}

/** Where a topic and its table differ, by partition and offset. */
export interface Difference {
  readonly missing: readonly Place[];
  readonly doubled: ReadonlyArray<Place & { readonly copies: number }>;
  /** In the table, and not in the ledger. */
  readonly unknown: readonly Place[];
}

export interface Place extends Interval {
  readonly partition: number;
}

/** Compares. A position that several epochs or sources have may be in as many rows. */
export function compare(before: TopicState, table: readonly TableRange[], after: TopicState): Difference {
  const byPartition = new Map<number, TableRange[]>();
  for (const range of table) {
    const others = byPartition.get(range.partition);
    if (others === undefined) byPartition.set(range.partition, [range]);
    else others.push(range);
  }
  const missing: Place[] = [];
  const doubled: Array<Place & { copies: number }> = [];
  const unknown: Place[] = [];
  const partitions = [...new Set([...before.keys(), ...byPartition.keys()])].toSorted((a, b) => a - b);
  for (const partition of partitions) {
    const was = before.get(partition) ?? NOTHING;
    const is = after.get(partition) ?? NOTHING;
    const ranges = byPartition.get(partition) ?? [];
    const present = normalize(ranges);
    const written = levelsOf([normalize([...is.done, ...is.doubt, ...was.doubt]), ...is.others]);
    const at = ({ from, to }: Interval): Place => ({ partition, from, to });
    missing.push(...subtract(was.done, present).map(at));
    unknown.push(...subtract(present, written[0] ?? []).map(at));
    for (const range of ranges) {
      if (range.copies < 2) continue;
      for (const part of missingFrom(written[range.copies - 1] ?? [], range)) doubled.push({ ...at(part), copies: range.copies });
    }
  }
  return { missing, doubled, unknown };
}

/** For each n, counted from 0, the positions that more than n of the lists have. */
function levelsOf(lists: ReadonlyArray<readonly Interval[]>): Interval[][] {
  const levels: Interval[][] = [];
  for (const list of lists) {
    let carried = [...list];
    for (let n = 0; carried.length > 0; n++) {
      const level = levels[n] ?? [];
      const both = subtract(carried, subtract(carried, level));
      levels[n] = normalize([...level, ...carried]);
      carried = both;
    }
  }
  return levels;
}

/** How many positions of a topic are done, under the current epoch and under any. */
export function countDone(state: TopicState): { readonly done: bigint; readonly any: bigint; readonly doubt: bigint } {
  let done = 0n;
  let any = 0n;
  let doubt = 0n;
  for (const partition of state.values()) {
    done += countOf(partition.done);
    doubt += countOf(normalize(partition.doubt));
    for (const list of partition.others) any += countOf(list);
  }
  return { done, any: any + done, doubt };
}

/** How many positions there are in these places. */
export function countPlaces(places: readonly Place[]): string {
  return String(countOf(places));
}

/** The first places, as they are answered. */
export function listed(places: readonly Place[]): ReconcileRange[] {
  return places.slice(0, MOST_LISTED).map(shownPlace);
}

/** The first doubled places, as they are answered. */
export function listedCopies(places: Difference['doubled']): Array<ReconcileRange & { copies: number }> {
  return places.slice(0, MOST_LISTED).map((place) => Object.assign(shownPlace(place), { copies: place.copies }));
}

function shownPlace({ partition, from, to }: Place): ReconcileRange {
  return { partition, from: String(from), to: String(to) };
}

/** The last intervals, as they are answered. */
export function lastRanges(intervals: readonly Interval[]): OffsetRange[] {
  return intervals.slice(-MOST_LISTED).map(({ from, to }) => [String(from), String(to)]);
}

/** When a UUIDv7 was made. */
export function timeOfId(id: string): string {
  return new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toISOString();
}

/** The scopes and topics among streams of a pipeline. */
export function placesIn(streams: ReadonlyArray<{ readonly stream: string }>): StreamPlace[] {
  return streams.flatMap(({ stream }) => placeOf(stream) ?? []);
}
