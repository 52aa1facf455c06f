/**
 * What would become of a delivery. It takes the stages of the pipeline up to the plan, and writes nothing: no row, no table, no entry of the ledger.
 */
import type { Batch, Delivery, Rejection } from './core/batch.ts';
import type { PipelineConfig } from './core/config.ts';
import { ERRORS, GatewayError } from './core/errors.ts';
import { gatewayErrorOf } from './core/failures.ts';
import type { Promised } from './core/guarantee.ts';
import { ANONYMOUS, type Identified, type Interval, lastOf, type Run } from './core/identity.ts';
import type { RowSet } from './core/insert.ts';
import { DestinationError, type ExplainedField, type Explanation } from './core/ports.ts';
import type { Stages } from './pipeline.ts';

export interface ExplainDeps extends Pick<Stages, 'decode' | 'resolve' | 'identify'> {
  /** Maps without a change to any table. */
  readonly preview: (batch: Batch, pipeline: PipelineConfig) => Promise<Preview>;
  /** Positions of a stream that are written. */
  readonly done: (stream: string, from: bigint, to: bigint) => readonly Interval[];
  readonly promisedBy: (pipeline: PipelineConfig) => Promise<Promised>;
}

/** What `map/preview.ts` finds out. */
interface Preview {
  readonly rows: RowSet;
  readonly exists: boolean;
  readonly statement?: string;
  readonly waits: boolean;
  readonly fields: readonly ExplainedField[];
}

/** Never fails because of the records: that is what it explains. */
export type Explain = (delivery: Delivery, pipeline: PipelineConfig) => Promise<Explanation>;

/** Of the rejected records. */
const MOST_LISTED = 20;

/** The stages without the last two. */
export function createExplain(deps: ExplainDeps): Explain {
  return async (delivery, pipeline) => {
    const { guarantee, reasons } = await deps.promisedBy(pipeline);
    const about = {
      pipeline: pipeline.name,
      ...(delivery.topic === undefined ? {} : { topic: delivery.topic }),
      guarantee,
      ...(reasons.length === 0 ? {} : { guarantee_reasons: reasons }),
    };
    /** What is known so far, whatever happens next. */
    let known: Omit<Explanation, 'pipeline' | 'would_answer'> = {};
    try {
      const decoded = await deps.decode(delivery, pipeline.framing);
      if (decoded.framing !== undefined) known = { framing: decoded.framing };
      const batch = await deps.resolve(decoded, pipeline);
      known = { ...known, records: batch.records.length, ...schemasOf(batch) };
      const preview = await deps.preview(batch, pipeline);
      known = { ...known, ...tableOf(preview) };
      const identified = deps.identify(batch, preview.rows, pipeline);
      known = { ...known, ...rejectedOf(identified.rejections), identity: identityOf(identified, pipeline, deps.done) };
      return { ...about, would_answer: answerOf(preview, identified, pipeline), ...known };
    } catch (error) {
      return { ...about, would_answer: failureOf(error, pipeline), ...known };
    }
  };
}

function schemasOf({ uses = [] }: Batch): Pick<Explanation, 'schemas'> {
  const schemas = uses.map(({ type, schema, from, language, problem }) => ({
    schema,
    from,
    ...(language === undefined ? {} : { language }),
    ...(type?.kind === 'record' ? { record: type.name } : {}),
    ...(problem === undefined ? {} : { problem }),
  }));
  return schemas.length === 0 ? {} : { schemas };
}

function tableOf({ rows: { table }, exists, fields, statement, waits }: Preview): Pick<Explanation, 'table' | 'fields' | 'change'> {
  return {
    table: { name: `${table.name.database}.${table.name.table}`, exists },
    fields,
    ...(statement === undefined ? {} : { change: { statement, waits_for_approval: waits } }),
  };
}

function rejectedOf(rejections: readonly Rejection[]): Pick<Explanation, 'rejected' | 'rejected_total'> {
  if (rejections.length === 0) return {};
  const rejected = rejections.slice(0, MOST_LISTED).map(listed);
  return { rejected, rejected_total: rejections.length };
}

function listed({ ordinal: index, column, code, reason: message }: Rejection): NonNullable<Explanation['rejected']>[number] {
  return column === undefined ? { index, code, message } : { index, column, code, message };
}

function identityOf(
  { identities }: Identified,
  { identity }: PipelineConfig,
  done: ExplainDeps['done'],
): NonNullable<Explanation['identity']> {
  const known = identities.runs.filter(({ stream }) => stream !== ANONYMOUS);
  const written = known.reduce((sum, run) => sum + doneOf(run, done), 0);
  const recognised = known.reduce((sum, run) => sum + run.count, 0) + identities.repeats;
  return { kind: identity.kind, recognised, duplicates: written + identities.repeats };
}

function doneOf(run: Run, done: ExplainDeps['done']): number {
  const intervals = done(run.stream, run.from, lastOf(run));
  return Number(intervals.reduce((sum, { from, to }) => sum + to - from + 1n, 0n));
}

function answerOf({ waits, rows }: Preview, { rejections }: Identified, { name }: PipelineConfig): Explanation['would_answer'] {
  if (rejections.length > 0) return { status: ERRORS.records_rejected.status, code: 'records_rejected' };
  if (!waits) return { status: 200 };
  const detail = `The table ${rows.table.name.database}.${rows.table.name.table} has to change first: GET /v1/pipelines/${name}/drift shows it once records wait`;
  return { status: ERRORS.table_change_pending.status, code: 'table_change_pending', detail };
}

function failureOf(error: unknown, pipeline: PipelineConfig): Explanation['would_answer'] {
  const known = error instanceof DestinationError ? gatewayErrorOf(error, pipeline.table) : error;
  if (!(known instanceof GatewayError)) throw error;
  return { status: ERRORS[known.code].status, code: known.code, detail: known.message };
}
