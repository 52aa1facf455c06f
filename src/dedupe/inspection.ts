/**
 * What a person may ask about what was written.
 *
 * Invariant: an answer is what the ledger says at one moment; it is never larger than its caps, however large the ledger is.
 * Proved by `test/unit/dedupe/inspection.test.ts`.
 */
import type { PipelineConfig } from '../core/config.ts';
import type { Promised } from '../core/guarantee.ts';
import { lastOf, MAX_POSITION, streamKind } from '../core/identity.ts';
import type { BegunBatch, Ledger, StreamSummary } from '../core/ledger.ts';
import {
  type BatchInDoubt,
  DestinationError,
  type Inspection,
  type LedgerAnswer,
  type LedgerStream,
  type RecordAnswer,
} from '../core/ports.ts';
import { coordinateColumns } from './coordinate-columns.ts';
import { lastRanges, MOST_LISTED, timeOfId } from './inspect.ts';
import { mayWriteTo, nameOf } from './pipeline-tables.ts';
import { countOf, gapsOf } from './ranges.ts';
import { type ReconcileDeps, reconcile } from './reconcile.ts';
import { coordinatePrefix, coordinateStream, deliveryStream, pipelinePrefix, placeOf } from './stream-names.ts';

export interface InspectionDeps extends ReconcileDeps {
  readonly ledger: Pick<Ledger, 'streams' | 'inDoubt' | 'done' | 'keyed' | 'size'>;
  /** What the pipeline promises now. */
  readonly promisedBy: (pipeline: PipelineConfig) => Promise<Promised>;
  readonly defaultDatabase: string;
}

const MOST_STREAMS = 1000;

/** Answers from `ledger` and the tables. */
export function createInspection(deps: InspectionDeps): Inspection {
  const { ledger } = deps;
  /** Reading a whole table is work: one question at a time, and those that are asked meanwhile wait or get the same answer. */
  let last: Promise<unknown> = Promise.resolve();
  const running = new Map<string, ReturnType<Inspection['reconcile']>>();

  return {
    async ledger(pipeline, only) {
      const { guarantee } = await deps.promisedBy(pipeline);
      const { streams: count, inDoubt } = ledger.size();
      const batches = ledger.inDoubt().filter((batch) => isOf(batch, pipeline, deps.defaultDatabase));
      return {
        pipeline: pipeline.name,
        identity: pipeline.identity.kind,
        source: pipeline.source,
        epoch: pipeline.epoch,
        guarantee,
        ...streamsOf(ledger.streams(pipelinePrefix(pipeline.name)), pipeline, only),
        in_doubt: batches.slice(0, MOST_LISTED).map(shownBatch),
        ...(batches.length > MOST_LISTED ? { more_in_doubt: batches.length - MOST_LISTED } : {}),
        ledger: { streams: count, in_doubt: inDoubt },
      };
    },

    async record(pipeline, { topic, partition, offset }) {
      const stream = coordinateStream(coordinatePrefix(pipeline), topic, partition);
      const isInDoubt = ledger
        .inDoubt()
        .some(({ runs }) => runs.some((run) => run.stream === stream && run.from <= offset && offset <= lastOf(run)));
      if (ledger.done(stream, offset, offset).length === 0) return { duplicate: false, in_doubt: isInDoubt };
      return { duplicate: true, in_doubt: isInDoubt, ...(await whereLanded(deps, pipeline, { topic, partition, offset })) };
    },

    delivery(pipeline, { principal, key }) {
      const stream = deliveryStream(pipeline, principal, key);
      const isInDoubt = ledger.inDoubt().some(({ runs }) => runs.some((run) => run.stream === stream));
      const entry = ledger.keyed(stream);
      if (entry === undefined) return { duplicate: false, in_doubt: isInDoubt };
      return {
        duplicate: true,
        in_doubt: isInDoubt,
        records: String(countOf(ledger.done(stream, 0n, MAX_POSITION))),
        landed: { batch: entry.batch, at: timeOfId(entry.batch) },
        expires_at: new Date(entry.expiresAt).toISOString(),
      };
    },

    async reconcile(pipeline, topic) {
      const key = `${pipeline.name}\0${topic ?? ''}`;
      let answer = running.get(key);
      if (answer === undefined) {
        answer = last.then(async () => await reconcile(deps, pipeline, topic)).finally(() => running.delete(key));
        running.set(key, answer);
        last = answer.catch(() => undefined);
      }
      return await answer;
    },
  };
}

function streamsOf(
  summaries: readonly StreamSummary[],
  pipeline: PipelineConfig,
  only: { readonly topic?: string; readonly partition?: number },
): Pick<LedgerAnswer, 'streams' | 'more_streams' | 'other_epochs'> {
  const streams: LedgerStream[] = [];
  const others: Array<LedgerAnswer['other_epochs'][number]> = [];
  let more = 0;
  for (const summary of summaries) {
    const place = placeOf(summary.stream);
    if (place === undefined || (only.topic ?? place.topic) !== place.topic || (only.partition ?? place.partition) !== place.partition)
      continue;
    const { topic, partition, source, epoch } = place;
    if (streams.length + others.length >= MOST_STREAMS) {
      more += 1;
      continue;
    }
    const { intervals } = summary;
    const records = String(countOf(intervals));
    if (source !== pipeline.source || epoch !== pipeline.epoch) {
      others.push({ source, epoch, topic, partition, records });
      continue;
    }
    const gaps = gapsOf(intervals);
    const done = { done: lastRanges(intervals), intervals: intervals.length, records };
    const next = String((intervals.at(-1)?.to ?? -1n) + 1n);
    streams.push({ topic, partition, ...done, gaps: lastRanges(gaps), gap_count: gaps.length, next });
  }
  return { streams: streams.toSorted(byPlace), other_epochs: others.toSorted(byPlace), ...(more === 0 ? {} : { more_streams: more }) };
}

function byPlace(a: Pick<LedgerStream, 'topic' | 'partition'>, b: Pick<LedgerStream, 'topic' | 'partition'>): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
}

/** Keys and ids are hashes that do not name their pipeline: then its tables tell. */
function isOf({ runs, table }: BegunBatch, pipeline: PipelineConfig, defaultDatabase: string): boolean {
  const prefix = pipelinePrefix(pipeline.name);
  if (runs.some(({ stream }) => stream.startsWith(prefix))) return true;
  const isKeyed = !['coordinates', 'none'].includes(pipeline.identity.kind);
  return (
    isKeyed &&
    runs.some(({ stream }) => ['delivery', 'record'].includes(streamKind(stream) ?? '')) &&
    mayWriteTo(pipeline, table, defaultDatabase)
  );
}

function shownBatch({ id, table, rowCount, begunAt }: BegunBatch): BatchInDoubt {
  return { batch: id, table: nameOf(table), rows: rowCount, begun_at: new Date(begunAt).toISOString() };
}

/** Asks the table of the topic for the row of a record. That it cannot be found is an answer. */
async function whereLanded(
  { tables, schemaOf, tableOf, ledger }: InspectionDeps,
  pipeline: PipelineConfig,
  { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
): Promise<Pick<RecordAnswer, 'landed' | 'landed_unknown'>> {
  const name = tableOf(pipeline, topic);
  if (name === undefined) return { landed_unknown: 'The topic makes no table name' };
  try {
    const table = await schemaOf(name);
    if (table === undefined) return { landed_unknown: `The table ${nameOf(name)} does not exist` };
    const columns = coordinateColumns(pipeline, table);
    if (columns.length === 0)
      return { landed_unknown: `The table ${nameOf(name)} has no columns with the partition and offset of its rows` };
    const topics = new Set(ledger.streams(pipelinePrefix(pipeline.name)).flatMap(({ stream }) => placeOf(stream)?.topic ?? []));
    const isOnlyTopic = [...topics].every(
      (other) => other === topic || nameOf(tableOf(pipeline, other) ?? { database: '', table: '' }) !== nameOf(name),
    );
    if (!isOnlyTopic && columns.some((group) => group.topic === undefined))
      return { landed_unknown: `The table ${nameOf(name)} has rows of several topics and no column with the topic` };
    const [row] = await tables.find(table, { columns, topic, isOnlyTopic }, { partition, offset });
    if (row === undefined) return { landed_unknown: `The table ${nameOf(name)} does not have the row any more` };
    if (row.batch === undefined) return { landed_unknown: `The row in ${nameOf(name)} does not say with which batch it came` };
    return { landed: { table: nameOf(name), batch: row.batch, at: timeOfId(row.batch), row: row.row } };
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return { landed_unknown: `The table ${nameOf(name)} cannot be asked now: ${error.message}` };
  }
}
