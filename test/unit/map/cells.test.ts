/**
 * Every column type: what is refused and why, and what is taken, read back from the real engine. A value that is taken must come back as
 * exactly what it was; `=` marks the value ClickHouse prints for it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Unit } from '../../../src/map/cells/epoch.ts';
import { judgeOf } from '../../support/cells.ts';
import { createTestEngine, type TestEngine } from '../../support/engine.ts';

interface TypeCases {
  readonly type: string;
  readonly unit?: Unit;
  /** JSON text → what toString(v), or toJSONString(v) for containers, gives. */
  readonly taken: Readonly<Record<string, string>>;
  /** JSON text → code, and path where it is inside. */
  readonly refused: Readonly<Record<string, string>>;
}

const INTS: TypeCases[] = [
  {
    type: 'Int8',
    taken: { '-128': '-128', '127': '127', '0': '0', '-0': '0', '5.0': '5', '1.2e1': '12', '500e-1': '50', '"12"': '12', '"-5"': '-5' },
    refused: {
      '128': 'out_of_range',
      '-129': 'out_of_range',
      '300': 'out_of_range',
      '1e3': 'out_of_range',
      '1e999999999': 'out_of_range',
      '1.5': 'precision_loss',
      '1e-999999999': 'precision_loss',
      true: 'wrong_type',
      null: 'missing_value',
      '""': 'invalid_value',
      '"007"': 'invalid_value',
      '"+5"': 'invalid_value',
      '" 5"': 'invalid_value',
      '"5.0"': 'invalid_value',
      '"x"': 'invalid_value',
      '"300"': 'out_of_range',
      '[1]': 'wrong_type',
      '{}': 'wrong_type',
      '"\\u0035"': 'invalid_value',
    },
  },
  { type: 'UInt8', taken: { '255': '255', true: '1', false: '0', '-0': '0' }, refused: { '256': 'out_of_range', '-1': 'out_of_range' } },
  {
    type: 'Int64',
    taken: {
      '9223372036854775807': '9223372036854775807',
      '-9223372036854775808': '-9223372036854775808',
      '9007199254740993': '9007199254740993',
      '"9007199254740993"': '9007199254740993',
      '9.007199254740993e15': '9007199254740993',
    },
    refused: { '9223372036854775808': 'out_of_range', '-9223372036854775809': 'out_of_range', true: 'wrong_type' },
  },
  {
    type: 'UInt64',
    taken: { '18446744073709551615': '18446744073709551615' },
    refused: { '18446744073709551616': 'out_of_range', '-1': 'out_of_range' },
  },
  {
    type: 'Int128',
    taken: { '-170141183460469231731687303715884105728': '-170141183460469231731687303715884105728' },
    refused: { '170141183460469231731687303715884105728': 'out_of_range' },
  },
  {
    type: 'UInt256',
    taken: {
      '115792089237316195423570985008687907853269984665640564039457584007913129639935':
        '115792089237316195423570985008687907853269984665640564039457584007913129639935',
    },
    refused: { '115792089237316195423570985008687907853269984665640564039457584007913129639936': 'out_of_range' },
  },
];

const FRACTIONS: TypeCases[] = [
  {
    type: 'Float64',
    taken: {
      '0.1': '0.1',
      '1e5': '100000',
      '-0.0': '-0',
      '5e-324': '5e-324',
      '1.7976931348623157e308': '1.7976931348623157e308',
      '9007199254740992': '9007199254740992',
      '0.30000000000000004': '0.30000000000000004',
      '"NaN"': 'nan',
      '"-Infinity"': '-inf',
      '"1.5"': '1.5',
      '0.5000000000000000000000000': '0.5',
      '100000000000000000000': '100000000000000000000',
    },
    refused: {
      '9007199254740993': 'precision_loss',
      '1e400': 'out_of_range',
      '-1e400': 'out_of_range',
      '1e-400': 'precision_loss',
      '0.1234567890123456789': 'precision_loss',
      '""': 'invalid_value',
      '"x"': 'invalid_value',
      true: 'wrong_type',
      null: 'missing_value',
    },
  },
  {
    type: 'Float32',
    taken: { '0.1': '0.1', '16777216': '16777216', '1.5': '1.5', '3.4028235e38': '3.4028235e38' },
    refused: { '16777217': 'precision_loss', '3.5e38': 'out_of_range', '0.1234567891': 'precision_loss', '1e-50': 'precision_loss' },
  },
  {
    type: 'BFloat16',
    taken: { '1.5': '1.5', '3.140625': '3.140625', '256': '256' },
    refused: { '0.1': 'precision_loss', '257': 'precision_loss' },
  },
  {
    type: 'Decimal(10, 2)',
    taken: {
      '1.23': '1.23',
      '1.230000': '1.23',
      '12345678.90': '12345678.9',
      '1e-2': '0.01',
      '1.5e3': '1500',
      '"1.50"': '1.5',
      '-0.01': '-0.01',
      '-0.0': '0',
      '0': '0',
      '0e5': '0',
    },
    refused: {
      '1.239': 'precision_loss',
      '123456789': 'out_of_range',
      '1e400': 'out_of_range',
      '1e-999999999': 'precision_loss',
      '"1.5x"': 'invalid_value',
      '""': 'invalid_value',
      true: 'wrong_type',
      null: 'missing_value',
    },
  },
  { type: 'Decimal(5, 5)', taken: { '0.12345': '0.12345', '0.1': '0.1' }, refused: { '1': 'out_of_range', '0.123456': 'precision_loss' } },
  {
    type: 'Decimal(76, 10)',
    taken: {
      '123456789012345678901234567890123456789012345678901234567890.0123456789':
        '123456789012345678901234567890123456789012345678901234567890.0123456789',
    },
    refused: {},
  },
  {
    type: 'Decimal(9, 0)',
    taken: { '123456789': '123456789', '5.0': '5' },
    refused: { '1234567890': 'out_of_range', '0.5': 'precision_loss' },
  },
];

const TEXTS: TypeCases[] = [
  {
    type: 'String',
    taken: {
      '"x"': 'x',
      '"\\u00e9\\n"': 'é\n',
      '"\\u0000"': '\0',
      '""': '',
      '1.10': '1.10',
      '12345678901234567890123': '12345678901234567890123',
      true: 'true',
      '{"a": [1,  2]}': '{"a": [1,  2]}',
      '[1,"x"]': '[1,"x"]',
    },
    refused: { null: 'missing_value' },
  },
  { type: 'LowCardinality(String)', taken: { '"x"': 'x', '5': '5' }, refused: { null: 'missing_value' } },
  {
    type: 'FixedString(3)',
    taken: { '"abc"': 'abc', '"é"': 'é', '"\\u00e9a"': 'éa' },
    refused: { '"abcd"': 'out_of_range', '"éé"': 'out_of_range', '5': 'wrong_type' },
  },
  {
    type: 'UUID',
    taken: {
      '"61f0c404-5cb3-11e7-907b-a6006ad3dba0"': '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
      '"61F0C404-5CB3-11E7-907B-A6006AD3DBA0"': '61f0c404-5cb3-11e7-907b-a6006ad3dba0',
    },
    refused: { '"61f0c4045cb311e7907ba6006ad3dba0"': 'invalid_value', '"x"': 'invalid_value', '5': 'wrong_type' },
  },
  {
    type: 'IPv4',
    taken: { '"1.2.3.4"': '1.2.3.4' },
    refused: { '"01.2.3.4"': 'invalid_value', '"1.2.3"': 'invalid_value', '16909060': 'wrong_type' },
  },
  { type: 'IPv6', taken: { '"::1"': '::1', '"1.2.3.4"': '::ffff:1.2.3.4' }, refused: { '"fe80::1%eth0"': 'invalid_value' } },
  {
    type: "Enum8('a' = 1, 'it\\'s' = -2)",
    taken: { '"a"': 'a', '"it\'s"': "it's", '-2': "it's" },
    refused: { '"b"': 'invalid_value', '3': 'invalid_value', true: 'wrong_type' },
  },
  { type: 'Bool', taken: { true: 'true', false: 'false' }, refused: { '1': 'wrong_type', '"true"': 'wrong_type', null: 'missing_value' } },
  { type: 'Nullable(Int32)', taken: { null: '', '5': '5' }, refused: { '"x"': 'invalid_value' } },
  { type: 'LowCardinality(Nullable(String))', taken: { null: '', '"x"': 'x' }, refused: {} },
  { type: 'SimpleAggregateFunction(max, UInt8)', taken: { '5': '5' }, refused: { '300': 'out_of_range' } },
];

const TIMES: TypeCases[] = [
  {
    type: 'Date',
    taken: { '"1970-01-01"': '1970-01-01', '"2149-06-06"': '2149-06-06', '"2024-02-29"': '2024-02-29' },
    refused: {
      '"2026-02-30"': 'invalid_value',
      '"2023-02-29"': 'invalid_value',
      '"2100-02-29"': 'invalid_value',
      '"2149-06-07"': 'out_of_range',
      '"1960-01-01"': 'out_of_range',
      '"2200-01-01"': 'out_of_range',
      '"9999-99-99"': 'invalid_value',
      '"2026-1-1"': 'invalid_value',
      '""': 'invalid_value',
      '20000': 'ambiguous_value',
      null: 'missing_value',
    },
  },
  {
    type: 'Date',
    unit: 'days',
    taken: { '20000': '2024-10-04', '0': '1970-01-01', '"2026-01-01"': '2026-01-01' },
    refused: { '-1': 'out_of_range', '65536': 'out_of_range', '1.5': 'precision_loss' },
  },
  { type: 'Date32', unit: 'ms', taken: { '-86400000': '1969-12-31', '86400000.0': '1970-01-02' }, refused: { '1': 'precision_loss' } },
  {
    type: 'Date32',
    taken: { '"1900-01-01"': '1900-01-01', '"2299-12-31"': '2299-12-31' },
    refused: { '"1899-12-31"': 'out_of_range', '"2300-01-01"': 'out_of_range' },
  },
  {
    type: "DateTime('UTC')",
    taken: {
      '"2026-01-02T03:04:05Z"': '2026-01-02 03:04:05',
      '"2026-01-02 03:04:05"': '2026-01-02 03:04:05',
      '"2026-01-02T03:04:05+02:00"': '2026-01-02 01:04:05',
      '"2026-01-02T03:04:05-0030"': '2026-01-02 03:34:05',
      '"2026-01-02T03:04:05.000Z"': '2026-01-02 03:04:05',
      '"2106-02-07T06:28:15Z"': '2106-02-07 06:28:15',
      '1767323045': '2026-01-02 03:04:05',
      '0': '1970-01-01 00:00:00',
    },
    refused: {
      '"2106-02-07T06:28:16Z"': 'out_of_range',
      '"1969-12-31T23:59:59Z"': 'out_of_range',
      '"1970-01-01T00:00:00+01:00"': 'out_of_range',
      '1767323045000': 'out_of_range',
      '-1': 'out_of_range',
      '1.5': 'ambiguous_value',
      '"2026-01-02T03:04:05.5Z"': 'precision_loss',
      '"2026-01-02T24:00:00Z"': 'invalid_value',
      '"2026-01-02T03:04:60Z"': 'invalid_value',
      '"2026-02-30T00:00:00Z"': 'invalid_value',
      '"2026-01-02"': 'invalid_value',
      '"1767323045"': 'invalid_value',
      '"2026-01-02T03:04:05+02"': 'invalid_value',
      '""': 'invalid_value',
    },
  },
  {
    type: "DateTime('UTC')",
    unit: 'ms',
    taken: { '1767323045000': '2026-01-02 03:04:05' },
    refused: { '1767323045001': 'precision_loss' },
  },
  {
    type: "DateTime('Europe/Berlin')",
    taken: {
      '"2026-07-02T03:04:05"': '2026-07-02 03:04:05',
      '"2026-07-02T03:04:05Z"': '2026-07-02 05:04:05',
      '"2026-03-29T01:59:59"': '2026-03-29 01:59:59',
      '"2026-03-29T03:00:00"': '2026-03-29 03:00:00',
    },
    refused: { '"2026-03-29T02:30:00"': 'invalid_value', '"2026-10-25T02:30:00"': 'ambiguous_value' },
  },
  {
    type: "DateTime64(3, 'UTC')",
    taken: {
      '"2026-01-02T03:04:05.678Z"': '2026-01-02 03:04:05.678',
      '"2026-01-02T03:04:05.1Z"': '2026-01-02 03:04:05.100',
      '"2026-01-02T03:04:05Z"': '2026-01-02 03:04:05.000',
      '"2026-01-02T03:04:05.678000Z"': '2026-01-02 03:04:05.678',
      '"1900-01-01T00:00:00Z"': '1900-01-01 00:00:00.000',
      '"2299-12-31T23:59:59.999Z"': '2299-12-31 23:59:59.999',
      '"1950-06-01T00:00:00.5Z"': '1950-06-01 00:00:00.500',
    },
    refused: {
      '"2026-01-02T03:04:05.1239Z"': 'precision_loss',
      '"2300-01-01T00:00:00Z"': 'out_of_range',
      '"1899-12-31T23:59:59Z"': 'out_of_range',
      '1767225600': 'ambiguous_value',
      '1767225600123': 'ambiguous_value',
      '"2026-13-01T00:00:00Z"': 'invalid_value',
    },
  },
  {
    type: "DateTime64(3, 'UTC')",
    unit: 'ms',
    taken: { '1767225600123': '2026-01-01 00:00:00.123', '-1': '1969-12-31 23:59:59.999', '1767225600123.0': '2026-01-01 00:00:00.123' },
    refused: { '1767225600123.5': 'precision_loss', '99999999999999999': 'out_of_range' },
  },
  {
    type: "DateTime64(3, 'UTC')",
    unit: 's',
    taken: { '1767225600.123': '2026-01-01 00:00:00.123', '1767225600': '2026-01-01 00:00:00.000' },
    refused: { '1767225600.1234': 'precision_loss' },
  },
  {
    type: "DateTime64(9, 'UTC')",
    taken: {
      '"2026-01-02T03:04:05.123456789Z"': '2026-01-02 03:04:05.123456789',
      '"2262-04-11T23:47:15Z"': '2262-04-11 23:47:15.000000000',
    },
    refused: { '"2262-04-12T00:00:00Z"': 'out_of_range' },
  },
  { type: "DateTime64(9, 'UTC')", unit: 'us', taken: { '1767225600123456': '2026-01-01 00:00:00.123456000' }, refused: {} },
  {
    type: "DateTime64(0, 'UTC')",
    taken: { '"1960-01-02T03:04:05.0Z"': '1960-01-02 03:04:05' },
    refused: { '"2026-01-02T03:04:05.5Z"': 'precision_loss' },
  },
  {
    type: 'Time',
    taken: { '"12:34:56"': '12:34:56', '"-00:00:01"': '-00:00:01', '"999:59:59"': '999:59:59', '"12:34:56.000"': '12:34:56' },
    refused: {
      '"12:60:00"': 'invalid_value',
      '"1000:00:00"': 'invalid_value',
      '"12:34:56.5"': 'precision_loss',
      '3600': 'ambiguous_value',
    },
  },
  {
    type: 'Time64(3)',
    unit: 'ms',
    taken: { '"12:34:56.7"': '12:34:56.700', '45296789': '12:34:56.789', '-1': '-00:00:00.001', '"12:34:56.789000"': '12:34:56.789' },
    refused: { '3600000000': 'out_of_range', '0.5': 'precision_loss' },
  },
];

const CONTAINERS: TypeCases[] = [
  {
    type: 'Array(Int8)',
    taken: { '[1,2]': '[1,2]', '[]': '[]', null: '[]', '[1.0, "2"]': '[1,2]' },
    refused: { '[1,300]': 'out_of_range [1]', '[null]': 'missing_value [0]', '{}': 'wrong_type', '"[1]"': 'wrong_type' },
  },
  { type: 'Array(Array(Nullable(String)))', taken: { '[["a",null],[]]': '[["a",null],[]]', '[null]': '[[]]' }, refused: {} },
  {
    type: "Array(DateTime64(3, 'UTC'))",
    taken: { '["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678000Z"]': '["2026-01-02 03:04:05.000","2026-01-02 03:04:05.678"]' },
    refused: {},
  },
  { type: 'Array(Date)', taken: { '["2026-01-02"]': '["2026-01-02"]' }, refused: { '["2026-01-02","2026-02-30"]': 'invalid_value [1]' } },
  {
    type: 'Map(String, Int8)',
    taken: {
      '{"a":1,"b":2.0}': '{"a":1,"b":2}',
      '{}': '{}',
      null: '{}',
      '{"__proto__":1}': '{"__proto__":1}',
      '{"a\\"b\\n":1}': '{"a\\"b\\n":1}',
    },
    refused: { '{"a":300}': 'out_of_range .a', '{"a":null}': 'missing_value .a', '[["a",1]]': 'wrong_type' },
  },
  {
    type: 'Map(UInt64, String)',
    taken: { '{"18446744073709551615":"x"}': '{"18446744073709551615":"x"}' },
    refused: { '{"x":"a"}': 'invalid_value', '{"01":"a"}': 'invalid_value', '{"18446744073709551616":"a"}': 'invalid_value' },
  },
  {
    type: 'Tuple(a Int8, b Nullable(String))',
    taken: {
      '{"a":1,"b":"x"}': '{"a":1,"b":"x"}',
      '{"b":null,"a":1}': '{"a":1,"b":null}',
      '{"a":1}': '{"a":1,"b":null}',
      '{"a":2.0}': '{"a":2,"b":null}',
    },
    refused: {
      '{"b":"x"}': 'missing_value .a',
      '{"a":1,"c":2}': 'unknown_field .c',
      '{"A":1}': 'unknown_field .A',
      '{"a":300}': 'out_of_range .a',
      null: 'missing_value',
      '[1,"x"]': 'wrong_type',
    },
  },
  { type: 'Tuple(a Nullable(Int8), b Array(String))', taken: { null: '{"a":null,"b":[]}', '{}': '{"a":null,"b":[]}' }, refused: {} },
  {
    type: 'Tuple(Int8, String)',
    taken: { '[1,"x"]': '[1,"x"]', '[1.0,5]': '[1,"5"]' },
    refused: { '[1]': 'invalid_value', '[1,2,3]': 'invalid_value', '[300,"x"]': 'out_of_range [0]', '{}': 'wrong_type' },
  },
  {
    type: 'Tuple(a Tuple(`b c` Array(Int8)))',
    taken: { '{"a":{"b c":[1]}}': '{"a":{"b c":[1]}}' },
    refused: { '{"a":{"b c":[1,999]}}': 'out_of_range .a.b c[1]' },
  },
  { type: 'Point', taken: { '[1,2.5]': '[1,2.5]' }, refused: { '[1]': 'invalid_value', '[1,"x"]': 'invalid_value [1]' } },
  {
    type: 'JSON',
    taken: {
      '{"a":1,"b":[1,2.5],"c":"2026-01-01T00:00:00Z"}': '{"a":1,"b":[1,2.5],"c":"2026-01-01T00:00:00Z"}',
      '{"a":9007199254740993}': '{"a":9007199254740993}',
      '{"a":18446744073709551615}': '{"a":18446744073709551615}',
      '{"a":{"b":null,"c":{}},"d":true}': '{"d":true}',
      '{"a":[1,"x",null]}': '{"a":[1,"x",null]}',
      '{"a":[true,false]}': '{"a":[true,false]}',
      '{"a":[{"x":true},{"x":1}]}': '{"a":[{"x":true},{"x":1}]}',
      '{"":1}': '{"":1}',
      '{}': '{}',
      '{"a":[[1],["x"]]}': '{"a":[[1],["x"]]}',
      '{"a":"5"}': '{"a":"5"}',
    },
    refused: {
      '{"a":18446744073709551616}': 'out_of_range .a',
      '{"a":1e400}': 'out_of_range .a',
      '{"a":[true,1]}': 'ambiguous_value .a',
      '{"a":["x",true]}': 'ambiguous_value .a',
      '{"a":[[true],[1]]}': 'ambiguous_value .a[1]',
      '{"a":[9007199254740993,1.5]}': 'precision_loss .a',
      '{"a.b":1}': 'ambiguous_value .a.b',
      '[1]': 'wrong_type',
      '"{}"': 'wrong_type',
      null: 'missing_value',
    },
  },
  {
    type: 'JSON(a UInt8, b.c Nullable(Date))',
    taken: { '{"a":5,"x":1}': '{"a":5,"b":{"c":null},"x":1}', '{"a":5,"b":{"c":"2026-01-01"}}': '{"a":5,"b":{"c":"2026-01-01"}}' },
    refused: { '{"a":300}': 'out_of_range .a', '{"a":5,"b":{"c":"2026-02-30"}}': 'invalid_value .b.c', '{"b":{}}': 'missing_value' },
  },
  {
    type: 'Dynamic',
    taken: {
      '1': '1',
      '"5"': '"5"',
      '[1,null]': '[1,null]',
      true: 'true',
      '{"a":1}': '{"a":1}',
      '18446744073709551615': '18446744073709551615',
    },
    refused: { null: 'missing_value', '{}': 'ambiguous_value', '[true,1]': 'ambiguous_value', '18446744073709551616': 'out_of_range' },
  },
  {
    type: 'Variant(Array(String), Int64, String)',
    taken: { '1': '1', '"x"': '"x"', '["a"]': '["a"]', null: '' },
    refused: { '"5"': 'ambiguous_value', '1.5': 'wrong_type', true: 'wrong_type', '{}': 'wrong_type' },
  },
  { type: 'Variant(Bool, Int64)', taken: { true: 'true', '5': '5' }, refused: { '1': 'ambiguous_value', '0': 'ambiguous_value' } },
  { type: 'Variant(Date, String)', taken: { '"x"': '"x"' }, refused: { '"2026-01-01"': 'ambiguous_value' } },
];

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

async function check(cases: readonly TypeCases[], print: string): Promise<void> {
  for (const [i, { type, unit, taken, refused }] of cases.entries()) {
    const judge = judgeOf(type, unit === undefined ? {} : { unit });
    for (const [json, expected] of Object.entries(refused)) {
      const judgement = await judge(json);
      const got = judgement.kind === 'refused' ? `${judgement.code} ${judgement.path}`.trim() : `${judgement.kind} ${judgement.text}`;
      assert.equal(got, expected, `${type}: ${json}`);
    }
    const table = `t${i}`;
    await engine.destination.execute(`DROP TABLE IF EXISTS ${table}`);
    const settings = type.startsWith('Variant') ? ' SETTINGS allow_suspicious_variant_types = 1' : '';
    await engine.destination.execute(`CREATE TABLE ${table} (k UInt32, v ${type}) ENGINE = MergeTree ORDER BY k${settings}`);
    const lines: string[] = [];
    for (const [k, json] of Object.keys(taken).entries()) {
      const judgement = await judge(json);
      assert.notEqual(judgement.kind, 'refused', `${type}: ${json}: ${JSON.stringify(judgement)}`);
      if (judgement.kind !== 'refused') lines.push(`{"k":${k},"v":${judgement.text}}`);
    }
    await engine.insertLines(table, ['k', 'v'], lines);
    const rows = await engine.destination.select<{ s: string | null }>(
      `SELECT ${print} AS s FROM ${table} ORDER BY k SETTINGS output_format_json_quote_64bit_integers = 0`,
    );
    const got = Object.fromEntries(Object.keys(taken).map((json, k) => [json, rows[k]?.s ?? '']));
    assert.deepEqual(got, taken, type);
  }
}

test('integers', async () => await check(INTS, 'toString(v)'));
test('fractions', async () => await check(FRACTIONS, 'toString(v)'));
test('text and names', async () => await check(TEXTS, 'toString(v)'));
test('dates and times', async () => await check(TIMES, 'toString(v)'));
test('arrays, maps, tuples and free forms', async () => await check(CONTAINERS, 'toJSONString(v)'));

test('digits without end are refused at once', async () => {
  const digits = '1'.repeat(5_000_000);
  for (const type of ['Int64', 'UInt256', 'Float64', 'Decimal(76, 10)', "DateTime64(3, 'UTC')", 'JSON', 'Bool']) {
    const judge = judgeOf(type, { unit: 'ms' });
    const started = performance.now();
    assert.equal((await judge(type === 'JSON' ? `{"a":${digits}}` : digits)).kind, 'refused', type);
    assert.equal((await judge(type === 'JSON' ? `{"a":0.${digits}}` : `0.${digits}`)).kind, 'refused', type);
    assert.ok(performance.now() - started < 5000, type);
  }
});

test('fields that a tuple does not know can be left out', async () => {
  const judge = judgeOf('Tuple(a Int8, b Tuple(c Nullable(Int8)))', { unknownNested: 'ignore' });
  assert.deepEqual(await judge('{"x":1,"a":2,"b":{"y":[1],"c":3}}'), { kind: 'rewritten', text: '{"a":2,"b":{"c":3}}' });
  assert.deepEqual(await judge('{"a":2,"b":{"z":1}}'), { kind: 'rewritten', text: '{"a":2,"b":{}}' });
});

test('a column of a type that cannot be written says so', async () => {
  const judgement = await judgeOf('AggregateFunction(sum, UInt8)')('1');
  assert.equal(judgement.kind === 'refused' && judgement.code, 'wrong_type');
});

test('no reason holds the value', async () => {
  for (const type of [
    'Int8',
    'Float32',
    'Decimal(3, 1)',
    'FixedString(3)',
    'UUID',
    'IPv4',
    'Date',
    'DateTime',
    'Time',
    "Enum8('a' = 1)",
    'Bool',
    'JSON',
    'Variant(UInt8, Date)',
    'Map(UInt8, UInt8)',
  ]) {
    for (const value of ['"secret-4711"', '4711.4711', '{"4711":"4711"}', '["4711"]']) {
      const judgement = await judgeOf(type)(value);
      if (judgement.kind === 'refused') assert.doesNotMatch(judgement.reason, /4711|secret/, `${type} ${value}`);
    }
  }
});
