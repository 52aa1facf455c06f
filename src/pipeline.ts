import type { Batch, Decoded, Delivery } from './core/batch.ts';
import type { FramingConfig, PipelineConfig } from './core/config.ts';
import { gatewayErrorOf, ledgerFailure } from './core/failures.ts';
import type { Claim, Identified, Identities } from './core/identity.ts';
import type { RowSet, WriteResult } from './core/insert.ts';
import { LedgerError } from './core/ledger.ts';
import type { Outcome } from './core/outcome.ts';
import { DestinationError } from './core/ports.ts';

/** The stages in order. Each is a function made by the composition root. A deadline is a time of the clock. */
export interface Stages {
  readonly decode: (delivery: Delivery, framing: FramingConfig) => Promise<Decoded>;
  /** Reads what is in the encoding of a schema. */
  readonly resolve: (decoded: Decoded, pipeline: PipelineConfig) => Promise<Batch>;
  readonly map: (batch: Batch, pipeline: PipelineConfig) => Promise<RowSet>;
  /** Finds out which records the rows are, so that they are recognised when they come again. */
  readonly identify: (batch: Batch, rows: RowSet, pipeline: PipelineConfig) => Identified;
  /** Takes the rows that nobody has written or is writing. */
  readonly claim: (identities: Identities, deadline: number) => Promise<Claim>;
  /** Writes claimed rows, and gives the claim back when it is known what became of them. */
  readonly write: (rows: RowSet, claim: Claim, deadline: number) => Promise<WriteResult>;
  /** Reads a table again: its schema was not what the rows were made for. */
  readonly refreshTable: (rows: RowSet) => Promise<unknown>;
}

export type Ingest = (delivery: Delivery, pipeline: PipelineConfig) => Promise<Outcome>;

/**
 * The whole way of a delivery: bytes → records → rows → rows that are still to be written → stored rows. One bad record refuses the delivery, and
 * nothing is written. `deadlineMs` after it came in, a delivery is answered whatever its state.
 * @throws (the function) GatewayError for a delivery that fails as a whole.
 */
export function createPipeline(stages: Stages, deadlineMs: number): Ingest {
  /** What is read of a body is several times its size: only rows and identities outlive this. */
  const prepare = async (delivery: Delivery, pipeline: PipelineConfig): Promise<Prepared> => {
    const batch = await stages.resolve(await stages.decode(delivery, pipeline.framing), pipeline);
    const rows = await stages.map(batch, pipeline);
    return { rows, total: batch.records.length, ...stages.identify(batch, rows, pipeline) };
  };
  const attempt = async (delivery: Delivery, pipeline: PipelineConfig, lastTry: boolean): Promise<Outcome> => {
    const deadline = delivery.receivedAt + deadlineMs;
    const { rows, identities, rejections, total } = await prepare(delivery, pipeline);
    if (rejections.length > 0) return { kind: 'refused', rejections, total };
    const claim = await stages.claim(identities, deadline);
    if (claim.fresh.length === 0) return untouched(claim, total);
    try {
      const result = await stages.write(rows, claim, deadline);
      if (result.kind === 'refused') return { kind: 'refused', rejections: [result.rejection], total };
      return {
        ...result,
        accepted: total,
        duplicate: claim.duplicates,
        quarantined: 0,
        ...(rows.lossy === undefined ? {} : { lossy: rows.lossy }),
      };
    } catch (error) {
      // Refused whole because the table changed under us: the rows are made anew, once.
      if (lastTry || !(error instanceof DestinationError) || error.failure !== 'schema-drift') throw error;
      await stages.refreshTable(rows);
      return await attempt(delivery, pipeline, true);
    }
  };
  return async (delivery, pipeline) => {
    try {
      return await attempt(delivery, pipeline, false);
    } catch (error) {
      if (error instanceof DestinationError) throw gatewayErrorOf(error, pipeline.table.replaceAll('${topic}', delivery.topic ?? ''));
      throw error instanceof LedgerError ? ledgerFailure(error) : error;
    }
  };
}

/** A delivery that can be claimed. */
interface Prepared extends Identified {
  readonly rows: RowSet;
  /** Records of the delivery. */
  readonly total: number;
}

/** There was nothing to write: no record at all, or none that was not written before. */
function untouched({ duplicates, replayed }: Claim, accepted: number): Outcome {
  if (duplicates === 0) return { kind: 'stored', accepted, duplicate: 0, quarantined: 0 };
  return { kind: 'replayed', accepted, ...(replayed === undefined ? {} : { batch: replayed.batch }) };
}
