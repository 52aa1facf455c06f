/** What a URL says of the schema of its records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { schemaHint } from '../../../src/http/schema-hint.ts';

const hint = (query: string, type?: string): unknown =>
  schemaHint(`/v1/topics/t${query}`, type === undefined ? {} : { 'content-type': type }, {});

test('a schema is named by id, guid or subject, and by nothing else', () => {
  assert.deepEqual(hint(''), {});
  assert.deepEqual(hint('?'), {});
  assert.deepEqual(hint('?other=1', 'avro/binary'), {});
  assert.deepEqual(hint('?schema_id=7'), { schema: { id: 7 } });
  assert.deepEqual(hint('?schema_id=2147483647'), { schema: { id: 2_147_483_647 } });
  assert.deepEqual(hint('?x=1&schema_guid=0192F000-0000-7000-8000-00000000000A'), { schema: { guid: '0192f00000007000800000000000000a' } });
  assert.deepEqual(hint('?subject=a%2Fb-value'), { schema: { subject: 'a/b-value' } });
});

test('a body is one bare value where its media type says that it is bytes', () => {
  for (const type of ['application/octet-stream', 'avro/binary', 'application/x-protobuf; a=b', 'APPLICATION/AVRO'])
    assert.deepEqual(hint('?schema_id=7', type), { schema: { id: 7 }, bare: true }, type);
  for (const type of ['application/json', 'text/plain', 'application/avro-json'])
    assert.deepEqual(hint('?schema_id=7', type), { schema: { id: 7 } }, type);
});

test('what names no schema is refused', () => {
  const cases: ReadonlyArray<readonly [query: string, message: string]> = [
    ['?schema_id=0', 'has a schema_id that is no number a registry gives'],
    ['?schema_id=-1', 'has a schema_id that is no number a registry gives'],
    ['?schema_id=2147483648', 'has a schema_id that is no number a registry gives'],
    ['?schema_id=7x', 'has a schema_id that is no number a registry gives'],
    ['?schema_id=', 'has a schema_id that is no number a registry gives'],
    ['?schema_guid=7', 'has a schema_guid that is no UUID'],
    ['?subject=', 'has a subject that is empty or longer than 400 characters'],
    [`?subject=${'x'.repeat(401)}`, 'has a subject that is empty or longer than 400 characters'],
    ['?schema_id=7&subject=s', 'names a schema in more than one way: give one of schema_id, schema_guid and subject'],
  ];
  for (const [query, message] of cases)
    assert.throws(
      () => hint(query),
      (error) => error instanceof GatewayError && error.code === 'malformed_request' && error.message === `The query of the URL ${message}`,
      query,
    );
});

const GUID = '0192f000000070008000000000000aff';

test('a header names it where the pipeline says which one, and then the URL counts for nothing', () => {
  const pipeline = { schemaHeader: '__Value_Schema_Id' };
  const of = (text: string, query = '?schema_id=5'): unknown =>
    schemaHint(`/v1/topics/t${query}`, { __value_schema_id: text, 'content-type': 'avro/binary' }, pipeline);
  const cases: ReadonlyArray<readonly [text: string, schema: object]> = [
    ['7', { id: 7 }],
    ['0000000007', { id: 7 }],
    ['AAAAAAc=', { id: 7 }],
    ['0192F000-0000-7000-8000-000000000AFF', { guid: GUID }],
    [`01${GUID}`, { guid: GUID }],
    [Buffer.from(`01${GUID}`, 'hex').toString('base64'), { guid: GUID }],
  ];
  for (const [text, schema] of cases) assert.deepEqual(of(text), { schema, bare: true }, text);
  for (const text of ['', '0', 'x', '2147483648', '0000000000', '0100000007', `00${GUID}`, '0080000000'])
    assert.throws(() => of(text), { code: 'malformed_request' }, text);
  assert.deepEqual(schemaHint('/v1/topics/t?schema_id=5', {}, pipeline), { schema: { id: 5 } }, 'it is not there');
  assert.deepEqual(schemaHint('/v1/topics/t', { __value_schema_id: '7' }, {}), {}, 'the pipeline does not name it');
});
