/** Records of the shapes that producers write, into tables that are made of their schemas: which columns there are, and what is in them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import protobuf from 'protobufjs';
import type { RegisteredSchema } from '../../src/core/ports.ts';
import { createJsonReader } from '../../src/decode/json-reader.ts';
import { createCodecs } from '../../src/schema/codecs.ts';
import { createResolver } from '../../src/schema/resolver.ts';
import { deliveryOf, LIMITS } from '../support/deliveries.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';
import { mapperTo } from '../support/mappers.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { wire } from '../support/schema-gateway.ts';
import { AVRO_SHAPES, PROTOBUF_SHAPES, type Shape } from './record-shapes.ts';

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const frameOfAvro = ({ schema, value }: Shape): Buffer =>
  wire(1, avsc.Type.forSchema(structuredClone(schema) as avsc.Schema, { wrapUnions: true }).toBuffer(value));

function frameOfProtobuf({ schema, value }: Shape): Buffer {
  const root = new protobuf.Root();
  const { package: name } = protobuf.parse(schema as string, root, { keepCase: true });
  for (const file of ['timestamp', 'wrappers', 'struct', 'duration'])
    root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)?.nested ?? {});
  const type = root.lookupType(`${name === undefined || name === null ? '' : `${name}.`}M`);
  return wire(1, Buffer.from([0]), Buffer.from(type.encode(type.fromObject(value as object)).finish()));
}

async function store(table: string, schema: Pick<RegisteredSchema, 'language' | 'text'>, frame: Buffer): Promise<void> {
  const registered = { id: 1, references: [], ...schema };
  const answer = async (): Promise<RegisteredSchema> => await Promise.resolve(registered);
  const codecs = createCodecs({ byId: answer, byGuid: answer, latest: answer }, LIMITS, createJsonReader(LIMITS));
  const pipeline = pipelineOf(table, { autoCreate: 'schema' });
  const batch = await createResolver({ codecs, limits: LIMITS })({ delivery: deliveryOf(''), frames: [frame] }, pipeline);
  assert.equal(batch.unreadable, undefined);
  const rows = await mapperTo(engine.destination)(batch, pipeline);
  assert.deepEqual(rows.rejections, []);
  await engine.insertRows(rows);
}

async function found(table: string): Promise<[columns: Record<string, string>, row: unknown]> {
  const columns = await engine.destination.select<{ name: string; type: string }>(
    `SELECT name, replaceRegexpAll(replaceRegexpAll(type, '\\\\s+', ' '), '\\\\( ', '(') AS type FROM system.columns WHERE table = '${table}' AND name NOT LIKE '\\_sluice%' ORDER BY position`,
  );
  const [row] = await engine.destination.select(`SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM ${table}`);
  return [Object.fromEntries(columns.map(({ name, type }) => [name, type])), row];
}

for (const [i, shape] of AVRO_SHAPES.entries()) {
  test(`Avro: ${shape.name}`, async () => {
    await store(`avro_${i}`, { language: 'AVRO', text: JSON.stringify(shape.schema) }, frameOfAvro(shape));
    assert.deepEqual(await found(`avro_${i}`), [shape.columns, shape.row]);
  });
}

for (const [i, shape] of PROTOBUF_SHAPES.entries()) {
  test(`Protobuf: ${shape.name}`, async () => {
    await store(`protobuf_${i}`, { language: 'PROTOBUF', text: shape.schema as string }, frameOfProtobuf(shape));
    assert.deepEqual(await found(`protobuf_${i}`), [shape.columns, shape.row]);
  });
}
