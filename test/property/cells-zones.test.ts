/** Local times without a zone designator: what passes is the time the column shows, whatever the clocks of its zone did. */
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

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Etc/UTC'];
const VALUES = 1200;
const HOUR_MS = 3_600_000;

const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
/** Times of all years, and those near the hours at which clocks change in one. */
const near = fc
  .tuple(fc.integer({ min: 1902, max: 2290 }), fc.integer({ min: 0, max: 365 * 24 }), fc.constantFrom(0, 1, 1799, 1800, 3599))
  .map(([year, hour, second]) => text(Date.UTC(year, 0, 1) + hour * HOUR_MS + second * 1000));
const changes = fc
  .tuple(
    fc.constantFrom(
      '1945-05-24',
      '1916-04-30',
      '1973-04-29',
      '1999-10-31',
      '2011-12-30',
      '2026-03-08',
      '2026-03-29',
      '2026-10-25',
      '2026-11-01',
      '2150-03-29',
    ),
    fc.integer({ min: 0, max: 47 }),
  )
  .map(([day, half]) => text(Date.parse(day) + (half * HOUR_MS) / 2));

for (const zone of ZONES) {
  test(zone, async () => {
    const type = `DateTime64(0, '${zone}')`;
    const judge = judgeOf(type);
    const kept: string[] = [];
    const lines: string[] = [];
    for (const time of fc.sample(fc.oneof(near, changes), VALUES)) {
      const judgement = await judge(`"${time}"`);
      if (judgement.kind === 'refused') continue;
      lines.push(`{"k":${kept.length},"v":${judgement.text}}`);
      kept.push(time);
    }
    await engine.destination.execute('DROP TABLE IF EXISTS z');
    await engine.destination.execute(`CREATE TABLE z (k UInt32, v ${type}) ENGINE = MergeTree ORDER BY k`);
    await engine.insertLines('z', ['k', 'v'], lines);
    const rows = await engine.destination.select<{ s: string }>('SELECT toString(v) AS s FROM z ORDER BY k');
    assert.deepEqual(
      rows.map(({ s }) => s),
      kept,
    );
    assert.ok(kept.length > VALUES * 0.8, `only ${kept.length} passed`);
  });
}

test('times that a change of clocks skips or repeats are refused', async () => {
  const code = async (zone: string, time: string): Promise<string> => {
    const judgement = await judgeOf(`DateTime64(0, '${zone}')`)(`"${time}"`);
    return judgement.kind === 'refused' ? judgement.code : judgement.kind;
  };
  assert.equal(await code('Europe/Berlin', '2026-03-29 02:30:00'), 'invalid_value');
  assert.equal(await code('Europe/Berlin', '2026-10-25 02:30:00'), 'ambiguous_value');
  assert.equal(await code('Pacific/Apia', '2011-12-30 12:00:00'), 'invalid_value');
  assert.equal(await code('Australia/Lord_Howe', '2026-04-05 01:45:00'), 'ambiguous_value');
  assert.equal(await code('Europe/Berlin', '2026-10-25 02:30:00Z'), 'verbatim');
});
