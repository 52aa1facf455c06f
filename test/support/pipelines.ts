import type { PipelineConfig } from '../../src/core/config.ts';

/** A pipeline that leads to the table `name`, with the defaults of a file. */
export function pipelineOf(name: string, changes: Partial<PipelineConfig> = {}): PipelineConfig {
  return {
    name,
    topics: [name],
    table: name,
    framing: { kind: 'auto', prefix: '', suffix: '' },
    columns: {},
    autoCreate: 'infer',
    autoEvolve: 'add',
    orderBy: [],
    unknownFields: { do: 'reject' },
    onError: 'reject',
    guarantee: 'at-least-once',
    ...changes,
  };
}
