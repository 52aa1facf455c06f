/** Whatever a cell lets pass is stored as exactly that value: hostile values of each type, read back from the real engine. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { daysOf } from '../../src/map/cells/civil.ts';
import { parseDecimal, plainText } from '../../src/map/cells/number-text.ts';
import { judgeOf } from '../support/cells.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';

const VALUES = 400;

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

const digits = (most: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`)).map((text) => text.replace(/^0+(?=\d)/, ''));
const sign = fc.constantFrom('', '-');
const numberText = fc
  .tuple(
    sign,
    fc.oneof(
      digits(5),
      digits(22),
      fc.constantFrom('127', '128', '255', '256', '9223372036854775807', '9223372036854775808', '18446744073709551615'),
    ),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,6}0{0,3}$/)),
    fc.constantFrom('', '', '', 'e1', 'E-2', 'e+3'),
  )
  .map((parts) => parts.join(''));
const doubleText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  numberText,
);
const two = (n: number): string => String(n).padStart(2, '0');
const timeText = fc
  .record({
    year: fc.oneof(fc.integer({ min: 1890, max: 2310 }), fc.integer({ min: 1969, max: 2107 })),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 }),
    hour: fc.integer({ min: 0, max: 24 }),
    minute: fc.integer({ min: 0, max: 60 }),
    second: fc.integer({ min: 0, max: 60 }),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,4}0{0,6}$/)),
    zone: fc.constantFrom('Z', 'Z', '+02:00', '-0930', '+14:00'),
    separator: fc.constantFrom('T', ' '),
  })
  .map(
    (t) => `"${t.year}-${two(t.month)}-${two(t.day)}${t.separator}${two(t.hour)}:${two(t.minute)}:${two(t.second)}${t.fraction}${t.zone}"`,
  );
const dateText = fc
  .tuple(fc.integer({ min: 1890, max: 2310 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
  .map(([year, month, day]) => `"${year}-${two(month)}-${two(day)}"`);

/** Exact decimal text of a JSON number or of a string that holds one. */
const exact = (json: string): string => plainText(parseDecimal(json.replaceAll('"', '')) ?? assert.fail(json));

/** Nanoseconds since 1970 of an ISO text, by the platform's own calendar. */
function nanos(json: string): string {
  const [, date = '', clock = '', fraction = '', zone = ''] = /^"(.{10}).(.{8})(?:\.(\d+))?(.+)"$/.exec(json) ?? [];
  const offset = zone === 'Z' ? 'Z' : zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  return String(BigInt(Date.parse(`${date}T${clock}${offset}`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9)));
}

interface Subject {
  readonly type: string;
  readonly values: fc.Arbitrary<string>;
  /** SQL that gives the stored value as text, and the text that must be. */
  readonly print: string;
  readonly expected: (json: string) => string;
  /** At least so many of the values must pass, or the cell is needlessly strict. */
  readonly passing: number;
}

const INTEGERS = ['Int8', 'UInt8', 'Int16', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Int128', 'UInt256'];
const SUBJECTS: readonly Subject[] = [
  ...INTEGERS.map((type): Subject => ({ type, values: numberText, print: 'toString(v)', expected: exact, passing: 5 })),
  ...['Decimal(9, 2)', 'Decimal(18, 6)', 'Decimal(38, 9)', 'Decimal(76, 20)', 'Decimal(5, 0)', 'Decimal(6, 6)'].map(
    (type): Subject => ({ type, values: numberText, print: 'toString(v)', expected: exact, passing: 3 }),
  ),
  {
    type: 'Float64',
    values: doubleText,
    print: 'toString(reinterpretAsUInt64(v))',
    expected: (json) => String(new BigUint64Array(new Float64Array([Number(json)]).buffer)[0]),
    passing: 200,
  },
  {
    type: 'Float32',
    values: doubleText,
    print: 'toString(reinterpretAsUInt32(v))',
    expected: (json) => String(new Uint32Array(new Float32Array([Number(json)]).buffer)[0]),
    passing: 20,
  },
  { type: "DateTime64(9, 'UTC')", values: timeText, print: 'toString(toUnixTimestamp64Nano(v))', expected: nanos, passing: 100 },
  {
    type: "DateTime64(3, 'UTC')",
    values: timeText,
    print: 'toString(toUnixTimestamp64Milli(v) * toInt128(1000000))',
    expected: nanos,
    passing: 60,
  },
  {
    type: "DateTime64(0, 'Asia/Tokyo')",
    values: timeText,
    print: 'toString(toUnixTimestamp64Second(v) * toInt128(1000000000))',
    expected: nanos,
    passing: 40,
  },
  { type: "DateTime('UTC')", values: timeText, print: 'toString(toUnixTimestamp(v) * toInt128(1000000000))', expected: nanos, passing: 20 },
  {
    type: 'Date',
    values: dateText,
    print: 'toString(toInt32(v))',
    expected: (json) => String(Date.parse(JSON.parse(json) as string) / 86_400_000),
    passing: 60,
  },
  {
    type: 'Date32',
    values: dateText,
    print: 'toString(toInt32(v))',
    expected: (json) => String(Date.parse(JSON.parse(json) as string) / 86_400_000),
    passing: 150,
  },
  {
    type: 'String',
    values: fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    print: 'v',
    expected: (json) => JSON.parse(json) as string,
    passing: VALUES,
  },
  {
    type: 'String',
    values: fc
      .jsonValue()
      .map((value) => JSON.stringify(value))
      .filter((json) => !json.startsWith('"') && json !== 'null' && !json.includes('\\ud')),
    print: 'v',
    expected: (json) => json,
    passing: VALUES,
  },
];

for (const [i, { type, values, print, expected, passing }] of SUBJECTS.entries()) {
  test(`${type}: ${i}`, async () => {
    const judge = judgeOf(type);
    const texts = fc.sample(values, VALUES);
    const table = `p${i}`;
    await engine.destination.execute(`CREATE TABLE ${table} (k UInt32, v ${type}) ENGINE = MergeTree ORDER BY k`);
    const kept: string[] = [];
    const lines: string[] = [];
    for (const json of texts) {
      const judgement = await judge(json);
      if (judgement.kind === 'refused') continue;
      lines.push(`{"k":${kept.length},"v":${judgement.text}}`);
      kept.push(json);
    }
    await engine.insertLines(table, ['k', 'v'], lines);
    const rows = await engine.destination.select<{ s: string }>(`SELECT ${print} AS s FROM ${table} ORDER BY k`);
    assert.deepEqual(
      rows.map(({ s }, k) => [kept[k], s]),
      kept.map((json) => [json, expected(json)]),
    );
    assert.ok(kept.length >= passing, `only ${kept.length} of ${VALUES} passed`);
  });
}

test('the calendar is the platform calendar', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1600-01-01'), max: new Date('2400-01-01'), noInvalidDate: true }), (date) => {
      assert.equal(daysOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()), Math.floor(date.getTime() / 86_400_000));
    }),
  );
});
