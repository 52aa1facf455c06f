import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problems } from './config-support.ts';

const HASH = `sha256:${'0'.repeat(64)}`;
const LISTEN = 'must be host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 for every interface, or [::1]:8080';
const URL_MESSAGE =
  'clickhouse.url: must be http:// or https:// with host, port and path only, such as https://clickhouse:8443 (user name and password have their own keys)';
const NAME_MESSAGE = 'must be a pipeline name: letters, digits, dot, - and _, beginning with a letter or _';
const TABLE_MESSAGE =
  'pipelines.p.table: must be table or database.table: letters, digits and _, not beginning with a digit; ${topic} may stand in the table, and system databases may not be named';
const TOPIC_MESSAGE =
  'pipelines.p.topics[0]: must be a topic name (A-Z, a-z, 0-9, dot, - and _, at most 249 characters) or a regular expression between slashes';
const ID_MESSAGE = 'auth.keys[0].id: must be lower-case letters, digits and -, beginning with a letter or digit, at most 64 characters';
const HASH_MESSAGE =
  'auth.keys[0].hash: must be sha256: and the 64 hex digits of the SHA-256 of the key, as sluice keys add --json prints it';
const TIME_MESSAGE = 'must be a time from 1ms to 24h with its unit, such as 90s (units: ms, s, m, h)';

const pipeline = (keys: string): string => `pipelines: { p: { ${keys} } }`;
const key = (keys: string): string => `auth: { keys: [{ ${keys} }] }`;
const GRANTS = 'grants: [{ pipeline: "*", can: [write] }]';

const CASES: Record<string, ReadonlyArray<readonly [yaml: string, ...messages: string[]]>> = {
  'unknown keys': [
    ['pipelines: { orders: { auto_creat: infer } }', 'Unknown key pipelines.orders.auto_creat: did you mean auto_create?'],
    ['listne: h:1', 'Unknown key listne: did you mean listen?'],
    ['limits: { inFlight: 1GiB }', 'Unknown key limits.inFlight: did you mean in_flight?'],
    ['clickhouse: { user-name: x }', 'Unknown key clickhouse.user-name: did you mean username?'],
    [pipeline('framing: { kid: array }'), 'Unknown key pipelines.p.framing.kid: did you mean kind?'],
    [pipeline('columns: { a: { form: b } }'), 'Unknown key pipelines.p.columns.a.form: did you mean from?'],
    [pipeline('columns: { "a b": { x: 1 } }'), 'Unknown key pipelines.p.columns["a b"].x: known keys here are from, drop, unit'],
    [
      'tracing: { url: "https://h" }',
      'Unknown key tracing: known keys here are listen, data, clickhouse, registry, auth, limits, ledger, pipelines',
    ],
    [
      pipeline('on_error: a ,", framing: a ,"'),
      'pipelines.p.on_error: must be reject',
      'Under pipelines.p there is a key that is no name and is not shown: put quotes around the values there',
    ],
    ['auth: { jwt: {} }', 'Unknown key auth.jwt: known keys here are key_header, keys'],
    [key(`id: a, hash: "${HASH}", ${GRANTS}, key: x`), 'Unknown key auth.keys[0].key: known keys here are id, hash, grants'],
    ['__proto__: { listen: "h:1" }', '__proto__: is not a name that can be used'],
    [pipeline('columns: { __proto__: { drop: true } }'), 'pipelines.p.columns.__proto__: is not a name that can be used'],
  ],
  'keys of the design that this version does not have': ['format', 'insert_mode', 'ack', 'quarantine'].map((name) => [
    pipeline(`${name}: x`),
    `Unknown key pipelines.p.${name}: known keys here are topics, table, framing, envelope, subject, validate, schema_header, columns, auto_create, auto_evolve, order_by, pk_fields, partition_by, enum_columns, record_columns, unknown_fields, on_error, on_lossy, identity, require_identity, source, epoch, guarantee`,
  ]),
  'kinds of values': [
    ['[]', 'The file must be a mapping of keys to values'],
    ['just text', 'The file must be a mapping of keys to values'],
    ['limits: []', 'limits: must be a mapping of keys to values'],
    ['limits:', 'limits: is empty: give it a value, or remove the key'],
    ['pipelines: [orders]', 'pipelines: must be a mapping of names to values'],
    ['pipelines: { orders: }', 'pipelines.orders: is empty: give it a value, or remove the key'],
    ['auth: { keys: { id: a } }', 'auth.keys: must be a list'],
    ['clickhouse: { embedded: "yes" }', 'clickhouse.embedded: must be true or false'],
    ['clickhouse: { url: "http://h", password: 12345 }', 'clickhouse.password: must be text: put quotes around it'],
    ['clickhouse: { url: "http://h", password: [a] }', 'clickhouse.password: must be text'],
    [pipeline('auto_create: always'), 'pipelines.p.auto_create: must be schema, infer or off'],
    [pipeline('auto_evolve: sometimes'), 'pipelines.p.auto_evolve: must be add, approve or off'],
  ],
  listen: [
    ['listen: 8080', `listen: ${LISTEN}`],
    ['listen: ":8080"', `listen: ${LISTEN}`],
    ['listen: localhost', `listen: ${LISTEN}`],
    ['listen: localhost:65536', `listen: ${LISTEN}`],
    ['listen: ::1:8080', `listen: ${LISTEN}`],
    ['listen: "[::g]:1"', `listen: ${LISTEN}`],
    ['listen: "*:80"', `listen: ${LISTEN}`],
    ['listen: http://h:80', `listen: ${LISTEN}`],
    ['data: ""', 'data: must be the path of a directory'],
  ],
  clickhouse: [
    ['clickhouse: { embedded: true, url: "http://h" }', 'clickhouse.url: contradicts embedded: true: remove one of the two'],
    ['clickhouse: { embedded: false }', 'clickhouse.url: is required with embedded: false'],
    ['clickhouse: { username: x }', 'clickhouse.username: is for a server: give clickhouse.url too, or remove the key'],
    ['clickhouse: { embedded: true, password: x }', 'clickhouse.password: is for a server: give clickhouse.url too, or remove the key'],
    ['clickhouse: { request_timeout: 1s }', 'clickhouse.request_timeout: is for a server: give clickhouse.url too, or remove the key'],
    ['clickhouse: { url: "http://h", max_memory: 1GiB }', 'clickhouse.max_memory: is for the embedded engine: remove the key, or url'],
    ['clickhouse: { url: "http://h", username: "" }', 'clickhouse.username: must not be empty'],
    [
      'clickhouse: { max_memory: 100MiB }',
      'clickhouse.max_memory: must be a size from 512MiB to 1024GiB, such as 64MiB (units: B, KiB, MiB, GiB)',
    ],
    [
      'clickhouse: { database: a-b }',
      'clickhouse.database: must be letters, digits and _, not beginning with a digit, at most 128 characters',
    ],
    ...[
      'ftp://h',
      'h:8123',
      'http://u:p@h',
      'http://u@h',
      'http://@h',
      'http://h/?password=x',
      'http://h?',
      'http://h#x',
      'http://',
      'http://h:99999',
      'http://a b',
    ].map((url) => [`clickhouse: { url: "${url}" }`, URL_MESSAGE] as const),
  ],
  auth: [
    ['auth: { keys: [{}] }', 'auth.keys[0].id: is required', 'auth.keys[0].hash: is required', 'auth.keys[0].grants: is required'],
    ...['A', 'a_b', '-a', 'a b', 'a'.repeat(65), '""'].map((id) => [key(`id: ${id}, hash: "${HASH}", ${GRANTS}`), ID_MESSAGE] as const),
    ...['x', 'sha256:00', `md5:${'0'.repeat(64)}`, `sha256:${'g'.repeat(64)}`].map(
      (hash) => [key(`id: a, hash: "${hash}", ${GRANTS}`), HASH_MESSAGE] as const,
    ),
    [key(`id: a, hash: "${HASH}", grants: []`), 'auth.keys[0].grants: must hold at least one grant'],
    [
      key(`id: a, hash: "${HASH}", grants: [{ pipeline: "*", can: [] }]`),
      'auth.keys[0].grants[0].can: must name at least one of write, read, admin',
    ],
    [
      key(`id: a, hash: "${HASH}", grants: [{ pipeline: "*", can: [wirte] }]`),
      'auth.keys[0].grants[0].can[0]: must be write, read or admin',
    ],
    [
      `${key(`id: a, hash: "${HASH}", grants: [{ pipeline: ordrs, can: [write] }]`)}\npipelines: { orders: {} }`,
      'auth.keys[0].grants[0].pipeline: is not the name of a pipeline: did you mean orders?',
    ],
    [
      key(`id: a, hash: "${HASH}", grants: [{ pipeline: other, can: [write] }]`),
      'auth.keys[0].grants[0].pipeline: is not the name of a pipeline, nor *',
    ],
    [
      `auth: { keys: [{ id: a, hash: "${HASH}", ${GRANTS} }, { id: a, hash: "${HASH}", ${GRANTS} }] }`,
      'auth.keys[1].id: is the id of another key before: ids are unique',
    ],
    ...['Authorization', 'host', 'X Y', 'Content-Type', 'Transfer-Encoding', 'Idempotency-Key', '""'].map(
      (header) => [`auth: { key_header: ${header} }`, 'auth.key_header: must be a header name of its own, such as X-API-KEY'] as const,
    ),
  ],
  limits: [
    ...['1TB', '64mib', '-1MiB', '0B', '2GiB', '1.5MiB', '""', 'true', '1.5'].map(
      (size) =>
        [`limits: { record: ${size} }`, 'limits.record: must be a size from 1B to 1GiB, such as 64MiB (units: B, KiB, MiB, GiB)'] as const,
    ),
    ['limits: { headers: 1B }', 'limits.headers: must be a size from 1KiB to 16MiB, such as 64MiB (units: B, KiB, MiB, GiB)'],
    ...['90', '0s', '25h', '"90"', '1d', '1 sec'].map(
      (time) => [`limits: { keep_alive: ${time} }`, `limits.keep_alive: ${TIME_MESSAGE}`] as const,
    ),
    ...['0', '-1', '1.5', '513', 'many', '"1e2"'].map(
      (depth) => [`limits: { depth: ${depth} }`, 'limits.depth: must be a whole number from 1 to 512'] as const,
    ),
    ['limits: { body: 300MiB }', 'limits.inflated: must be at least limits.body: an uncompressed body counts against both'],
    ['limits: { in_flight: 100MiB }', 'limits.in_flight: must be at least limits.inflated: one request has to fit'],
  ],
  topics: [
    ['pipelines: {}', 'pipelines: must name at least one pipeline: without the key there is one that takes every topic'],
    ['pipelines: { 9x: {} }', `pipelines["9x"]: ${NAME_MESSAGE}`],
    ['pipelines: { "a/b": {} }', `pipelines["a/b"]: ${NAME_MESSAGE}`],
    [pipeline('topics: []'), 'pipelines.p.topics: must name at least one topic'],
    [pipeline('topics: orders'), 'pipelines.p.topics: must be a list'],
    [pipeline('topics: [1]'), 'pipelines.p.topics[0]: must be text: put quotes around it'],
    ...['a b', '..', '.', '""', 'a/b', 'x'.repeat(250), 'ü'].map((topic) => [pipeline(`topics: [${topic}]`), TOPIC_MESSAGE] as const),
    [pipeline('topics: [/a]'), 'pipelines.p.topics[0]: begins like a regular expression: it must end with a slash too'],
    [pipeline('topics: [/]'), 'pipelines.p.topics[0]: begins like a regular expression: it must end with a slash too'],
    [pipeline('topics: [//]'), 'pipelines.p.topics[0]: is an empty regular expression: write /.*/ for every topic'],
    [pipeline('topics: ["/a(/"]'), 'pipelines.p.topics[0]: is not a valid regular expression'],
    [
      'pipelines: { a: { topics: [x, y] }, b: { topics: [z, x] } }',
      'pipelines.b.topics[1]: is claimed by pipeline a already: a topic leads to one pipeline',
    ],
    ['pipelines: { a: { topics: [x, x] } }', 'pipelines.a.topics[1]: is claimed by pipeline a already: a topic leads to one pipeline'],
    [
      'pipelines: { a: { topics: [b] }, b: {} }',
      'pipelines.b: takes the topic of its own name, which is claimed by pipeline a already: a topic leads to one pipeline',
    ],
    [
      'pipelines: { a: { topics: [/x.*/] }, b: { topics: [/x.*/] } }',
      'pipelines.b.topics[0]: is claimed by pipeline a already: a topic leads to one pipeline',
    ],
  ],
  tables: [
    ...[
      'a.b.c',
      'a-b',
      '1a',
      '""',
      '.a',
      'a.',
      '${topic}.t',
      '${tpic}',
      'a b',
      "t'; DROP TABLE x",
      'system.t',
      'INFORMATION_SCHEMA.t',
      '`a`',
    ].map((table) => [pipeline(`table: ${JSON.stringify(table)}`), TABLE_MESSAGE] as const),
    [
      pipeline('order_by: [a], auto_create: off'),
      'pipelines.p.order_by: is for a table the pipeline creates, which auto_create: off forbids: remove one of the two',
    ],
    [pipeline('order_by: [a, b, a]'), 'pipelines.p.order_by[2]: names a column that stands before in the list: remove it'],
    [
      pipeline('order_by: [a], columns: { a: { drop: true } }'),
      'pipelines.p.order_by[0]: names a column that columns drops: remove one of the two',
    ],
    [
      pipeline('pk_fields: [a], auto_create: off'),
      'pipelines.p.pk_fields: is for a table the pipeline creates, which auto_create: off forbids: remove one of the two',
    ],
    [
      pipeline('partition_by: a, auto_create: off'),
      'pipelines.p.partition_by: is for a table the pipeline creates, which auto_create: off forbids: remove one of the two',
    ],
    [
      pipeline('pk_fields: [a, b], order_by: [a]'),
      'pipelines.p.order_by: must begin with the columns of pk_fields, in their order: ClickHouse finds rows by the beginning of the sorting key',
    ],
    [pipeline('validate: true'), 'pipelines.p.validate: needs a registry, which has the schemas: set registry.url'],
    [pipeline('pk_fields: [a, a]'), 'pipelines.p.pk_fields[1]: names a column that stands before in the list: remove it'],
    [
      pipeline('partition_by: "day(a)", columns: { a: { drop: true } }'),
      'pipelines.p.partition_by: names a column that columns drops: remove one of the two',
    ],
    [
      pipeline('partition_by: "minute(a)"'),
      'pipelines.p.partition_by: must be a column, or hour, day, week, month or year of one, such as month(created_at)',
    ],
    [pipeline('order_by: [""]'), 'pipelines.p.order_by[0]: must be a column name of 1 to 127 characters'],
  ],
  framing: [
    [
      pipeline('framing: csv'),
      'pipelines.p.framing: must be one of auto, object, array, ndjson, concatenated, comma, strings, records, binary, delimited, or a mapping with kind, prefix and suffix',
    ],
    [
      pipeline('framing: { kind: csv }'),
      'pipelines.p.framing.kind: must be auto, object, array, ndjson, concatenated, comma, strings, records, binary or delimited',
    ],
    [pipeline(`framing: { prefix: ${'x'.repeat(65)} }`), 'pipelines.p.framing.prefix: must be text of at most 64 characters'],
  ],
  columns: [
    [
      pipeline('columns: { a: { drop: true, from: b } }'),
      'pipelines.p.columns.a.from: contradicts drop: a field that is not stored fills no column',
    ],
    [
      pipeline('columns: { a: { drop: true, unit: s } }'),
      'pipelines.p.columns.a.unit: contradicts drop: a field that is not stored needs no unit',
    ],
    [pipeline('columns: { a: { drop: false } }'), 'pipelines.p.columns.a.drop: must be true: to store the field, remove the key'],
    [pipeline('columns: { a: {} }'), 'pipelines.p.columns.a: says nothing: give from, drop or unit, or remove the column'],
    [pipeline('columns: { a: { unit: min } }'), 'pipelines.p.columns.a.unit: must be days, s, ms, us or ns'],
    ...['.a', 'a.', 'a..b', '""'].map(
      (path) =>
        [
          pipeline(`columns: { a: { from: ${path} } }`),
          'pipelines.p.columns.a.from: must be the path of a field, its steps separated by dots, such as address.zip',
        ] as const,
    ),
    [pipeline('columns: { "": { unit: s } }'), 'pipelines.p.columns[""]: must be a column name of 1 to 127 characters'],
    [
      pipeline('columns: { a: { from: b }, b: { drop: true } }'),
      'pipelines.p.columns.a.from: names a field that columns drops: remove one of the two',
    ],
  ],
  'unknown fields, errors and guarantee': [
    [
      pipeline('unknown_fields: evolve, auto_evolve: off'),
      'pipelines.p.unknown_fields: evolve adds columns, which auto_evolve: off forbids: write auto_evolve: add, or another value here',
    ],
    [
      pipeline('unknown_fields: { into: a }, columns: { a: { from: b } }'),
      'pipelines.p.unknown_fields.into: names a column that has a rule in columns: it takes the unknown fields and nothing else',
    ],
    [pipeline('unknown_fields: drop'), 'pipelines.p.unknown_fields: must be reject, ignore, evolve, or { into: <column> }'],
    [pipeline('unknown_fields: { into: 3 }'), 'pipelines.p.unknown_fields.into: must be a column name of 1 to 127 characters'],
    [
      pipeline('unknown_fields: { int: a }'),
      'pipelines.p.unknown_fields.into: is required',
      'Unknown key pipelines.p.unknown_fields.int: did you mean into?',
    ],
    [pipeline('on_error: quarantine'), 'pipelines.p.on_error: must be reject: quarantine is not available in this version'],
    [pipeline('on_error: skip'), 'pipelines.p.on_error: must be reject'],
    [pipeline('guarantee: at-most-once'), 'pipelines.p.guarantee: must be auto, exactly-once or at-least-once'],
    [
      pipeline('guarantee: exactly-once, identity: none'),
      'pipelines.p.guarantee: exactly-once needs an identity: without one nobody can tell whether a record was written before',
    ],
    [
      pipeline('require_identity: true, identity: none'),
      'pipelines.p.require_identity: contradicts identity: none, which never finds one: remove one of the two',
    ],
    [pipeline('envelope: { value: 3 }'), 'pipelines.p.envelope.value: must be the name of a field of 1 to 127 characters'],
    [
      pipeline('envelope: { field: v }'),
      'pipelines.p.envelope.value: is required',
      'Unknown key pipelines.p.envelope.field: known keys here are value',
    ],
    [pipeline('subject: ""'), 'pipelines.p.subject: must not be empty: write none for no subject'],
    ['registry: {}', 'registry.url: must be the URL of a Schema Registry, or a list of them'],
    ['registry: { url: "ftp://h" }', 'registry.url: must be the URL of a Schema Registry, or a list of them'],
    ['registry: { url: [] }', 'registry.url: must name at least one URL'],
    ['registry: { url: "http://u:p@h" }', 'registry.url: must be the URL of a Schema Registry, or a list of them'],
    ['registry: { url: "http://h", token: t, username: u }', 'registry.token: contradicts username: remove one of the two'],
    ['registry: { url: "http://h", password: p }', 'registry.password: needs registry.username'],
    [
      'registry: { url: "https://h", tls: { ca: nonsense } }',
      'registry.tls.ca: must be the certificate of an authority in PEM: take it from ${file:/path}',
    ],
    [
      'registry: { url: "https://h", tls: { cert: "-----BEGIN CERTIFICATE-----" } }',
      'registry.tls: must have both cert and key, or neither',
    ],
    [pipeline('identity: { kind: field }'), 'pipelines.p.identity.field: is required with kind: field: name the field with the id'],
    [pipeline('identity: { kind: key, field: id }'), 'pipelines.p.identity.field: is for kind: field: remove the key, or change kind'],
    [
      pipeline('identity: { kind: key, offset: o }'),
      'pipelines.p.identity.offset: is for kind: coordinates and kind: auto: remove the key, or change kind',
    ],
    [
      pipeline('identity: { kind: key, fields: strip }'),
      'pipelines.p.identity.fields: is for kind: coordinates and kind: auto: remove the key, or change kind',
    ],
    [pipeline('identity: { kind: coordinates, offset: o }'), 'pipelines.p.identity: must name both partition and offset, or neither'],
    [pipeline('identity: { kind: coordinates, topic: t }'), 'pipelines.p.identity.topic: must come with partition and offset'],
    [
      pipeline('identity: offsets'),
      'pipelines.p.identity: must be coordinates, auto, key, content or none, or a mapping with kind: and the names of the fields',
    ],
    [pipeline('epoch: -1'), 'pipelines.p.epoch: must be a whole number from 0 to 1000000000'],
    [pipeline('source: "a b"'), 'pipelines.p.source: must be letters, digits, dot, - and _, at most 64'],
  ],
};

for (const [what, cases] of Object.entries(CASES)) {
  test(`refused: ${what}`, () => {
    for (const [yaml, ...messages] of cases) assert.deepEqual(problems(yaml), messages, yaml);
  });
}

test('refused: variables', () => {
  assert.deepEqual(problems('', { SLUICE_LISTEN: 'x' }), [`SLUICE_LISTEN: ${LISTEN}`]);
  assert.deepEqual(problems('', { SLUICE_DATA: 'a\0b' }), ['SLUICE_DATA: must be the path of a directory']);
  for (const bad of ['fifteen-chars-x', 'with space in the key', 'x'.repeat(257), 'ümlaut-ümlaut-ümlaut', 'tab\tin-the-key-text'])
    assert.deepEqual(problems('', { SLUICE_API_KEY: bad }), ['SLUICE_API_KEY: must be 16 to 256 visible ASCII characters without spaces']);
  assert.deepEqual(problems(key(`id: default, hash: "${HASH}", ${GRANTS}`), { SLUICE_API_KEY: 'x'.repeat(16) }), [
    'SLUICE_API_KEY: adds a key with the id default, which auth.keys has too: rename that one',
  ]);
});

test('problems of several pipelines and sections are all told at once', () => {
  assert.deepEqual(
    problems('listen: x\nlimits: { depth: 0, dept: 1 }\npipelines: { a: { on_error: x }, b: { guarantee: x, table: "" } }'),
    [
      `listen: ${LISTEN}`,
      'limits.depth: must be a whole number from 1 to 512',
      'Unknown key limits.dept: did you mean depth?',
      'pipelines.a.on_error: must be reject',
      `pipelines.b.table: ${TABLE_MESSAGE.slice('pipelines.p.table: '.length)}`,
      'pipelines.b.guarantee: must be auto, exactly-once or at-least-once',
    ],
  );
});
