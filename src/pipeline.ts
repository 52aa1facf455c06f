import type { Batch, Delivery, Rejection } from './core/batch.ts';
import type { FramingConfig, PipelineConfig } from './core/config.ts';
import { gatewayErrorOf } from './core/failures.ts';
import type { RowSet } from './core/insert.ts';
import type { Outcome } from './core/outcome.ts';
import { DestinationError } from './core/ports.ts';

/** The stages in order. Each is a function made by the composition root. */
export interface Stages {
  readonly decode: (delivery: Delivery, framing: FramingConfig) => Promise<Batch>;
  readonly map: (batch: Batch, pipeline: PipelineConfig) => Promise<RowSet>;
  readonly insert: (rows: RowSet) => Promise<{ kind: 'stored'; batch?: string } | { kind: 'refused'; rejection: Rejection }>;
  /** Reads a table again: its schema was not what the rows were made for. */
  readonly refreshTable: (rows: RowSet) => Promise<unknown>;
}

export type Ingest = (delivery: Delivery, pipeline: PipelineConfig) => Promise<Outcome>;

/**
 * The whole way of a delivery: bytes → records → rows → stored rows. One bad record refuses the delivery, and nothing is written.
 * Recognising records that were written before has its place between map and insert.
 * @throws GatewayError for a delivery that fails as a whole.
 */
export function createPipeline(stages: Stages): Ingest {
  const attempt = async (batch: Batch, pipeline: PipelineConfig, lastTry: boolean): Promise<Outcome> => {
    const rows = await stages.map(batch, pipeline);
    if (rows.rejections.length > 0) return { kind: 'refused', rejections: rows.rejections, total: batch.records.length };
    try {
      const result = await stages.insert(rows);
      if (result.kind === 'refused') return { kind: 'refused', rejections: [result.rejection], total: batch.records.length };
      return { accepted: batch.records.length, duplicate: 0, quarantined: 0, ...result };
    } catch (error) {
      // Refused whole because the table changed under us: the rows are made anew, once.
      if (lastTry || !(error instanceof DestinationError) || error.failure !== 'schema-drift') throw error;
      await stages.refreshTable(rows);
      return await attempt(batch, pipeline, true);
    }
  };
  return async (delivery, pipeline) => {
    const batch = await stages.decode(delivery, pipeline.framing);
    try {
      return await attempt(batch, pipeline, false);
    } catch (error) {
      throw error instanceof DestinationError ? gatewayErrorOf(error, pipeline.table.replaceAll('${topic}', delivery.topic ?? '')) : error;
    }
  };
}
