/** What exactly is handed to ClickHouse: the text as it is (`=`), other text, or a code and a path. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unit } from '../../../src/map/cells/epoch.ts';
import { judgeOf } from '../../support/cells.ts';

type Cases = Readonly<Record<string, string>>;

async function verdicts(type: string, cases: Cases, options: { unit?: Unit; unknownNested?: 'reject' | 'ignore' } = {}): Promise<void> {
  const judge = judgeOf(type, options);
  const got: Record<string, string> = {};
  for (const json of Object.keys(cases)) {
    const judgement = await judge(json);
    got[json] =
      judgement.kind === 'refused' ? `${judgement.code} ${judgement.path}`.trim() : judgement.kind === 'verbatim' ? '=' : judgement.text;
  }
  assert.deepEqual(got, cases, type);
}

test('integers', async () => {
  await verdicts('Int64', {
    '5': '=',
    '-0': '0',
    '1.0': '1',
    '1e3': '1000',
    '100e-2': '1',
    '-1.50e1': '-15',
    '"12"': '=',
    '"-0"': '0',
    '9223372036854775807': '=',
    '9223372036854775808': 'out_of_range',
    '1.9': 'precision_loss',
    '1e999999999': 'out_of_range',
    '1e-999999999': 'precision_loss',
    '0e999999999': '0',
    true: 'wrong_type',
  });
  await verdicts('UInt8', { true: '1', false: '0', '"-0"': '0', '-0.0': '0', '256': 'out_of_range', '"256"': 'out_of_range' });
  await verdicts('UInt16', { true: 'wrong_type', '-1': 'out_of_range' });
});

test('floats', async () => {
  await verdicts('Float64', {
    '1.7976931348623157e308': '=',
    '1e23': '=',
    '-1.5E-7': '=',
    '123456789012345': '=',
    '100000000000000000000000': 'precision_loss',
    '123456789.12345678901': 'precision_loss',
    '0.1000000000000000055511151231257827021181583404541015625': '=',
    '0e400': '=',
    '"1.50"': '1.50',
    '"NaN"': '"nan"',
    '"-Infinity"': '"-inf"',
    '"01"': 'invalid_value',
    '"1."': 'invalid_value',
  });
  await verdicts('Float32', {
    '0.1': '=',
    '0.123456789': '=',
    '0.1234567890': '=',
    '0.1234567891': 'precision_loss',
    '16777217': 'precision_loss',
    '16777217.0': '=',
    '1e39': 'out_of_range',
    '1e-46': 'precision_loss',
  });
  await verdicts('BFloat16', {
    '0.099609375': '=',
    '9.96921e37': '=',
    '0.1': 'precision_loss',
    '256': '=',
    '99': '=',
    '257': 'precision_loss',
  });
});

test('decimals', async () => {
  await verdicts('Decimal(10, 2)', {
    '1.5': '=',
    '-12345678.90': '=',
    '0.00': '=',
    '1.500': '1.5',
    '1e3': '1000',
    '"1.50"': '1.5',
    '1.505': 'precision_loss',
    '100000000': 'out_of_range',
    '100000000.00': 'out_of_range',
  });
  await verdicts('Decimal(4, 4)', { '0.1234': '=', '1.0': 'out_of_range', '0': '=', '-0.5': '=' });
  await verdicts('Decimal(4, 0)', { '1234': '=', '1.0': '1', '12345': 'out_of_range', '0.1': 'precision_loss' });
});

test('text', async () => {
  await verdicts('String', {
    '"a\\n"': '=',
    '1.10': '"1.10"',
    '-1E+5': '"-1E+5"',
    true: '"true"',
    '{"a" : [1,\t2]}': '"{\\"a\\" : [1,\\t2]}"',
    '[1,\n2]': '"[1,\\n2]"',
    '{"a":\r1}': '"{\\"a\\":\\r1}"',
    null: 'missing_value',
  });
  await verdicts('FixedString(3)', { '"é"': '=', '"éa"': '=', '"éé"': 'out_of_range', '"\\u00e9\\u00e9"': 'out_of_range' });
  await verdicts('UUID', {
    '"61F0C404-5CB3-11E7-907B-A6006AD3DBA0"': '=',
    '"61f0c404-5cb3-11e7-907b-a6006ad3dba\\u0030"': '"61f0c404-5cb3-11e7-907b-a6006ad3dba0"',
  });
  await verdicts("Enum8('a' = 1, '5' = 7)", {
    '"a"': '=',
    '"5"': '=',
    '"1"': 'invalid_value',
    '1': '=',
    '5': 'invalid_value',
    '257': 'invalid_value',
  });
});

test('times', async () => {
  await verdicts("DateTime('UTC')", {
    '"1970-01-01T00:00:00"': '=',
    '"2106-02-07 06:28:15"': '=',
    '"2026-01-02T03:04:05.000Z"': '"2026-01-02T03:04:05Z"',
    '1767225600': '=',
    '4294967295': '=',
    '4294967296': 'out_of_range',
    '-0': '0',
    '1767225600.0': 'ambiguous_value',
  });
  await verdicts('DateTime', { '"1970-01-01T00:00:00"': 'out_of_range', '"1970-01-01T00:00:00Z"': '=', '"2026-01-02 03:04:05"': '=' });
  await verdicts("DateTime('UTC')", { '1767225600000': '1767225600', '1767225600500': 'precision_loss' }, { unit: 'ms' });
  await verdicts(
    "DateTime64(3, 'UTC')",
    { '1767225600123': '=', '-1': '=', '-0': '0', '10413792000000': 'out_of_range', '1.0': '1' },
    { unit: 'ms' },
  );
  await verdicts("DateTime64(6, 'UTC')", { '1767225600123': '1767225600123000', '1767225600123.5': '1767225600123500' }, { unit: 'ms' });
  await verdicts("DateTime64(9, 'UTC')", { '1767225600123456789': '=', '9999999999999999999': 'out_of_range' }, { unit: 'ns' });
  await verdicts("DateTime64(3, 'UTC')", { '1767225600.123': '1767225600123', '20000': '20000000' }, { unit: 's' });
  await verdicts('Date', { '20000': '"2024-10-04"', '"2024-10-04"': '=' }, { unit: 'days' });
  await verdicts('Time64(3)', { '3600.5': '"01:00:00.500"', '-1': '"-00:00:01.000"', '"1:02:03.5000"': '"1:02:03.500"' }, { unit: 's' });
});

test('containers', async () => {
  await verdicts('Array(Int8)', { '[1, 2]': '=', '[1.0,true]': 'wrong_type [1]', '[1.0,2]': '[1,2]', null: '[]' });
  await verdicts('Map(UInt8, String)', { '{"1":"a"}': '=', '{"\\u0031":"a"}': '{"1":"a"}', '{"":"a"}': 'invalid_value' });
  await verdicts("Map(DateTime64(3, 'UTC'), Int8)", {
    '{"2026-01-02T03:04:05.678Z":1}': '=',
    '{"2026-01-02T03:04:05.6789Z":1}': 'invalid_value',
  });
  await verdicts('Map(Bool, Int8)', { '{"true":1}': 'invalid_value', '{}': '=' });
  await verdicts('Map(String, Int8)', { '{"a\\u0041":1}': '=' });
  await verdicts('Tuple(a Int8, b Dynamic)', { '{"a":1,"b":null}': '{"a":1}', '{"\\u0061":1}': '{"a":1}', '{"a":1,"b":[1]}': '=' });
  await verdicts('Tuple(a Tuple(b Int8), c Array(Int8))', {
    '{"a":{"b":1},"c":[1,300]}': 'out_of_range .c[1]',
    '{"a":{}}': 'missing_value .a.b',
  });
  await verdicts('Tuple()', { '[]': '=', '[1]': 'invalid_value' });
});

test('variants', async () => {
  await verdicts('Variant(Int64, String)', {
    '5': '=',
    '1e2': '100',
    '1.5': 'wrong_type',
    true: 'wrong_type',
    '"x"': '=',
    '""': 'ambiguous_value',
    '"5"': 'ambiguous_value',
    '"true"': 'ambiguous_value',
    '"2026-01-01"': 'ambiguous_value',
    null: '=',
  });
  await verdicts('Variant(Float64, Int64)', { '5': '=', '1.5': '=', '9223372036854775808': '=', '"1"': 'wrong_type' });
  await verdicts('Variant(Decimal(10, 2), Float64)', { '1.5': 'ambiguous_value', '1.505': 'ambiguous_value' });
  await verdicts('Variant(Date, String)', { '"20260102"': 'ambiguous_value', '"x"': '=' });
  await verdicts('Variant(Date, UUID)', { '"2026-01-02"': '=', '5': 'wrong_type' });
  await verdicts('Variant(JSON, String)', { '{"a":1}': 'ambiguous_value', '"x"': '=' });
  await verdicts('Variant(Array(Int8), Array(String))', { '[1]': 'ambiguous_value' });
  await verdicts('Variant(Array(Int8), String)', { '[300]': 'out_of_range [0]', '[1.0]': '[1]' });
  await verdicts('Variant(Array(Decimal(9, 2)), String)', { '[1.5]': 'wrong_type', '"x"': '=' });
  await verdicts('Variant(AggregateFunction(sum, Int8), Int8)', { '5': 'ambiguous_value', null: '=' });
});

test('free forms', async () => {
  await verdicts('JSON', {
    '{"a":{"b":[1,"x",{"c":[]}]}}': '=',
    '{"a":[9007199254740993]}': 'precision_loss .a',
    '{"a":[{"b":9007199254740993}]}': '=',
    '{"a":[{"b":[{"c":9007199254740993}]}]}': 'precision_loss .a[0].b[0].c',
    '{"a":[null,[1]]}': 'invalid_value .a[1]',
    '{"a":[null,1]}': '=',
    '{"a":[[null],[[1]]]}': 'invalid_value .a[1][0]',
    '{"a":[[null],[1]]}': '=',
    '{"a":[true,{"b":1}]}': '=',
    '{"a":{"b.c":1}}': 'ambiguous_value .a.b.c',
  });
  await verdicts('JSON(a String, b.c Decimal(9, 2), d Array(Int128))', {
    '{"a":1.10,"b":{"c":1}}': '{"a":"1.10","b":{"c":1}}',
    '{"a":"x","b":{"c":1.50,"e":[{"c":"x"}]}}': '{"a":"x","b":{"c":"1.5","e":[{"c":"x"}]}}',
    '{"a":[1, 2],"b":{"c":1},"d":[170141183460469231731687303715884105727]}':
      '{"a":"[1, 2]","b":{"c":1},"d":["170141183460469231731687303715884105727"]}',
    '{"a":"x","b":{"c":1.505}}': 'precision_loss .b.c',
    '{"a":"x"}': 'missing_value',
  });
  await verdicts('Dynamic', {
    '{"a":{"b":1,"c":null}}': '=',
    '{"a":{}}': 'ambiguous_value .a',
    '{"a.b":1}': 'ambiguous_value .a.b',
    '{"null":1}': 'ambiguous_value .null',
    '{"\\u0061":1}': 'ambiguous_value',
    '[{"a":1},{"a":2}]': '=',
    '[{"a":1},{"b":2}]': 'ambiguous_value',
    '[{"a":1},{"a":"x"}]': 'ambiguous_value',
    '[null,1]': '=',
    '[null,1,"x"]': 'invalid_value',
    '[null,[1]]': 'invalid_value',
    '[[null],[1]]': '=',
    '[1,"x",[2]]': '=',
    '[1.5,9007199254740993]': 'precision_loss',
    '[9007199254740993]': '=',
    '[-1,18446744073709551615]': 'invalid_value',
    '[[null],[[1]]]': 'invalid_value',
  });
});
