import type { PipelineConfig } from '../../src/core/config.ts';

/** A pipeline that leads to the table `name`, with the defaults of a file. */
export function pipelineOf(name: string, changes: Partial<PipelineConfig> = {}): PipelineConfig {
  return {
    name,
    topics: [name],
    table: name,
    framing: { kind: 'auto', prefix: '', suffix: '' },
    validate: false,
    columns: {},
    autoCreate: 'infer',
    autoEvolve: 'add',
    orderBy: [],
    pkFields: [],
    enumColumns: 'low_cardinality',
    recordColumns: 'tuple',
    unknownFields: { do: 'reject' },
    onError: 'reject',
    onLossy: 'reject',
    identity: { kind: 'coordinates', fields: [{ topic: '__topic', partition: '__partition', offset: '__offset' }], keep: true },
    requireIdentity: false,
    source: 'default',
    epoch: 0,
    guarantee: 'auto',
    ...changes,
  };
}
