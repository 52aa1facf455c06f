/** Values checked by all rules of their JSON Schema, and schemas and values that try to hang whoever checks them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createJsonReader } from '../../../src/decode/json-reader.ts';
import { createCodecs } from '../../../src/schema/codecs.ts';
import { compileValidator } from '../../../src/schema/json/json-validator.ts';
import { createResolver } from '../../../src/schema/resolver.ts';
import { Undecodable } from '../../../src/schema/undecodable.ts';
import { batchOf, deliveryOf, LIMITS } from '../../support/deliveries.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { longestStall } from '../../support/stall.ts';

const DRAFT = {
  4: 'http://json-schema.org/draft-04/schema#',
  6: 'http://json-schema.org/draft-06/schema#',
  7: 'http://json-schema.org/draft-07/schema#',
  2019: 'https://json-schema.org/draft/2019-09/schema',
  2020: 'https://json-schema.org/draft/2020-12/schema',
};

/** What is wrong with a value, and where; undefined when nothing is. */
function problem(schema: unknown, json: string, references: ReadonlyArray<{ name: string; text: string }> = []): string | undefined {
  const validate = compileValidator({ text: JSON.stringify(schema), references });
  try {
    validate(json);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    assert.equal(error.code, 'schema_mismatch');
    return `${error.path.toReversed().join('')} ${error.message.replace('does not match its schema, by the keyword ', '')}`.trim();
  }
}

test('rules that reading does not look at are kept, and where they are broken is told', () => {
  const of = (rules: object): object => ({ type: 'object', properties: { a: rules } });
  const cases: ReadonlyArray<readonly [schema: unknown, json: string, problem: string | undefined]> = [
    [of({ minimum: 5 }), '{"a":5}', undefined],
    [of({ minimum: 5 }), '{"a":4}', '.a minimum'],
    [of({ type: 'integer' }), '{"a":9007199254740993}', undefined],
    [of({ type: 'integer' }), '{"a":1.0}', undefined],
    [of({ type: 'integer' }), '{"a":1.5}', '.a type'],
    [of({ type: 'number' }), '{"a":1e400}', undefined],
    [of({ pattern: '^[a-z]{2}\\d+$' }), '{"a":"ab12"}', undefined],
    [of({ pattern: '^[a-z]{2}\\d+$' }), '{"a":"ab"}', '.a pattern'],
    [of({ maxLength: 2 }), '{"a":"😀😀"}', undefined],
    [of({ maxLength: 2 }), '{"a":"abc"}', '.a maxLength'],
    [of({ format: 'date' }), '{"a":"2026-13-01"}', '.a format'],
    [of({ format: 'email' }), '{"a":"x@example.com"}', undefined],
    [of({ enum: ['x', 1, null] }), '{"a":null}', undefined],
    [of({ enum: ['x', 1, null] }), '{"a":"y"}', '.a enum'],
    [of({ items: { type: 'object', required: ['k'] } }), '{"a":[{"k":1},{}]}', '.a[1] required'],
    [of({ uniqueItems: true }), '{"a":[1,1]}', '.a uniqueItems'],
    [{ type: 'object', additionalProperties: false, properties: { a: {} } }, '{"a":1,"b":2}', 'additionalProperties'],
    [{ oneOf: [{ required: ['a'] }, { required: ['b'] }] }, '{"a":1,"b":2}', 'oneOf'],
    [JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]}}') as object, '{"a":1}', 'required'],
    [
      of({ title: 'org.apache.kafka.connect.data.Decimal', 'connect.type': 'bytes', type: 'number', 'connect.version': 1 }),
      '{"a":1}',
      undefined,
    ],
    [{ $schema: DRAFT[4], type: 'object', properties: { a: { minimum: 5, exclusiveMinimum: true } } }, '{"a":5}', '.a minimum'],
    [{ $schema: DRAFT[6], ...of({ exclusiveMinimum: 5 }) }, '{"a":5}', '.a exclusiveMinimum'],
    [{ $schema: DRAFT[7], ...of({ const: 5 }) }, '{"a":6}', '.a const'],
    [{ $schema: DRAFT[2019], dependentRequired: { a: ['b'] } }, '{"a":1}', 'dependentRequired'],
    [{ $schema: DRAFT[2020], ...of({ prefixItems: [{ type: 'string' }] }) }, '{"a":[1]}', '.a[0] type'],
    [{ properties: { 'x/y~z': { type: 'string' } } }, '{"x/y~z":1}', '.x/y~z type'],
  ];
  for (const [schema, json, expected] of cases) assert.equal(problem(schema, json), expected, `${JSON.stringify(schema)} ${json}`);
});

test('a schema takes others in by its references', () => {
  const references = [{ name: 'line.json', text: '{"type":"object","properties":{"n":{"maximum":3}}}' }];
  const schema = { properties: { a: { $ref: 'line.json' } } };
  assert.deepEqual(
    [problem(schema, '{"a":{"n":3}}', references), problem(schema, '{"a":{"n":4}}', references)],
    [undefined, '.a.n maximum'],
  );
});

test('a pattern that hangs others is answered at once', async () => {
  const stall = await longestStall(async () => {
    assert.equal(problem({ pattern: '^(a|a)*$' }, JSON.stringify(`${'a'.repeat(50_000)}b`)), 'pattern');
    assert.equal(problem({ pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' }, JSON.stringify('a'.repeat(50_000))), 'pattern');
    await Promise.resolve();
  });
  assert.ok(stall < 1000, `${stall} ms`);
});

test('schemas that cannot be checked are told', () => {
  const unusable = (schema: unknown): string => {
    try {
      compileValidator({ text: JSON.stringify(schema), references: [] });
    } catch (error) {
      assert.ok(error instanceof Undecodable);
      return `${error.code}: ${error.message}`;
    }
    return assert.fail('was compiled');
  };
  const invalid = 'unusable_schema: has a JSON Schema that is not valid, or refers to one it does not have';
  assert.equal(unusable({ type: 'nothing' }), invalid);
  assert.equal(unusable({ $ref: 'missing.json' }), invalid);
  assert.equal(
    unusable({ pattern: '(' }),
    'unusable_schema: has a pattern with what takes more than linear time, such as a look-ahead: set validate: false',
  );
  assert.equal(
    unusable({ pattern: '(?=a)b' }),
    'unusable_schema: has a pattern with what takes more than linear time, such as a look-ahead: set validate: false',
  );
});

test('a pipeline that validates refuses such records, in the wire format and as JSON of a subject, and others do not', async () => {
  const schema = {
    id: 5,
    language: 'JSON' as const,
    text: '{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}',
    references: [],
  };
  const answer = async (): Promise<typeof schema> => await Promise.resolve(schema);
  const codecs = createCodecs({ byId: answer, byGuid: answer, latest: answer }, LIMITS, createJsonReader(LIMITS));
  const resolve = createResolver({ codecs, limits: LIMITS });
  const frames = ['{"n":0}', '{"n":1}'].map((text) => Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from(text)]));
  const pipeline = pipelineOf('p', { subject: 's' });
  for (const [validate, refused] of [
    [true, [[0, 'schema_mismatch', 'n', 'the record does not match its schema, by the keyword minimum (schema 5)']]],
    [false, []],
  ] as const) {
    const framed = await resolve({ delivery: deliveryOf(''), frames }, { ...pipeline, validate });
    const plain = await resolve(await batchOf('[{"n":0},{"n":1}]'), { ...pipeline, validate });
    for (const batch of [framed, plain])
      assert.deepEqual(
        [...(batch.unreadable?.values() ?? [])].map(({ ordinal, code, column, reason }) => [ordinal, code, column, reason]),
        refused,
      );
  }
});
