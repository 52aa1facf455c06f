import type { PipelineConfig } from '../core/config.ts';
import type { Promised } from '../core/guarantee.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Destination, Drift, Inspection } from '../core/ports.ts';
import { createInspection } from '../dedupe/inspection.ts';
import type { TableOf } from '../dedupe/pipeline-tables.ts';
import { createExplain, type Explain } from '../explain.ts';
import { createTableView } from '../insert/table-view.ts';
import { createDrift } from '../map/evolve/drift.ts';
import type { Codecs } from '../schema/codecs.ts';
import { type NewestRecord, newestRecord } from '../schema/newest-record.ts';
import { subjectFor } from '../schema/subject.ts';
import type { Writing } from './writing.ts';

export interface AskingDeps {
  readonly writing: Pick<Writing, 'stages' | 'preview' | 'following' | 'codecs' | 'catalog'>;
  readonly destination: Destination;
  readonly ledger: Ledger;
  readonly tableOf: TableOf;
  readonly promisedBy: (pipeline: PipelineConfig) => Promise<Promised>;
  readonly defaultDatabase: string;
}

/** What people ask a gateway about records, tables and schemas. */
export function createAsking(deps: AskingDeps): { readonly inspection: Inspection; readonly drift: Drift; readonly explain: Explain } {
  const { writing, destination, ledger, tableOf, promisedBy, defaultDatabase } = deps;
  const { catalog, codecs, following, preview, stages } = writing;
  return {
    inspection: createInspection({
      ledger,
      tables: createTableView(destination),
      schemaOf: async (name) => await catalog.refresh(name),
      tableOf,
      promisedBy,
      defaultDatabase,
    }),
    drift: createDrift({
      ...following,
      destination,
      tableOf,
      schemaOf: async (pipeline, topic) => await newestSchema(codecs, pipeline, topic),
    }),
    explain: createExplain({ ...stages, preview, done: (stream, from, to) => ledger.done(stream, from, to), promisedBy }),
  };
}

async function newestSchema(codecs: Codecs, { subject }: PipelineConfig, topic: string | undefined): Promise<NewestRecord | undefined> {
  const reference = subjectFor(subject, topic);
  return reference === undefined ? undefined : await newestRecord(codecs, reference);
}
