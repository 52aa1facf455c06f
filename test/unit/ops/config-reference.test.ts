import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactedConfig } from '../../../src/ops/config/redact.ts';
import { configReference } from '../../../src/ops/config/reference.ts';
import { load } from './config-support.ts';

const rows = configReference()
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));

/** What the reference tells of a key. */
function row(path: string): string[] {
  return rows.find(([, name]) => name === `\`${path}\``)?.slice(2, -1) ?? assert.fail(`${path} is not in the reference`);
}

test('type, default and description of a key', () => {
  assert.deepEqual(row('limits.body'), ['size', '`64MiB`', 'Largest request body as it is sent.']);
  assert.deepEqual(row('pipelines.<name>.auto_create').slice(0, 2), ['`schema`, `infer`, `off`', '`infer`']);
  assert.deepEqual(row('pipelines.<name>.topics').slice(0, 2), ['list: topic or `/regular expression/`', "the pipeline's name"]);
  assert.deepEqual(row('pipelines.<name>.columns.<name>.unit').slice(0, 2), ['`days`, `s`, `ms`, `us`, `ns`', '']);
  assert.deepEqual(row('auth.keys[].grants[].can').slice(0, 2), ['list: `write`, `read`, `admin`', 'required']);
  assert.deepEqual(row('clickhouse.password').slice(0, 2), ['text', 'empty']);
  assert.deepEqual(row('SLUICE_DATA'), ['Replaces `data`.']);
});

test('every key and variable is described', () => {
  for (const cells of rows) assert.ok((cells.at(-2) ?? '').length > 10, cells.join(' | '));
  assert.equal(new Set(rows.map(([, name]) => name)).size, rows.length);
});

/** Paths of the redacted configuration, which holds every key, in the notation of the reference. */
function pathsOf(node: unknown, path: string): string[] {
  if (Array.isArray(node)) return [path, ...node.flatMap((item) => pathsOf(item, `${path}[]`)).filter((found) => !found.endsWith('[]'))];
  if (typeof node !== 'object' || node === null) return [path];
  const named = path === 'pipelines' || path.endsWith('.columns');
  return [path, ...Object.entries(node).flatMap(([key, value]) => pathsOf(value, `${path}.${named ? '<name>' : key}`))];
}

test('the reference names exactly the keys there are', () => {
  const hash = `sha256:${'0'.repeat(64)}`;
  const server = load(`
clickhouse: { url: "http://h", cluster: c }
auth: { keys: [{ id: a, hash: "${hash}", grants: [{ pipeline: "*", can: [write] }] }] }
registry: { url: "http://r", username: u, password: p, tls: { ca: "-----BEGIN A", cert: "-----BEGIN B", key: "-----BEGIN C" } }
pipelines: { p: { subject: s, schema_header: h, envelope: { value: v }, columns: { a: { from: b, unit: s }, c: { drop: true } }, unknown_fields: { into: d }, partition_by: day(a), identity: { kind: coordinates, topic: t, partition: p, offset: o, fields: strip } },
  q: { identity: { kind: field, field: id } } }`);
  const token = load('registry: { url: ["http://r", "http://s"], token: t }');
  const configs = [redactedConfig(server), redactedConfig(token), redactedConfig(load(''))];
  const expected = new Set(
    configs
      .flatMap((config) => Object.entries(config).flatMap(([key, value]) => pathsOf(value, key)))
      .filter((path) => !/^log$|<name>$/.test(path)),
  );
  const described = rows.map(([, name]) => (name ?? '').replaceAll('`', '')).filter((name) => !name.startsWith('SLUICE_'));
  assert.deepEqual(described.toSorted(), [...expected].toSorted());
});

test('the defaults in the reference are the defaults', () => {
  const defaults = redactedConfig(load('pipelines: { p: {} }'));
  const limits = defaults['limits'] as Record<string, string | number>;
  // The same time in another unit.
  const shown = { ...limits, body_timeout: '60s' };
  for (const [key, value] of Object.entries(shown)) assert.equal(row(`limits.${key}`)[1], `\`${value}\``, key);
  const pipeline = (defaults['pipelines'] as Record<string, Record<string, unknown>>)['p'] ?? {};
  for (const key of [
    'table',
    'auto_create',
    'auto_evolve',
    'unknown_fields',
    'on_error',
    'identity',
    'require_identity',
    'source',
    'epoch',
    'guarantee',
  ])
    assert.equal(row(`pipelines.<name>.${key}`)[1], `\`${String(pipeline[key])}\``, key);
  const engine = defaults['clickhouse'] as Record<string, unknown>;
  assert.equal(row('clickhouse.max_memory')[1], `\`${String(engine['max_memory'])}\``);
  assert.equal(row('clickhouse.database')[1], `\`${String(engine['database'])}\``);
  const server = redactedConfig(load('clickhouse: { url: "http://h" }'))['clickhouse'] as Record<string, unknown>;
  assert.equal(row('clickhouse.request_timeout')[1], `\`${String(server['request_timeout'])}\``);
  assert.equal(row('clickhouse.username')[1], `\`${String(server['username'])}\``);
});
