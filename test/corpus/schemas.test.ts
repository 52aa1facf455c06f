/**
 * Hostile bytes, schemas and registries through the whole gateway: what is answered, that nothing is written, and that the process neither dies nor stalls.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { type Answer, type SchemaGateway, startSchemaGateway, wire } from '../support/schema-gateway.ts';
import type { SchemaText, TestRegistry } from '../support/schema-registry.ts';

const record = (type: unknown): SchemaText => ({ schema: JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'f', type }] }) });
const array = (items: unknown): SchemaText => record({ type: 'array', items });
const map = (values: unknown): SchemaText => record({ type: 'map', values });
const NODE: SchemaText = {
  schema: '{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]}',
};
const proto = (fields: string): SchemaText => ({ schema: `syntax = "proto3"; message M { ${fields} }`, schemaType: 'PROTOBUF' });
const json = (schema: unknown): SchemaText => ({ schema: JSON.stringify(schema), schemaType: 'JSON' });

const hexOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('hex');
const twice = (reference: string): object => ({ allOf: [{ $ref: reference }, { $ref: reference }] });
const branches = (count: number): object => {
  const defs = Array.from({ length: count }, (_, i): [string, object] => [`d${i}`, twice(`#/$defs/d${i + 1}`)]);
  return { $defs: { ...Object.fromEntries(defs), [`d${count}`]: {} } };
};

/** A value of a schema, without magic byte and id, as hex. */
interface Bad {
  readonly name: string;
  readonly schema: SchemaText;
  readonly hex: string;
  readonly code: string;
  /** Of the record's error, without the schema's number. */
  readonly says: RegExp;
  /** What it is sent to; `t` when absent. */
  readonly topic?: string;
}

const bad = (name: string, schema: SchemaText, hex: string, says: RegExp, code = 'undecodable'): Bad => ({ name, schema, hex, code, says });
const unusable = (name: string, schema: SchemaText, says: RegExp): Bad => bad(name, schema, '00', says, 'unusable_schema');
/** A value `a` of an object, in a pipeline that validates. */
const checked = (name: string, rules: object, value: unknown, says: RegExp, code = 'schema_mismatch', more: object = {}): Bad => ({
  ...bad(name, json({ type: 'object', properties: { a: rules }, ...more }), hexOf({ a: value }), says, code),
  topic: 'checked',
});

const BYTES: readonly Bad[] = [
  // Avro
  bad('array<null> with a count of 1e9', array('null'), '80a8d6b907', /larger, as JSON, than limits\.(values|record) allows/),
  bad('array<null> with a count of 2^62', array('null'), 'feffffffffffffff7f', /more items than any body can hold/),
  bad('a count that lies', array('int'), 'c8010202', /ends before it is complete/),
  bad('a huge map', map('int'), '80a8d6b907', /ends before it is complete/),
  bad('a block with a size that is not its own', array('int'), '01080200000000', /another size than it says/),
  bad('a block with a negative size', array('int'), '0101', /negative length/),
  bad('a list nested 1,000,000 deep', NODE, '02'.repeat(1_000_000), /nested deeper than 64 levels/),
  bad('a string of 2^31 bytes', record('string'), '8080808010', /ends before it is complete/),
  bad('a string of -1 bytes', record('string'), '01', /negative length/),
  bad('a varint of 12 bytes', record('long'), '808080808080808080808001', /more than 64 bits/),
  bad('an int of 2^40', record('int'), '808080808040', /more than 32 bits/),
  bad('boolean 7', record('boolean'), '07', /neither 0 nor 1/),
  bad('enum 99', record({ type: 'enum', name: 'E', symbols: ['A'] }), 'c601', /outside of an enum, which has 1/),
  bad('union 9', record(['null', 'int']), '12', /outside of a union, which has 2/),
  bad('bytes after the record', record('int'), '0200', /ends 1 bytes before the record does/),
  bad('a map with a key twice', map('int'), '0402610202610400', /a key twice/),
  bad('text that is not UTF-8', record('string'), '04c328', /not UTF-8/),
  bad(
    'a decimal of 100 bytes',
    record({ type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }),
    `c801${'01'.repeat(100)}`,
    /more than 64 bytes/,
  ),
  bad('no value at all', record('int'), '', /ends before it is complete/),
  // Protobuf
  bad('messages nested 101 deep', proto('M m = 1;'), `00${nested(101)}`, /nested deeper than 64 levels/),
  bad('a bomb of groups', proto('int32 a = 1;'), `00${'fb07'.repeat(500_000)}`, /groups nested too deep/),
  bad('1,000,000 message indexes', proto('int32 a = 1;'), `80897a${'00'.repeat(1_000_000)}`, /more than 64 indexes/),
  bad('a varint of 11 bytes', proto('int64 a = 1;'), '0008ffffffffffffffffffff01', /more than 64 bits/),
  bad('field 0', proto('int32 a = 1;'), '000001', /number 0/),
  bad('a length that lies', proto('string s = 1;'), '000affffffff0f', /ends before it is complete/),
  bad('packed values that are cut', proto('repeated fixed32 a = 1;'), '000a03000000', /ends before it is complete/),
  bad(
    '1,000,000 empty messages',
    proto('repeated M m = 1; int64 a = 2; string b = 3; bytes c = 4; double d = 5; repeated int32 e = 6;'),
    `00${'0a00'.repeat(1_000_000)}`,
    /larger, as JSON, than limits/,
  ),
  bad('a wire type that does not exist', proto('int32 a = 1;'), '000e', /wire type that does not exist/),
  // JSON Schema, whose values are JSON
  bad('JSON that is cut', json({ type: 'object', properties: {} }), Buffer.from('{"a":').toString('hex'), /not valid JSON/),
  bad('JSON nested 1,000,000 deep', json({ type: 'object' }), Buffer.from(`{"a":${'['.repeat(1_000_000)}`).toString('hex'), /nested/),
  // and are checked by it
  checked('a pattern that hangs others', { type: 'string', pattern: '^(a|a)*$' }, `${'a'.repeat(50)}b`, /by the keyword pattern/),
  checked('a text that hangs a format', { type: 'string', format: 'url' }, `http://a@${':'.repeat(100_000)} `, /by the keyword format/),
  checked(
    '10,000 objects of which two are the same',
    { type: 'array', items: { type: 'object' }, uniqueItems: true },
    [...Array.from({ length: 10_000 }, (_, i) => ({ i })), { i: 9999 }],
    /by the keyword uniqueItems/,
  ),
  checked('2^60 branches', { type: 'object', ...twice('#/$defs/d0') }, {}, /too many steps/, 'unusable_schema', branches(60)),
  checked(
    'a pattern that takes more than linear time',
    { type: 'string', pattern: '(a)\\1' },
    'aa',
    /more than linear time/,
    'unusable_schema',
  ),
  checked('an integer next to its limit', { type: 'integer', maximum: 2 ** 53 }, 2 ** 53 + 2, /by the keyword maximum/),
  // schemas
  unusable(
    'a schema nested 5,000 deep',
    { schema: `${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}` },
    /nested too deep|not a valid Avro/,
  ),
  unusable(
    'a Protobuf schema nested 5,000 deep',
    { schema: `syntax = "proto3"; ${'message M { '.repeat(5000)}${'}'.repeat(5000)}`, schemaType: 'PROTOBUF' },
    /nested too deep|not a valid Protobuf/,
  ),
  unusable(
    'a JSON Schema nested 5,000 deep',
    { schema: `${'{"type":"array","items":'.repeat(5000)}{}${'}'.repeat(5000)}`, schemaType: 'JSON' },
    /nested|deep/,
  ),
  unusable('a schema of another language', { schema: 'syntax = "proto3"; message M {}', schemaType: 'AVRO' }, /not a valid Avro schema/),
  unusable(
    'an Avro schema said to be Protobuf',
    { schema: '{"type":"record","name":"R","fields":[]}', schemaType: 'PROTOBUF' },
    /not a valid Protobuf schema/,
  ),
  unusable('a schema that is no JSON', { schema: '{' }, /not a valid Avro schema/),
];

function nested(levels: number): string {
  let bytes = Buffer.alloc(0);
  for (let i = 0; i < levels; i++) {
    const length: number[] = [];
    for (let rest = bytes.length; ; rest >>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    bytes = Buffer.concat([Buffer.from([10, ...length]), bytes]);
  }
  return bytes.toString('hex');
}

const STALL_MS = 200;
/** Others may keep the machine busy, which no attempt after the first has to suffer: what hangs does so each time. */
const ATTEMPTS = 5;
const NEVER_MS = 5000;

let it: SchemaGateway;
let registry: TestRegistry;

before(async () => {
  it = await startSchemaGateway(`registry: { url: "REGISTRY", timeout: 300ms }
limits: { values: 1000000 }
pipelines:
  t: { topics: ['/.*/'], table: t, subject: none, unknown_fields: evolve, identity: none }
  e: { topics: [enveloped], table: e, subject: none, envelope: { value: v }, identity: none, unknown_fields: evolve }
  c: { topics: [checked], table: c, subject: none, identity: none, unknown_fields: evolve, validate: true }
  s: { topics: [subjected], table: s, subject: mislabelled, identity: none, unknown_fields: evolve }
`);
  ({ registry } = it);
});
after(async () => await it.close());

const send = async (body: Buffer | string, topic = 't'): Promise<Answer> => await it.call(`/v1/topics/${topic}`, body);
const frame = (id: number, hex: string): Buffer => wire(id, Buffer.from(hex, 'hex'));
const tables = async (): Promise<unknown[]> =>
  await it.query("SELECT name FROM system.tables WHERE database = 'default' AND name IN ('t', 'e', 'c', 's')");

/** Fails when every attempt stalls; the answer to the last one. */
async function unstalled<T>(attempt: (n: number) => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    const answer = attempt(n);
    const stall = await it.longestStall(answer);
    if (stall < STALL_MS) return await answer;
    assert.ok(n < ATTEMPTS, `the gateway did not answer for ${stall} ms`);
  }
}

for (const { name, schema, hex, code, says, topic } of BYTES) {
  test(name, async () => {
    let id = 0;
    const [status, body] = await unstalled(async (n) => {
      // A text of its own is a schema of its own, which is compiled again.
      id = registry.register(name, { ...schema, schema: schema.schema + ' '.repeat(n - 1) });
      return await send(frame(id, hex), topic);
    });
    const [first] = (body['errors'] ?? []) as Array<Record<string, unknown>>;
    assert.deepEqual([status, body['code'], first?.['code']], [422, 'records_rejected', code], JSON.stringify(body));
    assert.match(String(first?.['message']), says);
    assert.match(
      String(first?.['message']),
      new RegExp(code === 'undecodable' && String(first?.['message']).includes('limits.') ? '' : `\\(schema ${id}\\)$`),
    );
    assert.deepEqual(await tables(), [], 'no table was made');
  });
}

test('bytes that are no frame, and ids that no registry gives, are refused with the reason', async () => {
  const cases: ReadonlyArray<readonly [body: Buffer, code: string, says: RegExp]> = [
    [Buffer.from('0000', 'hex'), 'undecodable', /ends within its schema id/],
    [Buffer.from('0100', 'hex'), 'undecodable', /ends within its schema/],
    [frame(0, '00'), 'undecodable', /id/],
    [Buffer.from('00ffffffff00', 'hex'), 'undecodable', /id/],
    [Buffer.from('008000000000', 'hex'), 'undecodable', /id/],
    [Buffer.from(`01${'ab'.repeat(16)}00`, 'hex'), 'unknown_schema', /does not have/],
  ];
  for (const [body, code, says] of cases) {
    const [status, answer] = await send(body);
    const [first] = answer['errors'] as Array<Record<string, unknown>>;
    assert.deepEqual([status, first?.['code']], [422, code], body.toString('hex'));
    assert.match(String(first?.['message']), says);
  }
  const [status, answer] = await send(Buffer.from('02abcdef', 'hex'));
  assert.deepEqual([status, answer['code']], [400, 'invalid_utf8'], 'magic byte 2 is no magic byte');
});

test('JSON whose subject has a schema of another kind than it says is refused', async () => {
  registry.register('mislabelled', { schema: '{"type":"record","name":"R","fields":[]}', schemaType: 'PROTOBUF' });
  const [status, answer] = await unstalled(async () => await send('{"a":1}', 'subjected'));
  const [first] = answer['errors'] as Array<Record<string, unknown>>;
  assert.deepEqual([status, first?.['code']], [422, 'unusable_schema'], JSON.stringify(answer));
  assert.match(String(first?.['message']), /not a valid Protobuf schema/);
  assert.deepEqual(await tables(), [], 'no table was made');
});

test('a key __proto__ of a map is data', async () => {
  const id = registry.register('data', map('int'));
  const [status] = await send(frame(id, '02125f5f70726f746f5f5f0e00'), 'kept');
  assert.equal(status, 200);
  assert.equal(JSON.stringify(await it.query('SELECT f FROM t')), '[{"f":{"__proto__":7}}]');
});

test('10,000 records of a schema that is not there ask for it once, and so do more of them', async () => {
  registry.calls.length = 0;
  const envelope = JSON.stringify({ v: frame(987_654, '00').toString('base64') });
  const body = Array.from({ length: 10_000 }, () => envelope).join('\n');
  for (let i = 0; i < 3; i++) {
    const [status, { errors_total: total, errors }] = await unstalled(async () => await send(body, 'enveloped'));
    const [first] = errors as Array<Record<string, unknown>>;
    assert.deepEqual([status, first?.['code']], [422, 'unknown_schema'], String(total));
  }
  assert.deepEqual(registry.calls, ['/schemas/ids/987654']);
});

test('a reference that leads back to itself is told, and asked for boundedly', async () => {
  registry.register('loop-b', { ...record('int'), references: [{ name: 'a', subject: 'loop-a', version: 1 }] });
  const id = registry.register('loop-a', { ...record('long'), references: [{ name: 'b', subject: 'loop-b', version: 1 }] });
  registry.calls.length = 0;
  const [status, answer] = await send(frame(id, '00'));
  const [first] = answer['errors'] as Array<Record<string, unknown>>;
  assert.deepEqual(
    [status, first?.['code'], first?.['message']],
    [422, 'unusable_schema', `the record has a schema that refers to itself (schema ${id})`],
  );
  assert.ok(registry.calls.length <= 4, JSON.stringify(registry.calls));
});

type Misbehave = (request: IncomingMessage, response: ServerResponse) => void;
const FIFTY_MB = 50 * 1024 * 1024;
const TYPE = { 'Content-Type': 'application/vnd.schemaregistry.v1+json' };
const REGISTRIES: ReadonlyArray<readonly [name: string, misbehave: Misbehave]> = [
  ['answers 302', (_request, response) => response.writeHead(302, { Location: '/elsewhere' }).end()],
  [
    'answers HTML',
    (_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>{"schema":"\\"int\\""}</html>'),
  ],
  ['answers 50 MB', (_request, response) => response.writeHead(200, TYPE).end(`{"schema":"${'x'.repeat(FIFTY_MB)}"}`)],
  ['answers garbage', (_request, response) => response.writeHead(200, TYPE).end('{"schema":')],
  ['answers nothing', (_request, response) => response.writeHead(200, TYPE).end()],
  ['answers 500', (_request, response) => response.writeHead(500).end()],
  ['answers 429', (_request, response) => response.writeHead(429).end()],
  ['answers 401', (_request, response) => response.writeHead(401, TYPE).end('{"error_code":40101}')],
  ['hangs', () => undefined],
  ['hangs in the middle', (_request, response) => void response.writeHead(200, TYPE).write('{"schema":"')],
  ['resets the connection', (request) => void request.socket.destroy()],
];

for (const [i, [name, misbehave]] of REGISTRIES.entries()) {
  test(`a registry that ${name} makes the sender come back, soon and with few questions`, async () => {
    // After a failure nobody asks for two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    registry.calls.length = 0;
    let asked = 0;
    registry.before = (request, response) => {
      asked += 1;
      misbehave(request, response);
      return true;
    };
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => await send(frame(500_000 + i * 100 + n, '00'))));
    const took = performance.now() - began;
    registry.before = undefined;
    for (const [status, answer] of answers) {
      assert.deepEqual([status, answer['code'], answer['retryable']], [503, 'registry_unavailable', true], JSON.stringify(answer));
      assert.doesNotMatch(String(answer['detail']), /127\.0\.0\.1|localhost|:\d{4}/, 'no host is told');
    }
    assert.ok(took < NEVER_MS, `${took} ms`);
    assert.ok(asked <= 12, `${asked} questions`);
  });
}

test('after all of it the gateway writes', async () => {
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const id = registry.register('good', { schema: '{"type":"record","name":"Good","fields":[{"name":"n","type":"int"}]}' });
  assert.equal((await send(frame(id, '54'), 'good'))[0], 200);
  assert.deepEqual(await it.query('SELECT n FROM t WHERE n IS NOT NULL'), [{ n: 42 }]);
});
