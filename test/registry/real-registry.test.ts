/**
 * The same against a registry of others, where one runs: `SLUICE_REAL_REGISTRY` is the address of its Confluent-compatible interface. `.ci/run` starts one if it
 * can.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import avsc from 'avsc';
import { createRegistry } from '../../src/schema/registry.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';

const url = process.env['SLUICE_REAL_REGISTRY'] ?? '';
const skip = url === '' ? 'SLUICE_REAL_REGISTRY names no registry' : false;

/** Subjects of this run. */
const RUN = `t${Date.now().toString(36)}`;

async function register(subject: string, body: object): Promise<number> {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return (JSON.parse(text) as { id: number }).id;
}

test('schemas of all languages are found by id and subject, with what they refer to', { skip }, async () => {
  const line = '{"type":"record","name":"Line","namespace":"shop","fields":[{"name":"sku","type":"string"}]}';
  const order =
    '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"lines","type":{"type":"array","items":"shop.Line"}}]}';
  const money = 'syntax = "proto3"; package shop; message Money { int64 cents = 1; }';
  const paid = 'syntax = "proto3"; package shop; import "money.proto"; message Paid { Money total = 1; }';
  await register(`${RUN}-line`, { schema: line });
  await register(`${RUN}-money`, { schema: money, schemaType: 'PROTOBUF' });
  const ids = {
    avro: await register(`${RUN}-order`, { schema: order, references: [{ name: 'shop.Line', subject: `${RUN}-line`, version: 1 }] }),
    protobuf: await register(`${RUN}-paid`, {
      schema: paid,
      schemaType: 'PROTOBUF',
      references: [{ name: 'money.proto', subject: `${RUN}-money`, version: 1 }],
    }),
    json: await register(`${RUN}-json`, { schema: '{"type":"object","properties":{"a":{"type":"integer"}}}', schemaType: 'JSON' }),
  };
  const registry = createRegistry({ urls: [url], timeoutMs: 10_000, ttlMs: 1000 });
  const found = await Promise.all(Object.values(ids).map(async (id) => await registry.byId(id)));
  assert.deepEqual(
    found.map((one) => [one?.language, one?.references.map(({ name }) => name)]),
    [
      ['AVRO', ['shop.Line']],
      ['PROTOBUF', ['money.proto']],
      ['JSON', []],
    ],
  );
  assert.deepEqual(JSON.parse(found[0]?.references[0]?.text ?? ''), JSON.parse(line));
  assert.equal((await registry.latest(`${RUN}-order`))?.id, ids.avro);
  assert.equal(await registry.latest(`${RUN}-nobody`), undefined);
  assert.equal(await registry.byId(2_000_000_000), undefined);
  registry.close();
});

test('records of it go through the gateway, also of a newer version', { skip }, async () => {
  const version = (...fields: object[]): object => ({ type: 'record', name: 'Order', fields });
  const first = version({ name: 'id', type: 'int' });
  const second = version({ name: 'id', type: 'int' }, { name: 'note', type: 'string', default: 'none' });
  const topic = `${RUN}.orders`;
  const framed = (schema: object, id: number, value: unknown): Buffer => {
    const head = Buffer.alloc(5);
    head.writeInt32BE(id, 1);
    return Buffer.concat([head, avsc.Type.forSchema(schema as avsc.Schema).toBuffer(value)]);
  };
  const directory = mkdtempSync('/tmp/sluice-real-registry-');
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, `registry: { url: "${url}", timeout: 10s, ttl: 1ms }\npipelines: { p: { topics: ['/.*/'], identity: none } }\n`);
  const gateway = await startGatewayProcess({ args: ['--config', file] });
  const headers = { 'X-API-KEY': gateway.key };
  const send = async (body: Buffer): Promise<number> =>
    (await fetch(`${gateway.url}/v1/topics/${topic}`, { method: 'POST', headers, body })).status;
  try {
    const a = await register(`${topic}-value`, { schema: JSON.stringify(first) });
    assert.equal(await send(framed(first, a, { id: 1 })), 200);
    const b = await register(`${topic}-value`, { schema: JSON.stringify(second) });
    assert.equal(await send(framed(second, b, { id: 2, note: 'x' })), 200);
    assert.equal(await send(framed(first, a, { id: 3 })), 200);
    const table = topic.replace('.', '_');
    const rows = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers, body: `SELECT id, note FROM ${table} ORDER BY id` });
    assert.equal(await rows.text(), '{"id":1,"note":null}\n{"id":2,"note":"x"}\n{"id":3,"note":"none"}\n');
  } finally {
    await gateway.stop();
    rmSync(directory, { recursive: true });
  }
});
