/** Every change ClickHouse was seen to make without a word to a value written as JSON, each with the code it is refused with. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { judgeOf } from '../../support/cells.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';

interface Change {
  readonly type: string;
  readonly json: string;
  /** What ClickHouse makes of it when nobody looks. */
  readonly becomes: string;
  readonly code: string;
}

const change = (type: string, json: string, becomes: string, code: string): Change => ({ type, json, becomes, code });

const CHANGES: readonly Change[] = [
  change('Int8', '300', '44', 'out_of_range'),
  change('Int64', '9223372036854775808', '-9223372036854775808', 'out_of_range'),
  change('UInt64', '18446744073709551616', '0', 'out_of_range'),
  change('Int32', '""', '0', 'invalid_value'),
  change('Int32', 'true', '1', 'wrong_type'),
  change('Int32', 'null', '0', 'missing_value'),
  change('Decimal(10, 2)', '1.509', '1.5', 'precision_loss'),
  change('Float64', '1e400', 'inf', 'out_of_range'),
  change('Float64', '9007199254740993', '9007199254740992', 'precision_loss'),
  change('Float64', '1e-400', '0', 'precision_loss'),
  change('Float32', '16777217', '16777216', 'precision_loss'),
  change('BFloat16', '3.14159', '3.140625', 'precision_loss'),
  change('Bool', '1', 'true', 'wrong_type'),
  change('Date', '"1960-01-01"', '1970-01-01', 'out_of_range'),
  change('Date', '"2200-01-01"', '2149-06-06', 'out_of_range'),
  change('Date', '"2026-02-30"', '2026-03-02', 'invalid_value'),
  change('Date', '20000', '2024-10-04', 'ambiguous_value'),
  change('Date32', '"1899-12-31"', '1900-01-01', 'out_of_range'),
  change("DateTime('UTC')", '1767225600000', '2106-02-07 06:28:15', 'out_of_range'),
  change("DateTime('UTC')", '"1969-12-31T23:59:59Z"', '1970-01-01 00:00:00', 'out_of_range'),
  change("DateTime('UTC')", '"2026-01-02T03:04:05.9Z"', '2026-01-02 03:04:05', 'precision_loss'),
  change("DateTime('UTC')", '"2026-01-02T03:04:60Z"', '2026-01-02 03:05:00', 'invalid_value'),
  change("DateTime('UTC')", '"5"', `${new Date().getUTCFullYear()}-01-05 00:00:00`, 'invalid_value'),
  change("DateTime('Europe/Berlin')", '"2026-03-29T02:30:00"', '2026-03-29 01:30:00', 'invalid_value'),
  change("DateTime64(3, 'UTC')", '1767225600', '1970-01-21 10:53:45.600', 'ambiguous_value'),
  change("DateTime64(3, 'UTC')", '"2026-01-02T03:04:05.1239Z"', '2026-01-02 03:04:05.123', 'precision_loss'),
  change("DateTime64(9, 'UTC')", '9223372036854775808', '1677-09-21 00:12:43.145224192', 'ambiguous_value'),
  change('Time', '"12:60:00"', '13:00:00', 'invalid_value'),
  change('Time64(3)', '"12:00:00.1239"', '12:00:00.123', 'precision_loss'),
  change("Enum8('a' = 1)", '257', 'a', 'invalid_value'),
  change("Enum8('a' = 1)", '"1"', 'a', 'invalid_value'),
  change('Array(Int8)', '[300]', '[44]', 'out_of_range'),
  change('Map(UInt8, Int8)', '{"":1}', '{0:1}', 'invalid_value'),
  change('Tuple(a Int8, b String)', '{"a":1}', "(1,'')", 'missing_value'),
  change('JSON', '{"a":[true,1]}', '{"a":["1","1"]}', 'ambiguous_value'),
  change('JSON', '{"a":["x",true]}', '{"a":["x","true"]}', 'ambiguous_value'),
  change('JSON', '{"a":[1.5,9007199254740993]}', '{"a":[1.5,9007199254740992]}', 'precision_loss'),
  change('JSON', '{"a.b":1}', '{"a":{"b":"1"}}', 'ambiguous_value'),
  change('JSON(a Decimal(10, 2))', '{"a":1.509}', '{"a":1.5}', 'precision_loss'),
  change('Dynamic', '18446744073709551616', '18446744073709551616', 'out_of_range'),
  change('Dynamic', '[{"a":1},{"b":"x"}]', "[(1,''),(0,'x')]", 'ambiguous_value'),
  change('Dynamic', '{"a":{}}', "('{}')", 'ambiguous_value'),
  change('Variant(Int64, String)', '"5"', '5', 'ambiguous_value'),
  change('Variant(Int64, String)', '""', '0', 'ambiguous_value'),
  change('Variant(Int64, String)', 'true', '1', 'wrong_type'),
  change('Variant(Int64, String)', '1.5', '1.5', 'wrong_type'),
  change('Variant(Int64, Bool)', '1', 'true', 'ambiguous_value'),
  change('Variant(String, Array(Decimal(9, 2)))', '[1.5]', '[1.5]', 'wrong_type'),
];

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

test('what ClickHouse would change is refused', async () => {
  for (const { type, json, code } of CHANGES) {
    const judgement = await judgeOf(type)(json);
    assert.equal(judgement.kind === 'refused' ? judgement.code : judgement.kind, code, `${type}: ${json}`);
  }
});

test('ClickHouse does make these changes, so the checks are still needed', async () => {
  for (const [i, { type, json, becomes }] of CHANGES.entries()) {
    const settings = 'ENGINE = MergeTree ORDER BY k SETTINGS allow_suspicious_variant_types = 1';
    await engine.destination.execute(`CREATE TABLE s${i} (k UInt8, v ${type}) ${settings}`);
    await engine.insertLines(`s${i}`, ['k', 'v'], [`{"k":1,"v":${json}}`]);
    const [row] = await engine.destination.select<{ s: string }>(`SELECT toString(v) AS s FROM s${i}`);
    assert.equal(row?.s, becomes, `${type}: ${json}`);
  }
});

test('integers in arrays of a JSON column become fractions beside another record', async () => {
  await engine.destination.execute('CREATE TABLE beside (k UInt8, v JSON) ENGINE = MergeTree ORDER BY k');
  await engine.insertLines('beside', ['k', 'v'], ['{"k":1,"v":{"a":[1.5]}}', '{"k":2,"v":{"a":[9007199254740993]}}']);
  const rows = await engine.destination.select<{ s: string }>('SELECT toString(v.a) AS s FROM beside ORDER BY k');
  assert.deepEqual(
    rows.map(({ s }) => s),
    ['[1.5]', '[9007199254740992]'],
  );
  const judgement = await judgeOf('JSON')('{"a":[9007199254740993]}');
  assert.equal(judgement.kind === 'refused' && judgement.code, 'precision_loss');
});
