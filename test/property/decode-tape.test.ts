import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RecordEnvelope } from '../../src/core/batch.ts';
import type { FramingConfig } from '../../src/core/config.ts';
import { AUTO, createJsonDecoder, deliveryOf, LIMITS } from '../support/deliveries.ts';

const RUNS = 400;

/** One decoder for all runs, so that shapes of earlier bodies meet later ones. */
const decode = createJsonDecoder(LIMITS);

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'é', '"', '\\', ''),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
);
const wellFormed = text.filter((value) => !/\p{Surrogate}/u.test(value));
/**
 * No backslash: V8 in Node 24.21 reads the key "\\u0041" as "\\" when it has read that key before in the same place, so JSON.parse is no judge of them.
 * The tests of shapes have such keys.
 */
const key = wellFormed.filter((value) => !value.includes('\\'));
const scalar = fc.oneof(wellFormed, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const { value: json, object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'small' }, scalar, tie('object'), fc.array(tie('value'), { maxLength: 5 })),
  object: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
}));
const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
/** Blanks that do not part lines. */
const space = fc.stringMatching(/^[ \t\r]{0,2}$/);

/** The JSON text of a value with what `pad` gives between its tokens, and some characters as escapes. */
function write(value: unknown, pad: () => string): string {
  const p = pad;
  if (Array.isArray(value)) return `[${p()}${value.map((item) => write(item, pad)).join(`${p()},${p()}`)}${p()}]`;
  if (typeof value === 'string') return quote(value, p().length === 1);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${quote(key, p().length === 1)}${p()}:${p()}${write(item, pad)}`);
  return `{${p()}${members.join(`${p()},${p()}`)}${p()}}`;
}

function quote(value: string, escapeAll: boolean): string {
  if (!escapeAll) return JSON.stringify(value);
  const units = Array.from({ length: value.length }, (_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`);
  return `"${units.join('')}"`;
}

function padder(pads: string[]): () => string {
  let next = 0;
  return () => pads[next++ % pads.length] ?? '';
}

/** Reads a token and all in it from the tape's integers and bytes alone, checking that slices and links agree with the text. */
function read(record: RecordEnvelope['value'], node = record.node): { value: unknown; next: number } {
  const { tape } = record;
  const [head = 0, start = 0, end = 0, next = 0] = tape.tokens.subarray(node * 4, node * 4 + 4);
  const slice = tape.bytes.toString('utf8', start, end);
  const kind = head & 15;
  if (kind < 5) {
    assert.equal(next, node + 1);
    assert.equal(slice.trim(), slice);
    if (kind === 3) assert.equal(head >>> 4, /[.eE]/.test(slice) ? 1 : 0);
    if (kind === 4) assert.equal(head >>> 4, slice.includes('\\') ? 1 : 0);
    const value = JSON.parse(slice) as unknown;
    assert.equal(
      kind,
      [null, false, true].includes(value as null) ? [null, false, true].indexOf(value as null) : typeof value === 'number' ? 3 : 4,
    );
    return { value, next };
  }
  assert.equal(`${slice[0]}${slice.at(-1)}`, kind === 5 ? '{}' : '[]');
  const values: unknown[] = [];
  let child = node + 1;
  let from = start;
  while (child < next) {
    assert.ok((tape.tokens[child * 4 + 1] ?? 0) > from, 'a child begins after the one before');
    from = tape.tokens[child * 4 + 2] ?? 0;
    assert.ok(from < end, 'a child ends inside');
    const inner = read(record, child);
    values.push(inner.value);
    child = inner.next;
  }
  assert.equal(child, next);
  if (kind === 6) {
    assert.equal(head >>> 4, values.length);
    return { value: values, next };
  }
  const { keys = [] } = tape.shapes[head >>> 4] ?? {};
  assert.equal(keys.length, values.length);
  return { value: Object.fromEntries(keys.map((key, i) => [key, values[i]])), next };
}

/** Texts of records and what stands around them in each framing. */
const FRAMINGS: Array<[kind: FramingConfig['kind'], join: (texts: string[], gap: string) => string]> = [
  ['array', (texts, gap) => `${gap}[${gap}${texts.join(`${gap},${gap}`)}${gap}]${gap}`],
  ['array', (texts, gap) => `[${texts.join(',')}${gap},${gap}]`],
  ['ndjson', (texts, gap) => `${texts.join(`${gap}\n`)}\n`],
  ['ndjson', (texts, gap) => `${gap}\n${texts.join(`\r\n${gap}\r\n`)}`],
  ['concatenated', (texts, gap) => texts.join(gap)],
  ['comma', (texts, gap) => texts.join(`${gap},${gap}`)],
  ['comma', (texts, gap) => `${texts.join(',\n')}${gap},`],
  ['strings', (texts, gap) => `[${gap}${texts.map((record) => quote(`${gap}${record}${gap}`, gap.length === 2)).join(`,${gap}`)}]`],
  ['strings', (texts, gap) => texts.map((record) => JSON.stringify(`${gap}${record}`)).join('\n')],
];

async function check(texts: string[], body: string, framing: FramingConfig): Promise<void> {
  const { records } = await decode(deliveryOf(body), framing);
  assert.deepEqual(
    records.map(({ value: { tape, node } }) => tape.bytes.toString('utf8', tape.tokens[node * 4 + 1], tape.tokens[node * 4 + 2])),
    texts,
    body,
  );
  for (const [i, record] of records.entries()) {
    const expected = JSON.parse(texts[i] ?? '') as unknown;
    // By text, because the order of keys counts; and by value, because -0 does.
    assert.deepEqual(read(record.value).value, expected);
    assert.equal(record.singleLine, !texts[i]?.includes('\n'));
    assert.equal(record.ordinal, i);
  }
}

test('the tape of any JSON text is the value JSON.parse reads, in every framing, with the exact bytes', async () => {
  const records = fc.array(object, { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(records, fc.array(blank, { minLength: 1, maxLength: 7 }), space, async (values, pads, gap) => {
      const pad = padder(pads);
      const texts = values.map((value) => write(value, pad));
      for (const [kind, join] of FRAMINGS) {
        const body = join(texts, gap);
        await check(texts, body, AUTO);
        await check(texts, body, { kind, prefix: '', suffix: '' });
        await check(texts, `\ufeff <<${body}>>\n`, { kind, prefix: '<<', suffix: '>>' });
      }
    }),
    { numRuns: RUNS },
  );
});

/** Strings in the place of records are read for what they hold. */
const isOfStrings = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'));

test('a body of one value is that value, or the elements of the array it is', async () => {
  const value = json.filter((candidate) => !isOfStrings(candidate));
  await fc.assert(
    fc.asyncProperty(value, fc.array(blank, { minLength: 1, maxLength: 5 }), async (written, pads) => {
      const body = `${pads[0]}${write(written, padder(pads))}${pads[0]}`;
      const { records } = await decode(deliveryOf(body), AUTO);
      const expected = JSON.parse(body) as unknown;
      assert.deepEqual(
        records.map((record) => read(record.value).value),
        Array.isArray(expected) ? expected : [expected],
      );
    }),
    { numRuns: RUNS },
  );
});

test('large bodies, which are read in many turns, are read alike', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(object, { minLength: 1, maxLength: 5 }), fc.nat(20), async (values, filler) => {
      const texts = Array.from({ length: 3000 }, (_, i) =>
        write({ i, ['x'.repeat(filler)]: '.'.repeat(200), value: values[i % values.length] }, () => ''),
      );
      for (const [kind, join] of FRAMINGS) {
        const { records } = await decode(deliveryOf(join(texts, '')), kind === 'concatenated' ? AUTO : { kind, prefix: '', suffix: '' });
        assert.equal(records.length, texts.length);
        for (const at of [0, 1, 1499, 2998, 2999]) {
          const record = records[at];
          assert.ok(record !== undefined);
          assert.deepEqual(read(record.value).value, JSON.parse(texts[at] ?? ''));
        }
      }
      const { records } = await decode(deliveryOf(`{"all":[${texts.join(',')}]}`), AUTO);
      assert.deepEqual(
        records.map((record) => read(record.value).value),
        [{ all: texts.map((record) => JSON.parse(record) as unknown) }],
      );
    }),
    { numRuns: 3 },
  );
});
