import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { redactedConfig, redactedYaml } from '../../../src/ops/config/redact.ts';
import type { Environment } from '../../../src/ops/config/secrets.ts';
import { parseConfig } from '../../../src/ops/config/source.ts';
import { failure, load, withFile } from './config-support.ts';

const HASH = `sha256:${'ab'.repeat(32)}`;

const FULL = `
listen: "[::1]:8080"
data: /d
clickhouse: { url: "https://ch:8443", username: u, password: hunter2hunter2, cluster: "{cluster}" }
auth: { keys: [{ id: a, hash: "${HASH}", grants: [{ pipeline: p, can: [read] }] }] }
limits: { body_timeout: 90500ms, body: 1000B }
pipelines:
  p:
    topics: [x, /a\\/b.*/]
    framing: { kind: array, prefix: "<" }
    columns: { c: { from: a.b, unit: ms }, d: { drop: true } }
    order_by: [c]
    partition_by: month(c)
    unknown_fields: { into: rest }
    identity: { kind: coordinates, topic: t, partition: p, offset: o, fields: strip }
    source: eu
    epoch: 3
    guarantee: exactly-once
`;

const LIMITS = {
  body: '1000B',
  inflated: '256MiB',
  inflate_ratio: 200,
  record: '16MiB',
  records: 100_000,
  values: 8_000_000,
  depth: 64,
  headers: '64KiB',
  header_count: 1000,
  header_timeout: '10s',
  body_timeout: '90500ms',
  deadline: '20s',
  keep_alive: '90s',
  in_flight: '512MiB',
};

test('the redacted configuration is whole, in the words of the file, without secrets', () => {
  assert.deepEqual(redactedConfig(load(FULL)), {
    listen: '[::1]:8080',
    data: '/d',
    log: 'info',
    clickhouse: {
      embedded: false,
      url: 'https://ch:8443',
      username: 'u',
      password: '(hidden)',
      database: 'default',
      request_timeout: '25s',
      cluster: '{cluster}',
    },
    auth: { key_header: 'X-API-KEY', keys: [{ id: 'a', hash: '(hidden)', grants: [{ pipeline: 'p', can: ['read'] }] }] },
    limits: LIMITS,
    ledger: { retention: '168h' },
    pipelines: {
      p: {
        topics: ['x', '/a\\/b.*/'],
        table: '${topic}',
        framing: { kind: 'array', prefix: '<', suffix: '' },
        subject: '${topic}-value',
        validate: false,
        columns: { c: { from: 'a.b', unit: 'ms' }, d: { drop: true } },
        auto_create: 'infer',
        auto_evolve: 'add',
        order_by: ['c'],
        pk_fields: [],
        partition_by: 'month(c)',
        enum_columns: 'low_cardinality',
        record_columns: 'tuple',
        unknown_fields: { into: 'rest' },
        on_error: 'reject',
        on_lossy: 'reject',
        identity: { kind: 'coordinates', topic: 't', partition: 'p', offset: 'o', fields: 'strip' },
        require_identity: true,
        source: 'eu',
        epoch: 3,
        guarantee: 'exactly-once',
      },
    },
  });
});

test('as YAML it reads back as the same configuration, but for the secrets', () => {
  for (const config of [load(FULL), load('')]) {
    const yaml = redactedYaml(config);
    assert.deepEqual(parseConfig(yaml, 'redacted'), redactedConfig(config));
    const again = load(
      yaml.replace('log: info\n', '').replace('hash: (hidden)', `hash: ${HASH}`).replace('password: (hidden)', 'password: hunter2hunter2'),
    );
    assert.deepEqual(again, config);
  }
});

/** Long enough not to stand in the output by chance. */
const secret = fc.string({ minLength: 8, maxLength: 40, unit: 'binary' }).filter((text) => text.trim().length >= 8 && !text.includes('${'));
const keyText = fc
  .string({ minLength: 16, maxLength: 64, unit: 'grapheme-ascii' })
  .map((text) => text.replaceAll(/[^\x21-\x7e]/g, '~'))
  .filter((text) => !text.includes('~~~'));

test('no secret is ever in the redacted configuration', () => {
  fc.assert(
    fc.property(secret, keyText, keyText, fc.constantFrom('plain', 'env', 'file'), (password, apiKey, configKey, way) => {
      withFile('', (_file, directory) => {
        const hash = `sha256:${createHash('sha256').update(configKey).digest('hex')}`;
        const text = withFile(password, (secretFile) => {
          const reference = { plain: JSON.stringify(password), env: '"${env:SECRET}"', file: `"\${file:${secretFile}}"` }[way];
          const yaml = `clickhouse: { url: "http://h", password: ${reference} }\nauth: { keys: [{ id: k, hash: "${hash}", grants: [{ pipeline: "*", can: [write] }] }] }`;
          const config = load(yaml, { SLUICE_API_KEY: apiKey, SECRET: password }, directory);
          return redactedYaml(config) + JSON.stringify(redactedConfig(config));
        });
        const apiHash = createHash('sha256').update(apiKey).digest('hex');
        for (const hidden of [password, apiKey, configKey, hash.slice(7), apiHash]) assert.ok(!text.includes(hidden));
      });
    }),
    { numRuns: 60 },
  );
});

test('no value is ever in the error of a configuration, wherever it stands and whatever is wrong', () => {
  const places: ReadonlyArray<(value: string) => string> = [
    (value) => `listen: ${value}`,
    (value) => `data: ${value}\nlisten: 1`,
    (value) => `clickhouse: { url: ${value} }`,
    (value) => `clickhouse: { url: "http://h", password: [${value}] }`,
    (value) => `clickhouse: { url: "http://h", password: { x: ${value} } }`,
    (value) => `clickhouse: { password: ${value} }`,
    (value) => `clickhouse: ${value}`,
    (value) => `auth: { keys: [{ id: ${value}, hash: ${value}, grants: [{ pipeline: ${value}, can: [${value}] }] }] }`,
    (value) => `auth: { key_header: ${value} }`,
    (value) => `limits: { body: ${value}, depth: ${value}, keep_alive: ${value} }`,
    (value) => `pipelines: ${value}`,
    (value) =>
      `pipelines: { p: { topics: [${value}, 1], table: ${value}, framing: ${value}, unknown_fields: ${value}, auto_create: ${value} } }`,
    (value) => `pipelines: { p: { columns: { c: { unit: ${value}, drop: ${value} } }, guarantee: ${value}, on_error: ${value} } }`,
  ];
  const marked = fc.string({ minLength: 0, maxLength: 20, unit: 'grapheme-ascii' }).map((text) => `hunter2 ! ${text}`);
  fc.assert(
    fc.property(marked, fc.constantFrom(...places), fc.boolean(), fc.boolean(), (value, place, quoted, fromVariable) => {
      if (value.includes('${')) return;
      const env: Environment = { SECRET: value };
      const yaml = place(fromVariable ? '"${env:SECRET}"' : quoted ? JSON.stringify(value) : value);
      const told = withFile(yaml, (file) => failure(() => loadConfig({ file, env, cwd: '/' })));
      assert.ok(!JSON.stringify([told.message, told.problems]).includes('hunter2'), told.message);
    }),
    { numRuns: 400 },
  );
});
