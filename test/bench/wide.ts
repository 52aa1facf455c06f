/** F: wide records as JSON beside direct inserts of them, and the same as Avro. */
import { join } from 'node:path';
import { startSchemaRegistry } from '../support/schema-registry.ts';
import { PIPELINE, startGateway } from './gateway.ts';
import { interleave } from './rounds.ts';
import { directSide, gatewaySide } from './sides.ts';
import { WIDE_SCHEMA } from './wide-records.ts';
import { compare, type Workload } from './workloads.ts';

const HOISTED = "hoisted: { topics: ['/avro-.*/'], envelope: { value: v }, unknown_fields: evolve, identity: coordinates }";

export const WIDE: Workload = {
  id: 'F',
  letter: 'F',
  async run(context) {
    const registry = await startSchemaRegistry();
    const schemaId = registry.register('avro-f-value', { schema: JSON.stringify(WIDE_SCHEMA) });
    const more = `registry: { url: "${registry.url}" }`;
    const gateway = await startGateway(join(context.directory, 'wide'), { pipelines: [PIPELINE, HOISTED], more });
    const shape = { senders: 16, records: 500, recordBytes: 0, wide: true, figure: 'rows' } as const;
    const direct = await context.engine('direct');
    const table = await context.prepare(gateway, 'bench-f', shape, [direct]);
    await context.load(gateway, { ...shape, topic: 'avro-f', senders: 1, seconds: 0, schemaId });
    const rounds = await interleave(
      [
        gatewaySide(context, gateway, { ...shape, topic: 'bench-f' }),
        gatewaySide(context, gateway, { ...shape, topic: 'avro-f', schemaId, name: 'Avro' }),
        directSide(direct, table, shape, 'rows'),
      ],
      context,
    );
    for (const topic of ['bench-f', 'avro-f']) await context.verify(gateway, topic);
    await gateway.stop();
    await registry.close();
    const line = { figure: 'rows', target: { better: 'more', must: 1, goal: 3 } } as const;
    return {
      comparisons: [
        compare(rounds, { ...line, title: 'F: 500 records of 60 fields, 16 senders', baseline: 'direct' }),
        compare(rounds, { ...line, title: 'F: the same as Avro in envelopes', gateway: 'Avro', baseline: 'direct' }),
      ],
      rounds,
    };
  },
};
