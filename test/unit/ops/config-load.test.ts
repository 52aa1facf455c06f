import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashKey } from '../../../src/auth/keys.ts';
import type { Config, PipelineConfig } from '../../../src/core/config.ts';
import { configFile, loadConfig } from '../../../src/ops/config/load.ts';
import { failure, load, withFile } from './config-support.ts';

const MIB = 1024 ** 2;
const HASH = `sha256:${'0123456789abcdef'.repeat(4)}`;

const IMPLICIT: PipelineConfig = {
  name: 'default',
  topics: [/^(?:.*)$/],
  table: '${topic}',
  framing: { kind: 'auto', prefix: '', suffix: '' },
  subject: '${topic}-value',
  validate: false,
  columns: Object.create(null),
  autoCreate: 'infer',
  autoEvolve: 'add',
  orderBy: [],
  pkFields: [],
  enumColumns: 'low_cardinality',
  recordColumns: 'tuple',
  unknownFields: { do: 'evolve' },
  onError: 'reject',
  onLossy: 'reject',
  identity: {
    kind: 'auto',
    fields: [
      { topic: '__connect_topic', partition: '__connect_partition', offset: '__connect_offset' },
      { topic: '__topic', partition: '__partition', offset: '__offset' },
      { topic: '_topic', partition: '_partition', offset: '_offset' },
    ],
    keep: true,
  },
  requireIdentity: false,
  source: 'default',
  epoch: 0,
  guarantee: 'auto',
};

/** Without `identity` in a file, records are recognised by their coordinates and by nothing a sender could forge. */
const BY_COORDINATES = { ...IMPLICIT.identity, kind: 'coordinates' } as const;

const DEFAULTS: Config = {
  listen: { host: '127.0.0.1', port: 8080 },
  data: '/nowhere/data',
  clickhouse: { embedded: true, database: 'default', maxMemoryBytes: 2048 * MIB },
  auth: { keyHeader: 'X-API-KEY', keys: [] },
  limits: {
    body: 64 * MIB,
    inflated: 256 * MIB,
    inflateRatio: 200,
    record: 16 * MIB,
    records: 100_000,
    values: 8_000_000,
    depth: 64,
    headers: 65_536,
    headerCount: 1000,
    headerTimeoutMs: 10_000,
    bodyTimeoutMs: 60_000,
    keepAliveMs: 90_000,
    deadlineMs: 20_000,
    inFlight: 512 * MIB,
  },
  ledger: { retentionMs: 168 * 3_600_000 },
  pipelines: [IMPLICIT],
  log: 'info',
};

test('without a file there are the defaults, and a pipeline that takes everything', () => {
  assert.deepEqual(loadConfig({ env: {}, cwd: '/nowhere' }), DEFAULTS);
});

test('an empty file means the same as no file', () => {
  assert.deepEqual(load('# nothing yet\n'), DEFAULTS);
});

test('the example of the documentation', () => {
  const config = load(`
listen: 127.0.0.1:8080
data: ./data
clickhouse:
  embedded: true
auth:
  keys: [{ id: connect, hash: "${HASH}", grants: [{ pipeline: "*", can: [write] }] }]
limits: { body: 64MiB, records: 100000, in_flight: 512MiB }
pipelines:
  orders:
    topics: [orders, /^orders\\..*/]
    table: shop.orders
    columns: { amount_eur: { from: amount.eur }, note: { drop: true } }
    auto_create: infer
    auto_evolve: add
    on_error: reject
    unknown_fields: reject
    guarantee: at-least-once
`);
  assert.deepEqual(config, {
    ...DEFAULTS,
    auth: { keyHeader: 'X-API-KEY', keys: [{ id: 'connect', hash: HASH, grants: [{ pipeline: '*', can: ['write'] }] }] },
    pipelines: [
      {
        ...IMPLICIT,
        name: 'orders',
        topics: ['orders', /^(?:^orders\..*)$/],
        table: 'shop.orders',
        columns: Object.assign(Object.create(null), { amount_eur: { from: 'amount.eur' }, note: { drop: true } }),
        unknownFields: { do: 'reject' },
        identity: BY_COORDINATES,
        guarantee: 'at-least-once',
      },
    ],
  });
});

test('every key with a value of its own', () => {
  const config = load(`
listen: "[::1]:0"
data: /var/lib/sluice
clickhouse: { url: "https://ch.example:8443/sub", username: gateway, password: "a:b@c", database: shop, request_timeout: 1500ms, cluster: main }
auth:
  key_header: X-Api-Token
  keys:
    - { id: a-1, hash: "${HASH.toUpperCase().replace('SHA', 'sha')}", grants: [{ pipeline: p, can: [write, read] }, { pipeline: q.r, can: [admin] }] }
limits: { body: 1KiB, inflated: 2KiB, inflate_ratio: "7", record: 1024, records: 2, values: 3, depth: 4, headers: 8 KiB, header_count: 5,
  header_timeout: 1s, body_timeout: 2m, deadline: 7s, keep_alive: 1h, in_flight: 3GiB }
ledger: { retention: 36h }
registry: { url: ["https://r1:8081", "http://r2"], token: t0, tls: { ca: "-----BEGIN X" }, timeout: 2s, ttl: 1m }
pipelines:
  p:
    topics: [p.one, p-two]
    table: db.t_\${topic}
    framing: { kind: comma, prefix: "[", suffix: "]" }
    envelope: { value: v }
    subject: orders-\${topic}
    schema_header: __value_schema_id
    validate: true
    columns: { at: { from: meta.at, unit: ms }, constructor: { unit: days } }
    auto_create: infer
    auto_evolve: approve
    order_by: [at, id]
    pk_fields: [at]
    partition_by: week(at)
    enum_columns: enum
    on_lossy: report
    record_columns: json
    unknown_fields: { into: rest }
    identity: { kind: field, field: event_id }
    require_identity: true
  q.r: { framing: ndjson, auto_create: off, unknown_fields: ignore, source: eu, epoch: 2, guarantee: exactly-once,
    identity: { kind: auto, topic: t, partition: p, offset: o, fields: strip } }
`);
  assert.deepEqual(config, {
    listen: { host: '::1', port: 0 },
    data: '/var/lib/sluice',
    clickhouse: {
      embedded: false,
      url: 'https://ch.example:8443/sub',
      username: 'gateway',
      password: 'a:b@c',
      database: 'shop',
      requestTimeoutMs: 1500,
      cluster: 'main',
    },
    auth: {
      keyHeader: 'X-Api-Token',
      keys: [
        {
          id: 'a-1',
          hash: HASH,
          grants: [
            { pipeline: 'p', can: ['write', 'read'] },
            { pipeline: 'q.r', can: ['admin'] },
          ],
        },
      ],
    },
    limits: {
      body: 1024,
      inflated: 2048,
      inflateRatio: 7,
      record: 1024,
      records: 2,
      values: 3,
      depth: 4,
      headers: 8192,
      headerCount: 5,
      headerTimeoutMs: 1000,
      bodyTimeoutMs: 120_000,
      keepAliveMs: 3_600_000,
      deadlineMs: 7000,
      inFlight: 3072 * MIB,
    },
    ledger: { retentionMs: 36 * 3_600_000 },
    registry: {
      urls: ['https://r1:8081', 'http://r2'],
      auth: { token: 't0' },
      tls: { ca: '-----BEGIN X' },
      timeoutMs: 2000,
      ttlMs: 60_000,
    },
    pipelines: [
      {
        ...IMPLICIT,
        name: 'p',
        topics: ['p.one', 'p-two'],
        table: 'db.t_${topic}',
        framing: { kind: 'comma', prefix: '[', suffix: ']' },
        envelope: { value: 'v' },
        subject: 'orders-${topic}',
        schemaHeader: '__value_schema_id',
        validate: true,
        columns: Object.assign(Object.create(null), { at: { from: 'meta.at', unit: 'ms' }, constructor: { unit: 'days' } }),
        autoEvolve: 'approve',
        orderBy: ['at', 'id'],
        pkFields: ['at'],
        partitionBy: { column: 'at', by: 'week' },
        enumColumns: 'enum',
        onLossy: 'report',
        recordColumns: 'json',
        unknownFields: { do: 'into', column: 'rest' },
        identity: { kind: 'field', field: 'event_id' },
        requireIdentity: true,
      },
      {
        ...IMPLICIT,
        name: 'q.r',
        topics: ['q.r'],
        framing: { kind: 'ndjson', prefix: '', suffix: '' },
        autoCreate: 'off',
        unknownFields: { do: 'ignore' },
        identity: { kind: 'auto', fields: [{ topic: 't', partition: 'p', offset: 'o' }], keep: false },
        requireIdentity: true,
        source: 'eu',
        epoch: 2,
        guarantee: 'exactly-once',
      },
    ],
    log: 'info',
  });
});

test('a server needs no embedded: false, and has defaults of its own', () => {
  const expected = {
    embedded: false,
    url: 'http://ch:8123',
    username: 'default',
    password: '',
    database: 'default',
    requestTimeoutMs: 25_000,
  };
  assert.deepEqual(load('clickhouse: { url: "http://ch:8123" }').clickhouse, expected);
  assert.deepEqual(load('clickhouse: { url: "http://ch:8123", embedded: false }').clickhouse, expected);
});

test('the memory of the embedded engine can be set', () => {
  assert.deepEqual(load('clickhouse: { max_memory: 512MiB }').clickhouse, {
    embedded: true,
    database: 'default',
    maxMemoryBytes: 512 * MIB,
  });
});

test('a pipeline without keys takes the topic of its name and refuses unknown fields', () => {
  assert.deepEqual(load('pipelines: { orders: {} }').pipelines, [
    { ...IMPLICIT, name: 'orders', topics: ['orders'], unknownFields: { do: 'reject' }, identity: BY_COORDINATES },
  ]);
});

test('columns hold nothing but the rules of the file', () => {
  const [pipeline] = load('pipelines: { p: { columns: { a: { unit: s } } } }').pipelines;
  assert.equal(pipeline?.columns['constructor'], undefined);
  assert.deepEqual(pipeline?.columns['a'], { unit: 's' });
});

test('the environment replaces listen and data, sets the log level and adds a key', () => {
  const config = load('listen: 127.0.0.1:1\ndata: /from/file', {
    SLUICE_LISTEN: '0.0.0.0:9',
    SLUICE_DATA: 'from/env',
    SLUICE_LOG: 'silent',
    SLUICE_API_KEY: 'sixteen-chars-ok',
  });
  assert.deepEqual(config.listen, { host: '0.0.0.0', port: 9 });
  assert.equal(config.data, '/nowhere/from/env');
  assert.equal(config.log, 'silent');
  assert.deepEqual(config.auth.keys, [
    {
      id: 'default',
      hash: 'sha256:51ae2facf941e210ddc51d658718c15879f0ad171de9e37c5b7bfcd2d1b49b3e',
      grants: [{ pipeline: '*', can: ['write', 'read', 'admin'] }],
    },
  ]);
});

test('the key of the environment is hashed as the key store does it', () => {
  const [key] = loadConfig({ env: { SLUICE_API_KEY: 'sixteen-chars-ok' }, cwd: '/' }).auth.keys;
  assert.equal(key?.hash, hashKey(Buffer.from('sixteen-chars-ok')));
});

test('an empty variable counts as not set', () => {
  const env = { SLUICE_CONFIG: '', SLUICE_LISTEN: '', SLUICE_DATA: '', SLUICE_LOG: '', SLUICE_API_KEY: '' };
  assert.deepEqual(loadConfig({ env, cwd: '/nowhere' }), DEFAULTS);
});

test('--config wins over SLUICE_CONFIG, and both may be relative', () => {
  withFile('listen: h:1', (_file, directory) => {
    assert.deepEqual(loadConfig({ env: { SLUICE_CONFIG: 'sluice.yaml' }, cwd: directory }).listen, { host: 'h', port: 1 });
    assert.equal(configFile({ file: 'a.yaml', env: { SLUICE_CONFIG: 'b.yaml' }, cwd: '/w' }), '/w/a.yaml');
    assert.equal(configFile({ env: { SLUICE_CONFIG: 'b.yaml' }, cwd: '/w' }), '/w/b.yaml');
    assert.equal(configFile({ env: {}, cwd: '/w' }), undefined);
  });
});

test('a file that is named must be there', () => {
  const error = failure(() => loadConfig({ file: 'missing.yaml', env: {}, cwd: '/nowhere' }));
  assert.equal(error.message, '/nowhere/missing.yaml has a problem:\n  The file does not exist: see --config or SLUICE_CONFIG');
});

test('the error lists every problem, one a line, under the name of the file', () => {
  withFile('listen: x\nlimits: { depth: 0 }', (file) => {
    const error = failure(() => loadConfig({ file, env: {}, cwd: '/' }));
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['listen', 'limits.depth'],
    );
    assert.equal(error.message, [`${file} has 2 problems:`, ...error.problems.map(({ message }) => `  ${message}`)].join('\n'));
  });
});

test('an error of the environment alone names no file', () => {
  const error = failure(() => loadConfig({ env: { SLUICE_LOG: 'loud' }, cwd: '/' }));
  assert.equal(error.message, 'The configuration has a problem:\n  SLUICE_LOG: must be trace, debug, info, warn, error or silent');
});
