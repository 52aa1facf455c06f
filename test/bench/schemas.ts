/** E: records with a schema, as HoistField sends them, beside the same records as JSON. */
import { join } from 'node:path';
import { startSchemaRegistry } from '../support/schema-registry.ts';
import { SCHEMA } from './framed-records.ts';
import { PIPELINE, startGateway } from './gateway.ts';
import { interleave } from './rounds.ts';
import { gatewaySide } from './sides.ts';
import { compare, type Workload } from './workloads.ts';

const HOISTED = "hoisted: { topics: ['/avro-.*/'], envelope: { value: v }, unknown_fields: evolve, identity: coordinates }";

export const SCHEMAS: Workload = {
  id: 'E',
  letter: 'E',
  async run(context) {
    const registry = await startSchemaRegistry();
    const schemaId = registry.register('avro-e-value', { schema: JSON.stringify(SCHEMA) });
    const more = `registry: { url: "${registry.url}" }`;
    const gateway = await startGateway(join(context.directory, 'schemas'), { pipelines: [PIPELINE, HOISTED], more });
    const shape = { senders: 16, records: 500, recordBytes: 120, figure: 'rows' } as const;
    await context.prepare(gateway, 'bench-e', shape);
    await context.load(gateway, { ...shape, topic: 'avro-e', senders: 1, seconds: 0, schemaId });
    const rounds = await interleave(
      [
        gatewaySide(context, gateway, { ...shape, topic: 'bench-e', name: 'A' }),
        gatewaySide(context, gateway, { ...shape, topic: 'avro-e', schemaId }),
      ],
      context,
    );
    for (const topic of ['bench-e', 'avro-e']) await context.verify(gateway, topic);
    await gateway.stop();
    await registry.close();
    const title = 'E: A as Avro in the envelopes of HoistField';
    return {
      comparisons: [compare(rounds, { title, figure: 'rows', baseline: 'A', target: { better: 'more', must: 0.8, goal: 1.2 } })],
      rounds,
    };
  },
};
