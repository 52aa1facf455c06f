/** What a URL says of the schema of its records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/core/errors.ts';
import { schemaHint } from '../../../src/http/schema-hint.ts';

const hint = (query: string, type?: string): unknown =>
  schemaHint(`/v1/topics/t${query}`, type === undefined ? {} : { 'content-type': type });

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
