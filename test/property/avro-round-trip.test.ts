/** Random schemas and records: what a producer writes is read back from the table that was made for it, value by value. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import avsc from 'avsc';
import fc from 'fast-check';
import type { RegisteredSchema, SchemaSource } from '../../src/core/ports.ts';
import { createJsonReader } from '../../src/decode/json-reader.ts';
import { createCodecs } from '../../src/schema/codecs.ts';
import { createResolver } from '../../src/schema/resolver.ts';
import { deliveryOf, LIMITS } from '../support/deliveries.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';
import { mapperTo } from '../support/mappers.ts';
import { pipelineOf } from '../support/pipelines.ts';

const SCHEMAS = 80;
const RECORDS = 26;

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

/** A value as avsc takes it, and whether what ClickHouse prints as JSON is that value. */
interface Sample {
  readonly value: unknown;
  readonly isSame: (found: unknown) => boolean;
}

interface Kind {
  readonly schema: object | string;
  /** Of the branch in a union. */
  readonly branch: string;
  readonly samples: fc.Arbitrary<Sample>;
}

const leaf = <T>(schema: object | string, values: fc.Arbitrary<T>, isSame: (found: unknown, value: T) => boolean): Kind => ({
  schema,
  branch: branchOf(schema),
  samples: values.map((value) => ({ value, isSame: (found) => isSame(found, value) })),
});
/** A named type is a branch by its name. */
function branchOf(schema: object | string): string {
  if (typeof schema === 'string') return schema;
  return String('name' in schema ? schema.name : (schema as { readonly type: string }).type);
}
const logical = (type: string, logicalType: string, more: object = {}): object => ({ type, logicalType, ...more });
const same = (found: unknown, value: unknown): boolean => found === value;
const asText = (found: unknown, value: unknown): boolean => found === String(value);

const DAY = 86_400_000;
const FIRST = Date.UTC(1900, 0, 2);
const LAST = Date.UTC(2299, 11, 30);
/** Microseconds that avsc writes right. */
const LAST_MICROS = 4_400_000_000_000;
const printed = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const days = fc.integer({ min: Math.ceil(FIRST / DAY), max: Math.floor(LAST / DAY) });
const instants = fc.integer({ min: FIRST, max: LAST });

function unscaled(value: bigint): Buffer {
  return Buffer.from(BigInt.asUintN(128, value).toString(16).padStart(32, '0'), 'hex');
}

function digits(value: bigint, scale: number): string {
  const magnitude = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = `${magnitude.slice(0, -scale)}.${magnitude.slice(-scale)}`.replace(/\.?0+$/, '');
  return value < 0n ? `-${text}` : text;
}

/** Names of types have to differ within a schema. */
let names = 0;
const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ019 "\\\n\t/{}[]'), maxLength: 8 });

const LEAVES: ReadonlyArray<() => Kind> = [
  () => leaf('int', fc.integer(), same),
  () => leaf('long', fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), asText),
  () => leaf('float', fc.float({ noNaN: true, noDefaultInfinity: true }), (found, value) => Object.is(Math.fround(Number(found)), value)),
  () => leaf('double', fc.double({ noNaN: true, noDefaultInfinity: true }), (found, value) => Object.is(Number(found), value)),
  () => leaf('boolean', fc.boolean(), same),
  () => leaf('string', fc.string({ unit: 'grapheme', maxLength: 8 }), same),
  () =>
    leaf(
      'bytes',
      ascii.map((text) => Buffer.from(text)),
      (found, value) => found === value.toString(),
    ),
  () => leaf({ type: 'enum', name: `E${names++}`, symbols: ['A', 'B', 'C'] }, fc.constantFrom('A', 'B', 'C'), same),
  () =>
    leaf(
      { type: 'fixed', name: `F${names++}`, size: 3 },
      fc.constantFrom('abc', '"\\n').map((text) => Buffer.from(text)),
      (found, value) => found === value.toString(),
    ),
  () => leaf(logical('int', 'date'), days, (found, value) => found === printed(value * DAY).slice(0, 10)),
  () => leaf(logical('int', 'time-millis'), fc.integer({ min: 0, max: DAY - 1 }), (found, value) => found === printed(value).slice(11)),
  () => leaf(logical('long', 'timestamp-millis'), instants, (found, value) => found === printed(value)),
  () =>
    leaf(
      logical('long', 'timestamp-micros'),
      fc.integer({ min: FIRST, max: LAST_MICROS }).map((ms) => ms * 1000),
      (found, value) => found === `${printed(value / 1000)}000`,
    ),
  () => leaf(logical('long', 'local-timestamp-millis'), instants, (found, value) => found === printed(value)),
  () =>
    leaf(
      logical('bytes', 'decimal', { precision: 14, scale: 3 }),
      fc.bigInt({ min: -(10n ** 14n) + 1n, max: 10n ** 14n - 1n }).map(unscaled),
      (found, value) => String(found) === digits(BigInt.asIntN(128, BigInt(`0x${value.toString('hex')}`)), 3),
    ),
  () => leaf(logical('string', 'uuid'), fc.uuid(), same),
];

const anyLeaf: fc.Arbitrary<Kind> = fc.constantFrom(...LEAVES).map((make) => make());
const optional = (inner: Kind): Kind => ({
  schema: inner.branch.length % 2 === 0 ? ['null', inner.schema] : [inner.schema, 'null'],
  branch: '',
  samples: fc
    .option(inner.samples, { nil: null, freq: 3 })
    .map((sample) =>
      sample === null
        ? { value: null, isSame: (found) => found === null }
        : { value: { [inner.branch]: sample.value }, isSame: sample.isSame },
    ),
});
const list = (items: Kind): Kind => ({
  schema: { type: 'array', items: items.schema },
  branch: 'array',
  samples: fc.array(items.samples, { maxLength: 3 }).map((samples) => ({
    value: samples.map(({ value }) => value),
    isSame: (found) => Array.isArray(found) && found.length === samples.length && samples.every(({ isSame }, i) => isSame(found[i])),
  })),
});
const map = (values: Kind): Kind => ({
  schema: { type: 'map', values: values.schema },
  branch: 'map',
  samples: fc
    .dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), values.samples, { maxKeys: 3, noNullPrototype: false })
    .map((samples) => ({
      value: Object.fromEntries(Object.entries(samples).map(([key, { value }]) => [key, value])),
      isSame: (found) =>
        isObject(
          found,
          Object.entries(samples).map(([key, sample]) => [key, sample] as const),
        ),
    })),
});
const record = (fields: readonly Kind[]): Kind => {
  const name = `R${names++}`;
  return {
    schema: { type: 'record', name, fields: fields.map(({ schema }, i) => ({ name: `f${i}`, type: schema })) },
    branch: name,
    samples: fc.tuple(...fields.map(({ samples }) => samples)).map((samples) => ({
      value: Object.fromEntries(samples.map(({ value }, i) => [`f${i}`, value])),
      isSame: (found) =>
        isObject(
          found,
          samples.map((sample, i) => [`f${i}`, sample] as const),
        ),
    })),
  };
};

function isObject(found: unknown, samples: ReadonlyArray<readonly [key: string, sample: Sample]>): boolean {
  if (typeof found !== 'object' || found === null) return false;
  const members = new Map(Object.entries(found));
  return members.size === samples.length && samples.every(([key, { isSame }]) => members.has(key) && isSame(members.get(key)));
}

const simple = fc.oneof({ weight: 3, arbitrary: anyLeaf }, { weight: 2, arbitrary: anyLeaf.map(optional) });
const composed = fc.oneof(
  { weight: 4, arbitrary: simple },
  { weight: 1, arbitrary: simple.map(list) },
  { weight: 1, arbitrary: simple.map(map) },
  { weight: 1, arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map(record) },
);
const field = fc.oneof(
  { weight: 4, arbitrary: composed },
  { weight: 1, arbitrary: composed.map(list) },
  {
    weight: 1,
    arbitrary: fc
      .array(composed, { minLength: 1, maxLength: 3 })
      .map(record)
      .chain((inner) => fc.constantFrom(inner, list(inner), map(inner))),
  },
);
const run = fc
  .array(field, { minLength: 1, maxLength: 7 })
  .map(record)
  .chain((kind) => fc.array(kind.samples, { minLength: RECORDS, maxLength: RECORDS }).map((samples) => ({ kind, samples })));

/** A registry with one schema. */
function sourceOf(schema: unknown): SchemaSource {
  const found: RegisteredSchema = { id: 1, language: 'AVRO', text: JSON.stringify(schema), references: [] };
  const answer = async (): Promise<RegisteredSchema> => await Promise.resolve(found);
  return { byId: answer, byGuid: answer, latest: answer };
}

test(`${SCHEMAS * RECORDS} records of ${SCHEMAS} random schemas are stored as they were written`, async () => {
  const mapRecords = mapperTo(engine.destination);
  let tables = 0;
  await fc.assert(
    fc.asyncProperty(run, async ({ kind, samples }) => {
      const table = `a${tables++}`;
      const type = avsc.Type.forSchema(kind.schema as avsc.Schema, { wrapUnions: true });
      const frames = samples.map(({ value }) => Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), type.toBuffer(value)]));
      const codecs = createCodecs(sourceOf(kind.schema), LIMITS, createJsonReader(LIMITS));
      const pipeline = pipelineOf(table);
      const batch = await createResolver({ codecs, limits: LIMITS })({ delivery: deliveryOf(''), frames }, pipeline);
      assert.equal(batch.unreadable, undefined);
      const rows = await mapRecords(batch, pipeline);
      assert.deepEqual(rows.rejections, [], JSON.stringify(kind.schema));
      await engine.insertRows(rows);
      const found = await engine.destination.select<Record<string, unknown>>(
        `SELECT * EXCEPT (_sluice_batch, _sluice_row) FROM ${table} ORDER BY _sluice_row`,
      );
      for (const [i, { isSame, value }] of samples.entries())
        assert.ok(isSame(found[i]), `${JSON.stringify(kind.schema)}: ${JSON.stringify(value)} is stored as ${JSON.stringify(found[i])}`);
    }),
    { numRuns: SCHEMAS },
  );
});
