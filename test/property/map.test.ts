/** A table made of a batch holds that batch: random records, inferred, created, written and read back from the real engine. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { batchOf } from '../support/deliveries.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';
import { mapperTo } from '../support/mappers.ts';
import { pipelineOf } from '../support/pipelines.ts';

const RUNS = 150;

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('', '5', '2026-01-02', '2026-01-02T03:04:05.678Z', "'); DROP TABLE x; --"),
);
const integer = fc.oneof(fc.integer(), fc.maxSafeInteger());
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value));
const leaf = fc.oneof(text, integer, real, fc.boolean());
const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null, freq: 4 });

/** One kind of values a field may have in all records, or any mixture. */
const field = fc.oneof(
  fc.constant(text),
  fc.constant(integer),
  fc.constant(real),
  fc.constant(fc.boolean()),
  fc.constant(nullable(integer)),
  fc.constant(fc.array(nullable(integer), { maxLength: 3 })),
  fc.constant(fc.array(text, { maxLength: 3 })),
  fc.constant(fc.record({ x: integer, y: nullable(text) }, { requiredKeys: ['x'] })),
  fc.constant(fc.array(fc.record({ a: fc.boolean(), b: fc.array(real, { maxLength: 2 }) }), { maxLength: 2 })),
  fc.constant(leaf),
);
const records = fc.array(field, { minLength: 1, maxLength: 5 }).chain((fields) =>
  fc.array(fc.record(Object.fromEntries(fields.map((values, i) => [`f${i}`, values])) as Record<string, fc.Arbitrary<unknown>>), {
    minLength: 1,
    maxLength: 6,
  }),
);

/** What a value must read back as from a column of this type. */
function expected(value: unknown, type: string): unknown {
  const inner = /^Nullable\((.*)\)$/s.exec(type)?.[1] ?? type;
  if (value === null || value === undefined) return null;
  if (inner === 'String') return typeof value === 'string' ? value : JSON.stringify(value);
  if (inner.startsWith('DateTime64')) return (value as string).replace('T', ' ').replace('Z', '');
  return /^U?Int(64|128|256)$/.test(inner) ? JSON.stringify(value) : value;
}

test(`every record of ${RUNS} random batches is stored as it is`, async () => {
  const map = mapperTo(engine.destination);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(records, async (values) => {
      const table = `m${run++}`;
      const numbered = values.map((value, i) => ({ id: i, ...value }));
      const body = JSON.stringify(numbered);
      const rows = await map(await batchOf(body), pipelineOf(table));
      assert.deepEqual(rows.rejections, []);
      await engine.insertRows(rows);
      const columns = await engine.destination.select<{ name: string; type: string }>(
        `SELECT name, type FROM system.columns WHERE table = '${table}' AND name NOT LIKE '\\_sluice%' ORDER BY position`,
      );
      const stored = await engine.destination.select<Record<string, unknown>>(
        `SELECT * FROM ${table} ORDER BY id SETTINGS output_format_json_quote_64bit_integers = 1`,
      );
      for (const { name, type } of columns) {
        if (/Array|Tuple|JSON/.test(type)) continue;
        assert.deepEqual(
          stored.map((row) => row[name]),
          numbered.map((record) => expected((JSON.parse(JSON.stringify(record)) as Record<string, unknown>)[name], type)),
          `${name} ${type}`,
        );
      }
      const nested = columns.filter(({ type }) => /^(Array|Tuple)/.test(type)).map(({ name }) => name);
      const plain = await engine.destination.select<Record<string, unknown>>(
        `SELECT id${nested.map((name) => `, toJSONString(${name}) AS j_${name}`).join('')} FROM ${table} ORDER BY id SETTINGS output_format_json_quote_64bit_integers = 0`,
      );
      for (const name of nested) {
        assert.deepEqual(
          plain.map((row) => withoutNulls(JSON.parse(row[`j_${name}`] as string))),
          numbered.map((record) => withoutNulls((JSON.parse(JSON.stringify(record)) as Record<string, unknown>)[name])),
          name,
        );
      }
      await engine.destination.execute(`DROP TABLE ${table}`);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

/** A member that is null and one that is not there are the same in a tuple; a time is printed in ClickHouse's way. */
function withoutNulls(value: unknown): unknown {
  if (value === '2026-01-02T03:04:05.678Z') return '2026-01-02 03:04:05.678';
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  );
}
