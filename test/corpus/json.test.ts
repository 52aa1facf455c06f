/**
 * Hostile and awkward JSON through the whole gateway: what is answered, what is stored, and that the process neither dies nor stalls.
 * A case without `rows` must leave the table as it was.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

/** Each case has a table of its own, `case_<n>`. */
const CONFIG = `
pipelines:
  typed: { topics: ['/case_\\d+/'], table: '\${topic}', auto_create: 'off', unknown_fields: reject }
`;

/** Generous, because this machine may be busy with other tests: a healthy gateway answers within a few milliseconds. */
const STALL_MS = 3000;

const COLUMNS = `id Int64, i8 Nullable(Int8), u64 Nullable(UInt64), f64 Nullable(Float64), dec Nullable(Decimal(10, 2)), d Nullable(Date),
  at Nullable(DateTime64(3, 'UTC')), sec Nullable(DateTime('UTC')), s Nullable(String), m Map(String, String)`;

interface Case {
  readonly name: string;
  readonly body: string | Buffer;
  readonly status: number;
  readonly code: string;
  /** Code and column of the first record's error. */
  readonly record?: readonly [code: string, column: string];
  /** The stored row, as the columns it sets read back. */
  readonly row?: Record<string, unknown>;
}

const refused = (name: string, body: string, code: string, column: string): Case => ({
  name,
  body,
  status: 422,
  code: 'records_rejected',
  record: [code, column],
});
const malformed = (name: string, body: string | Buffer, code = 'malformed_json', status = 400): Case => ({ name, body, status, code });
const stored = (name: string, body: string | Buffer, row: Record<string, unknown>): Case => ({ name, body, status: 200, code: '', row });
const text = (name: string, value: string): Case => stored(name, JSON.stringify({ id: 1, s: value }), { id: '1', s: value });

const CASES: readonly Case[] = [
  // bytes and encoding
  stored('a byte order mark', Buffer.from('\ufeff{"id":1}'), { id: '1' }),
  malformed('c3 28 is not UTF-8', Buffer.from([0x7b, 0x22, 0x73, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 'invalid_utf8'),
  malformed('half a surrogate pair', '{"id":1,"s":"\\ud800"}', 'invalid_utf8'),
  // grammar
  malformed('nothing', '', 'empty_body'),
  malformed('only blanks', ' \n\t ', 'empty_body'),
  refused('null', 'null', 'record_not_object', ''),
  refused('a number', '123', 'record_not_object', ''),
  malformed('depth 65', `{"id":1,"s":${'['.repeat(65)}${']'.repeat(65)}}`, 'too_deep'),
  malformed('depth 1,000,000', '['.repeat(1_000_000), 'too_deep'),
  malformed('a key twice', '{"id":1,"id":2}', 'duplicate_key'),
  malformed('a key twice, once escaped', '{"id":1,"\\u0069d":2}', 'duplicate_key'),
  malformed('NaN', '{"id":1,"f64":NaN}'),
  malformed('a cut object', '{"id":1'),
  malformed('a line break in a string', '{"id":1,"s":"a\nb"}'),
  malformed('Java text of a map', '{id=1, name=xyz}', 'java_string_body'),
  malformed('Java text of a struct', 'Struct{id=1,name=xyz}', 'java_string_body'),
  malformed('1,000,000 keys', `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join(',')}}`, 'too_many_records', 413),
  refused('__proto__ as a field', '{"id":1,"__proto__":{"x":1}}', 'unknown_field', '__proto__'),
  refused('constructor as a field', '{"id":1,"constructor":1}', 'unknown_field', 'constructor'),
  stored(
    '__proto__ and constructor as keys of a map',
    '{"id":1,"m":{"__proto__":"a","constructor":"b"}}',
    JSON.parse('{"id":"1","m":{"__proto__":"a","constructor":"b"}}') as Record<string, unknown>,
  ),
  stored('pretty-printed with blank lines', '{\n\n  "id": 1,\n\n  "s": "x"\n\n}\n\n', { id: '1', s: 'x' }),
  // numbers
  stored('9007199254740993 exactly', '{"id":9007199254740993}', { id: '9007199254740993' }),
  stored('the largest UInt64 exactly', '{"id":1,"u64":18446744073709551615}', { id: '1', u64: '18446744073709551615' }),
  refused('Int64 2^63', '{"id":9223372036854775808}', 'out_of_range', 'id'),
  refused('UInt64 -1', '{"id":1,"u64":-1}', 'out_of_range', 'u64'),
  refused('UInt64 2^64', '{"id":1,"u64":18446744073709551616}', 'out_of_range', 'u64'),
  refused('Int8 300', '{"id":1,"i8":300}', 'out_of_range', 'i8'),
  refused('a decimal with too many digits', '{"id":1,"dec":1.239}', 'precision_loss', 'dec'),
  refused('a decimal too large', '{"id":1,"dec":123456789}', 'out_of_range', 'dec'),
  stored('a decimal that fits', '{"id":1,"dec":12345678.90}', { id: '1', dec: 12345678.9 }),
  refused('1e400', '{"id":1,"f64":1e400}', 'out_of_range', 'f64'),
  refused('10 MB of digits', `{"id":1${'0'.repeat(10_000_000)}}`, 'out_of_range', 'id'),
  stored('1.0 into an integer', '{"id":1.0}', { id: '1' }),
  refused('1.9 into an integer', '{"id":1.9}', 'precision_loss', 'id'),
  refused('null into a column that is not Nullable', '{"id":null}', 'missing_value', 'id'),
  refused('a column that is not Nullable left out', '{"s":"x"}', 'missing_value', 'id'),
  refused('true into an integer', '{"id":true}', 'wrong_type', 'id'),
  refused('empty text into an integer', '{"id":""}', 'invalid_value', 'id'),
  refused('an unknown field', '{"id":1,"more":1}', 'unknown_field', 'more'),
  refused('a field of another case', '{"ID":1}', 'unknown_field', 'ID'),
  // dates
  refused('9999-99-99', '{"id":1,"d":"9999-99-99"}', 'invalid_value', 'd'),
  refused('30 February', '{"id":1,"d":"2026-02-30"}', 'invalid_value', 'd'),
  refused('a date before 1970', '{"id":1,"d":"1960-01-01"}', 'out_of_range', 'd'),
  refused('a date after 2149', '{"id":1,"d":"2200-01-01"}', 'out_of_range', 'd'),
  refused('a number in DateTime64 without a unit', '{"id":1,"at":1767225600}', 'ambiguous_value', 'at'),
  refused('milliseconds in DateTime', '{"id":1,"sec":1767225600000}', 'out_of_range', 'sec'),
  refused('more digits than DateTime64 keeps', '{"id":1,"at":"2026-01-02T03:04:05.1239Z"}', 'precision_loss', 'at'),
  // text that looks like something else
  text('a statement after a blank line', 'a\n\n; DROP TABLE typed'),
  text('a closing quote and a statement', "'); DROP TABLE typed; --"),
  text('backticks and a parameter', '`typed` {x:String} ${y}'),
  text('NUL and a line separator', '\0 \u2028 \u2029'),
  text('backslashes', '\\N \\\\ \\u0041'),
  text('beyond the basic plane', '😀 𝒳'),
];

let gateway: GatewayProcess;
let directory: string;

async function query(sql: string): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers: { 'x-api-key': gateway.key }, body: sql });
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  return answer;
}

async function send(topic: string, body: string | Buffer): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${gateway.url}/v1/topics/${topic}`, { method: 'POST', headers: { 'x-api-key': gateway.key }, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Asks for the health of the gateway until `work` is done; the longest it took to answer, in milliseconds. */
async function longestStall(work: Promise<unknown>): Promise<number> {
  const state = { done: false };
  let longest = 0;
  const watched = work.finally(() => {
    state.done = true;
  });
  while (!state.done) {
    const asked = performance.now();
    assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
    longest = Math.max(longest, performance.now() - asked);
  }
  await watched;
  return longest;
}

before(async () => {
  directory = mkdtempSync('/tmp/sluice-corpus-');
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, CONFIG);
  const statements = CASES.map((_, i) => `CREATE TABLE case_${i} (${COLUMNS}) ENGINE = MergeTree ORDER BY id`);
  gateway = await startGatewayProcess({ args: ['--config', file], statements });
});
after(async () => {
  await gateway.stop();
  rmSync(directory, { recursive: true, force: true });
});

for (const [i, { name, body, status, code, record, row }] of CASES.entries()) {
  test(name, async () => {
    const answer = send(`case_${i}`, body);
    const stall = await longestStall(answer);
    const got = await answer;
    assert.equal(got.status, status, JSON.stringify(got.body));
    assert.equal(got.body['code'] ?? '', code);
    if (record !== undefined) {
      const [first] = got.body['errors'] as Array<Record<string, unknown>>;
      assert.deepEqual([first?.['index'], first?.['code'], first?.['column'] ?? ''], [0, ...record]);
    }
    const rows = (await query(`SELECT ${Object.keys(row ?? { id: 0 }).join(', ')} FROM case_${i}`))
      .split('\n')
      .filter((line) => line !== '');
    assert.deepEqual(
      rows.map((line) => JSON.parse(line) as unknown),
      row === undefined ? [] : [row],
    );
    assert.ok(stall < STALL_MS, `the gateway was silent for ${Math.round(stall)} ms`);
  });
}
