/** Numbers that doubles cannot tell apart, and schemas and values that would take for ever to check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileValidator } from '../../../src/schema/json/json-validator.ts';
import { Undecodable } from '../../../src/schema/undecodable.ts';
import { longestStall } from '../../support/stall.ts';

/** Longest a check may keep others waiting, in milliseconds of processor time. */
const STALL_MS = 200;
/** Of a schema that is compiled, once. */
const COMPILE_MS = 2000;

const TOO_MUCH = 'unusable_schema: has a JSON Schema that takes too many steps to check the record by: set validate: false';
const TOO_LARGE = 'unusable_schema: has a JSON Schema that is too large to check records by: set validate: false';

/** What is said of a value, `ok` when nothing is. */
function check(schema: string, json: string): string {
  try {
    compileValidator({ text: schema, references: [] })(json);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    return error.code === 'schema_mismatch' ? (error.message.split(' ').at(-1) ?? '') : `${error.code}: ${error.message}`;
  }
}

test('numbers are compared by the digits that were written', () => {
  const cases: ReadonlyArray<readonly [schema: string, json: string, said: string]> = [
    ['{"maximum":9007199254740992}', '9007199254740993', 'maximum'],
    ['{"maximum":9007199254740993}', '9007199254740993', 'ok'],
    ['{"minimum":9007199254740993}', '9007199254740992', 'minimum'],
    ['{"minimum":-9007199254740993}', '-9007199254740993', 'ok'],
    ['{"exclusiveMinimum":9007199254740992}', '9007199254740993', 'ok'],
    ['{"exclusiveMaximum":9007199254740993}', '9007199254740992', 'ok'],
    ['{"maximum":9223372036854775807}', '9223372036854775807', 'ok'],
    ['{"maximum":9223372036854775807}', '9223372036854775808', 'maximum'],
    ['{"maximum":0.3}', '0.30000000000000000001', 'maximum'],
    ['{"maximum":1e400}', '1e401', 'maximum'],
    ['{"exclusiveMinimum":0}', '1e-400', 'ok'],
    ['{"type":"integer"}', '9007199254740993', 'ok'],
    ['{"type":"integer"}', '9007199254740993.5', 'type'],
    ['{"type":"integer"}', '9007199254740993.0', 'ok'],
    ['{"type":"integer"}', '1e400', 'ok'],
    ['{"type":"integer"}', '1e-400', 'type'],
    ['{"multipleOf":0.01}', '19.99', 'ok'],
    ['{"multipleOf":0.01}', '19.999', 'multipleOf'],
    ['{"multipleOf":2}', '9007199254740993', 'multipleOf'],
    ['{"multipleOf":3}', '9007199254740993', 'ok'],
    ['{"const":9007199254740992}', '9007199254740993', 'const'],
    ['{"const":9007199254740993}', '9007199254740993', 'ok'],
    ['{"const":{"b":1,"a":[1.0]}}', '{"a":[1],"b":1.0}', 'ok'],
    ['{"const":{"a":1}}', '{"a":"1"}', 'const'],
    ['{"enum":[9007199254740992,"9007199254740993"]}', '9007199254740993', 'enum'],
    ['{"enum":[1,9007199254740993]}', '9007199254740993', 'ok'],
    ['{"uniqueItems":true}', '[9007199254740992,9007199254740993]', 'ok'],
    ['{"uniqueItems":true}', '[9007199254740993,1,9007199254740993]', 'uniqueItems'],
    ['{"uniqueItems":true}', '[{"a":1,"b":2},{"b":2,"a":1.0}]', 'uniqueItems'],
    ['{"uniqueItems":false}', '[1,1]', 'ok'],
    ['{"items":{"properties":{"n":{"maximum":9007199254740992}}}}', '[{"n":1},{"n":9007199254740993}]', 'maximum'],
    ['{"additionalProperties":{"$ref":"#/$defs/n"},"$defs":{"n":{"maximum":9007199254740992}}}', '{"x":9007199254740993}', 'maximum'],
    [
      '{"$schema":"http://json-schema.org/draft-04/schema#","maximum":9007199254740993,"exclusiveMaximum":true}',
      '9007199254740993',
      'maximum',
    ],
    ['{"$schema":"http://json-schema.org/draft-04/schema#","maximum":9007199254740993,"exclusiveMaximum":true}', '9007199254740992', 'ok'],
    ['{"$schema":"https://json-schema.org/draft/2020-12/schema","maximum":9007199254740992}', '9007199254740993', 'maximum'],
  ];
  assert.deepEqual(
    cases.map(([schema, json]) => [schema, json, check(schema, json)]),
    cases,
  );
});

test('what is not evaluated by other keywords is still found', () => {
  const schema = JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    properties: { a: {} },
    allOf: [{ properties: { b: { const: 1 } } }, { $ref: '#/$defs/c' }],
    unevaluatedProperties: false,
    $defs: { c: { properties: { c: { minimum: 1 } } } },
  });
  assert.deepEqual([check(schema, '{"a":1,"b":1,"c":1}'), check(schema, '{"a":1,"d":1}')], ['ok', 'unevaluatedProperties']);
});

/** A schema that leads to `width` ways into the next of `depth` others. */
function branching(depth: number): string {
  const defs = Object.fromEntries(
    Array.from({ length: depth }, (_, i) => [`d${i}`, { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] }]),
  );
  return JSON.stringify({ $ref: '#/$defs/d0', $defs: { ...defs, [`d${depth}`]: {} } });
}

const each = (length: number, item: (i: number) => unknown): unknown[] => Array.from({ length }, (_, i) => item(i));
const tower = (depth: number): string => `${'{"n":'.repeat(depth)}1${'}'.repeat(depth)}`;

test('checks that would take for ever are given up, and those that need not are quick', async () => {
  const two = { properties: { n: { $ref: '#' } } };
  const cases: ReadonlyArray<readonly [name: string, schema: string, json: string, said: string]> = [
    ['a pattern that hangs others', '{"pattern":"^(a|a)*$"}', JSON.stringify(`${'a'.repeat(50)}b`), 'pattern'],
    ['a pattern of many states', '{"pattern":"^(a?){1000}$"}', JSON.stringify('a'.repeat(100_000)), TOO_MUCH],
    ['2^60 branches', branching(60), '1', TOO_MUCH],
    ['2^40 ways through a value', JSON.stringify({ allOf: [two, two] }), tower(40), TOO_MUCH],
    ['a schema that is itself', '{"allOf":[{"$ref":"#"}]}', '1', TOO_MUCH],
    ['a recursive schema', '{"properties":{"n":{"$ref":"#"}}}', tower(60), 'ok'],
    ['different objects', '{"uniqueItems":true}', JSON.stringify(each(20_000, (i) => ({ i }))), 'ok'],
    [
      'a large array compared over and over',
      JSON.stringify({ allOf: each(100, () => ({ uniqueItems: true })) }),
      JSON.stringify(each(10_000, (i) => ({ i }))),
      TOO_MUCH,
    ],
    ['10,000 identifiers by pattern', '{"items":{"pattern":"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}}', identifiers(10_000), 'ok'],
  ];
  for (const [name, schema, json, said] of cases) {
    const stall = await longestStall(async () => {
      assert.equal(check(schema, json), said, name);
      await Promise.resolve();
    });
    assert.ok(stall < STALL_MS, `${name}: ${stall} ms`);
  }
});

function identifiers(count: number): string {
  return JSON.stringify(each(count, (i) => `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`));
}

test('schemas that are too large to make a check of are told', async () => {
  const cases: ReadonlyArray<readonly [name: string, schema: unknown, said: string]> = [
    ['500 properties', { properties: Object.fromEntries(each(500, (i) => [`p${i}`, { minimum: 1 }]) as Array<[string, object]>) }, 'ok'],
    [
      '2,000 properties',
      { properties: Object.fromEntries(each(2000, (i) => [`p${i}`, { minimum: 1 }]) as Array<[string, object]>) },
      TOO_LARGE,
    ],
    ['2,000 choices', { oneOf: each(2000, (i) => ({ required: [`p${i}`] })) }, TOO_LARGE],
    ['patterns of 400,000 states', { allOf: each(100, (i) => ({ pattern: `^(a?){1000}${i}$` })) }, TOO_LARGE],
    ['a pattern of 800,000 states', { pattern: '(a?){1000}'.repeat(200) }, TOO_LARGE],
  ];
  for (const [name, schema, said] of cases) {
    const stall = await longestStall(async () => {
      assert.equal(check(JSON.stringify(schema), '{}'), said, name);
      await Promise.resolve();
    });
    assert.ok(stall < COMPILE_MS, `${name}: ${stall} ms`);
  }
});

const FORMATS = (
  'date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex uuid json-pointer ' +
  'json-pointer-uri-fragment relative-json-pointer byte'
).split(' ');

test('formats take time in proportion to the text', async () => {
  const starts = ['', 'http://', 'http://a@', 'a@', '/', '{', 'P', '2026-01-02T', 'urn:uuid:'];
  const repeated = ['a', '1', '-', '.', ':', '/', '{', '%41', '::', 'a@', 'a.', '1.', '('];
  for (const format of FORMATS) {
    const validate = compileValidator({ text: JSON.stringify({ format }), references: [] });
    for (const start of starts) {
      const stall = await longestStall(async () => {
        for (const part of repeated) tryOne(validate, `${start}${part.repeat(50_000)} `);
        await Promise.resolve();
      });
      assert.ok(stall < STALL_MS, `${format} ${start}: ${stall} ms`);
    }
  }
});

function tryOne(validate: (json: string) => void, text: string): void {
  try {
    validate(JSON.stringify(text));
  } catch (error) {
    assert.ok(error instanceof Undecodable, String(error));
    assert.equal(error.code, 'schema_mismatch');
  }
}

test('a URL is one with an authority', () => {
  const cases = [
    ['https://example.com/a?b#c', 'ok'],
    ['ftp://example.com', 'ok'],
    ['mailto:x@example.com', 'format'],
    ['https://', 'format'],
    ['https://exa mple.com', 'format'],
  ];
  assert.deepEqual(
    cases.map(([text]) => [text, check('{"format":"url"}', JSON.stringify(text))]),
    cases,
  );
});
