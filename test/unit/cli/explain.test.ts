import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Explanation } from '../../../src/core/ports.ts';
import { sluice } from './cli-support.ts';
import { fakeGateway, KEY } from './gateway-support.ts';

const env = { SLUICE_API_KEY: KEY };
let directory: string;
let file: string;

before(() => {
  directory = mkdtempSync('/tmp/sluice-cli-explain-');
  file = join(directory, 'records.json');
  writeFileSync(file, '{"id":1}');
});
after(() => rmSync(directory, { recursive: true, force: true }));

const FULL: Explanation = {
  pipeline: 'orders',
  topic: 'orders',
  would_answer: { status: 422, code: 'records_rejected' },
  framing: 'ndjson',
  records: 2,
  schemas: [
    { schema: '7', from: 'record', language: 'AVRO', record: 'shop.Order' },
    { schema: '9', from: 'url', problem: 'is of a schema the registry does not have' },
  ],
  table: { name: 'shop.orders', exists: false },
  change: { statement: 'CREATE TABLE …', waits_for_approval: false },
  fields: [
    {
      field: 'id',
      schema: 'int64',
      column: 'id',
      column_type: 'Int64',
      goes: 'column',
      exact: 1,
      converted: 0,
      refused: 1,
      code: 'out_of_range',
      reason: 'r',
    },
    { field: 'a.b', goes: 'dropped', exact: 0, converted: 0, refused: 0 },
  ],
  rejected: [{ index: 1, column: 'id', code: 'out_of_range', message: 'the number is outside' }],
  rejected_total: 3,
  identity: { kind: 'coordinates', recognised: 2, duplicates: 1 },
  guarantee: 'exactly-once',
};

test('an explanation in words; the exit code is 1 when the records would be refused', async (t) => {
  const gateway = await fakeGateway(t, FULL);
  const { code, out } = await sluice(['explain', '--topic', 'orders', '--url', gateway.url, '--subject', 's', file], { env });
  assert.deepEqual([code, gateway.requests[0]?.url], [1, '/v1/topics/orders/explain?subject=s']);
  assert.equal(
    out,
    `The gateway would answer 422 records_rejected
2 records, framed as ndjson, for orders (exactly-once)
Schema 7, named by the record: AVRO, shop.Order
Schema 9, named by the url: the record is of a schema the registry does not have
Table shop.orders, which does not exist yet
First would run: CREATE TABLE …
2 recognised by coordinates when they come again, 1 of them duplicates now

FIELD  SCHEMA  COLUMN     TYPE   EXACT  CONVERTED  REFUSED
id     int64   id         Int64  1      0          1
a.b            (dropped)         0      0          0

RECORD  COLUMN  CODE          REASON
1       id      out_of_range  the number is outside

2 more records would be refused.
`,
  );
});

test('records that would be stored end with exit code 0; --json gives the answer as it is', async (t) => {
  const answer: Explanation = {
    pipeline: 'orders',
    would_answer: { status: 200 },
    framing: 'object',
    records: 1,
    guarantee: 'at-least-once',
  };
  const gateway = await fakeGateway(t, answer);
  const plain = await sluice(['explain', '--pipeline', 'a b', '--url', gateway.url, file], { env });
  assert.deepEqual(
    [plain.code, plain.out, gateway.requests[0]?.url],
    [0, 'The gateway would answer 200\n1 record, framed as object, for orders (at-least-once)\n', '/v1/ingest/a%20b/explain'],
  );
  const json = await sluice(['explain', '--topic', 't', '--url', gateway.url, '--schema-id', '7', '--json', file], { env });
  assert.deepEqual([JSON.parse(json.out), gateway.requests[1]?.url], [answer, '/v1/topics/t/explain?schema_id=7']);
});

test('a file that is not there and a target that is not named are told in a sentence', async () => {
  const missing = await sluice(['explain', '--topic', 't', '--url', 'http://127.0.0.1:1', join(directory, 'none.json')], { env });
  assert.match(missing.err, /none\.json cannot be read \(ENOENT\): give the path of a file/);
  for (const target of [[], ['--topic', 't', '--pipeline', 'p']]) {
    const { code, err } = await sluice(['explain', ...target, file], { env });
    assert.deepEqual([code, err.includes('Give --topic or --pipeline, one of the two')], [2, true]);
  }
});
