/** JSON and Dynamic columns: whatever passes reads back as the JSON it was, also beside every other value of the block. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { judgeOf } from '../support/cells.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

/** JSON with numbers as their text. */
type Exact = null | boolean | string | { readonly number: string } | readonly Exact[] | Map<string, Exact>;

/** An independent reader: a number is its text, and an object keeps its keys in a Map. */
function readExact(text: string): Exact {
  let at = 0;
  const string = (): string => {
    const [found = ''] = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(at)) ?? [];
    at += found.length;
    return JSON.parse(found) as string;
  };
  const items = <T>(close: string, item: () => T): T[] => {
    const found: T[] = [];
    for (at++; text[at] !== close; ) {
      if (text[at] === ',') at++;
      found.push(item());
    }
    at++;
    return found;
  };
  const value = (): Exact => {
    if (text[at] === '"') return string();
    if (text[at] === '[') return items(']', value);
    if (text[at] === '{')
      return new Map(
        items('}', (): [string, Exact] => {
          const key = string();
          at++;
          return [key, value()];
        }),
      );
    const [word = ''] = /^[-+.\w]+/.exec(text.slice(at)) ?? assert.fail(text.slice(at));
    at += word.length;
    return word === 'null' ? null : word === 'true' || word === 'false' ? word === 'true' : { number: word };
  };
  return value();
}

/** Integers by their digits, everything else by the nearest double. An integer may be printed as a fraction only if that is the same number. */
function canonical(number: string): string {
  if (/^-?\d+$/.test(number)) return BigInt(number).toString();
  const value = Number(number);
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** `absent`: members that are null or hold nothing count as absent, as JSON columns have it. */
function normal(value: Exact, absent: boolean): unknown {
  if (Array.isArray(value)) return value.map((item: Exact) => normal(item, absent));
  if (value instanceof Map) {
    const members = [...value].map(([key, inner]): [string, unknown] => [key, normal(inner, absent)]);
    const kept = members.filter(([, inner]) => !absent || (inner !== null && !(inner instanceof Map && inner.size === 0)));
    return new Map(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  return typeof value === 'object' && value !== null ? `number ${canonical((value as { number: string }).number)}` : value;
}

const SCALARS = ['1', '-3', '0', '2.5', '1e3', '-0.0', 'true', 'false', '"x"', '"5"', '""', 'null', '0.1', '"true"', '"2026-01-01"'];
const WIDE = ['9007199254740993', '18446744073709551615', '-9223372036854775808', '18446744073709551616', '1e400', '0.1234567890123456789'];
const KEYS = ['a', 'b', 'A', 'size0', 'a b', 'é', '', 'a.b', 'null', '1', '__proto__', 'a\\"b', '\\u0061c'];

/** JSON texts nested up to `depth`, objects of `keys`. */
function jsonText(depth: number, keys: readonly string[], scalars: readonly string[]): fc.Arbitrary<string> {
  const scalar = fc.constantFrom(...scalars);
  if (depth === 0) return scalar;
  const inner = jsonText(depth - 1, keys, scalars);
  const array = fc.array(inner, { maxLength: 3 }).map((items) => `[${items.join(',')}]`);
  const like = fc.array(scalar, { minLength: 2, maxLength: 3 }).map((items) => `[${items.map((item) => `{"a":${item}}`).join(',')}]`);
  const object = fc
    .uniqueArray(fc.constantFrom(...keys), { maxLength: 3 })
    .chain((names) => fc.tuple(...names.map((name) => inner.map((item) => `"${name}":${item}`))))
    .map((members) => `{${members.join(',')}}`);
  return fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 3, arbitrary: array }, like, { weight: 3, arbitrary: object });
}

/** Writes what passes and compares what comes back. Gives how many passed. */
async function roundTrip(type: string, texts: readonly string[], absent: boolean): Promise<number> {
  const judge = judgeOf(type);
  const kept: string[] = [];
  const lines: string[] = [];
  for (const json of texts) {
    const judgement = await judge(json);
    if (judgement.kind === 'refused') continue;
    lines.push(`{"k":${kept.length},"v":${judgement.text}}`);
    kept.push(json);
  }
  await engine.destination.execute('DROP TABLE IF EXISTS free');
  await engine.destination.execute(`CREATE TABLE free (k UInt32, v ${type}) ENGINE = MergeTree ORDER BY k`);
  await engine.insertLines('free', ['k', 'v'], lines);
  const rows = await engine.destination.select<{ s: string }>(
    'SELECT toJSONString(v) AS s FROM free ORDER BY k SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_escape_forward_slashes = 0',
  );
  for (const [k, json] of kept.entries()) {
    assert.deepEqual(
      normal(readExact(rows[k]?.s ?? assert.fail(json)), absent),
      normal(readExact(json), absent),
      `${json} → ${rows[k]?.s}`,
    );
  }
  return kept.length;
}

const sample = (arbitrary: fc.Arbitrary<string>, size: number): string[] => fc.sample(arbitrary, size);

test('JSON: each value on a path of its own', async () => {
  const texts = sample(jsonText(4, KEYS, [...SCALARS, ...WIDE]), 900).map((json, i) => `{"p${i}":${json}}`);
  const passed = await roundTrip('JSON', texts, true);
  assert.ok(passed > 300, `only ${passed} passed`);
});

test('JSON: all values on one path', async () => {
  const texts = sample(jsonText(2, ['a', 'b', 'c'], [...SCALARS, ...WIDE]), 900).map((json) => `{"q":${json}}`);
  const passed = await roundTrip('JSON', texts, true);
  assert.ok(passed > 400, `only ${passed} passed`);
});

test('JSON: objects in arrays, where ClickHouse has ever fewer variants', async () => {
  const scalar = fc.constantFrom(...SCALARS, ...WIDE);
  const nested = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.array(scalar, { minLength: 1, maxLength: 6 })).map(([depth, items]) => {
    const inner = items.map((item) => `{"x":${item}}`).join(',');
    return `{"n":${'[{"y":'.repeat(depth - 1)}[${inner}]${'}]'.repeat(depth - 1)}}`;
  });
  const passed = await roundTrip('JSON', sample(nested, 800), true);
  assert.ok(passed > 200, `only ${passed} passed`);
});

test('JSON: plain records pass', async () => {
  const values = fc
    .jsonValue({ maxDepth: 3, noUnicodeString: false })
    .filter((value) => !/[.]\w*":|true|false|null|\\u/.test(JSON.stringify(value)));
  const texts = sample(
    values.map((value) => JSON.stringify({ v: value })),
    300,
  );
  assert.ok((await roundTrip('JSON', texts, true)) > 280);
});

test('Dynamic', async () => {
  const passed = await roundTrip('Dynamic', sample(jsonText(3, KEYS, [...SCALARS, ...WIDE]), 1500), false);
  assert.ok(passed > 300, `only ${passed} passed`);
});

test('Dynamic: objects of plain names', async () => {
  const passed = await roundTrip('Dynamic', sample(jsonText(3, ['a', 'b', 'size0', 'keys', 'values'], SCALARS), 1500), false);
  assert.ok(passed > 500, `only ${passed} passed`);
});

test('Array and Map of Dynamic', async () => {
  const inner = jsonText(2, ['a', 'b'], [...SCALARS, ...WIDE]);
  const arrays = fc.array(inner, { maxLength: 3 }).map((items) => `[${items.join(',')}]`);
  assert.ok((await roundTrip('Array(Dynamic)', sample(arrays, 400), false)) > 100);
  assert.ok(
    (await roundTrip(
      'Map(String, Dynamic)',
      sample(
        inner.map((json) => `{"m":${json}}`),
        400,
      ),
      false,
    )) > 100,
  );
});
