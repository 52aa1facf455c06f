/**
 * The one description of the configuration file. What is not here is an error, what is here has a default or is required, and
 * the README's reference is made of it.
 */
import { z } from 'zod';
import { nearest } from './nearest.ts';
import { pipelineSchema } from './pipeline-schema.ts';
import { topicPatternText } from './topic-pattern.ts';
import { count, directory, duration, IDENTIFIER, key, listenAddress, name, notation, serverUrl, size } from './values.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Ten years. */
const RETENTION_MAX_MS = 3650 * 24 * 3_600_000;

/** Headers that mean something else to HTTP or to the gateway. */
const TAKEN_HEADERS =
  /^(?:accept|authorization|connection|content-|cookie|date$|expect$|host$|idempotency-key$|keep-alive|origin|proxy-|range|te$|trailer|transfer-|upgrade|user-agent|via)/i;

/** The pipeline there is when the file names none. */
export const IMPLICIT_PIPELINE = { name: 'default', topics: ['/.*/'], unknown_fields: 'evolve', identity: 'auto' };

/** Id of an API key; also the user name of Basic. */
export const KEY_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

const clickhouse = z
  .strictObject({
    embedded: key(z.boolean().optional(), 'Runs ClickHouse inside the gateway, in `data`.', {
      otherwise: '`true` without `url`, else `false`',
    }),
    url: key(serverUrl.optional(), 'HTTP interface of a ClickHouse server, such as `https://clickhouse:8443`.'),
    username: key(z.string().min(1, 'must not be empty').optional(), 'User on the server.', { otherwise: '`default`' }),
    password: key(z.string().optional(), 'Password on the server. Take it from `${env:NAME}` or `${file:/path}`.', { otherwise: 'empty' }),
    database: key(
      name('database', IDENTIFIER, 'must be letters, digits and _, not beginning with a digit, at most 128 characters').prefault('default'),
      'Database of tables that are named without one.',
    ),
    request_timeout: key(duration().optional(), 'How long a statement on the server may take before its outcome counts as unknown.', {
      otherwise: '`25s`',
    }),
    cluster: key(
      name(
        'cluster',
        /^[A-Za-z0-9_.{}-]{1,128}$/,
        'must be the name of a cluster: letters, digits, dot, - and _, or a macro such as {cluster}',
      ).optional(),
      'Cluster of the server: tables are made and changed `ON CLUSTER`, and made as ReplicatedMergeTree.',
    ),
    max_memory: key(size({ min: 512 * MIB, max: 1024 * GIB }).optional(), 'Memory the embedded engine may use.', { otherwise: '`2GiB`' }),
  })
  .superRefine((found, context) => {
    const say = (path: string, message: string): void => context.addIssue({ code: 'custom', message, path: [path] });
    const embedded = found.embedded ?? found.url === undefined;
    if (found.embedded === true && found.url !== undefined) say('url', 'contradicts embedded: true: remove one of the two');
    else if (found.embedded === false && found.url === undefined) say('url', 'is required with embedded: false');
    if (embedded && found.url === undefined) {
      for (const option of ['username', 'password', 'request_timeout', 'cluster'] as const)
        if (found[option] !== undefined) say(option, 'is for a server: give clickhouse.url too, or remove the key');
    }
    if (!embedded && found.max_memory !== undefined) say('max_memory', 'is for the embedded engine: remove the key, or url');
  });

const pem = (what: string): z.ZodType<string | undefined> =>
  z
    .string()
    .regex(/-----BEGIN /, `must be ${what} in PEM: take it from \${file:/path}`)
    .optional();

const registry = z
  .strictObject({
    url: key(
      z.union([serverUrl, z.array(serverUrl).min(1, 'must name at least one URL')], {
        error: 'must be the URL of a Schema Registry, or a list of them',
      }),
      'The Schema Registry, such as `https://registry:8081`. Several: each is asked when those before it do not answer.',
    ),
    username: key(z.string().min(1, 'must not be empty').optional(), 'User of the registry, or the id of its API key.'),
    password: key(z.string().optional(), 'Its password. Take it from `${env:NAME}` or `${file:/path}`.'),
    token: key(z.string().min(1, 'must not be empty').optional(), 'Bearer token, instead of user and password.'),
    tls: key(
      z
        .strictObject({
          ca: key(pem('the certificate of an authority'), 'Certificates of the authorities that are trusted, instead of the usual ones.'),
          cert: key(pem('a certificate'), "The gateway's own certificate, for a registry that wants one."),
          key: key(pem('a key'), 'The key of that certificate.'),
        })
        .optional(),
      'Certificates, as PEM. Take them from `${file:/path}`.',
    ),
    timeout: key(duration().prefault('5s'), 'How long an answer of the registry may take.'),
    ttl: key(
      duration().prefault('60s'),
      'How long the newest version of a subject is taken for it. Schemas by their id are kept for good.',
    ),
  })
  .superRefine((found, context) => {
    const say = (path: string, message: string): void => context.addIssue({ code: 'custom', message, path: [path] });
    if (found.token !== undefined && found.username !== undefined) say('token', 'contradicts username: remove one of the two');
    if (found.password !== undefined && found.username === undefined) say('password', 'needs registry.username');
    if ((found.tls?.cert === undefined) !== (found.tls?.key === undefined)) say('tls', 'must have both cert and key, or neither');
  });

const keyId = name('id', KEY_ID, 'must be lower-case letters, digits and -, beginning with a letter or digit, at most 64 characters');
const grant = z.strictObject({
  pipeline: key(z.string(), "A pipeline's name, or `*` for all of them."),
  can: key(
    z.array(z.enum(['write', 'read', 'admin'])).min(1, 'must name at least one of write, read, admin'),
    'What is allowed: `write` posts records, `read` looks at state, `admin` changes state and queries.',
  ),
});

const auth = z.strictObject({
  key_header: key(
    notation('header name', 'must be a header name of its own, such as X-API-KEY', (input) =>
      typeof input === 'string' && /^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(input) && !TAKEN_HEADERS.test(input) ? input : undefined,
    ).prefault('X-API-KEY'),
    'Header that carries an API key. `Authorization: Bearer` and Basic work always.',
  ),
  keys: key(
    z
      .array(
        z.strictObject({
          id: key(keyId, 'Names the key in logs; the user name of Basic.'),
          hash: key(
            notation(
              'hash',
              'must be sha256: and the 64 hex digits of the SHA-256 of the key, as sluice keys add --json prints it',
              (input) => (typeof input === 'string' && /^sha256:[0-9a-f]{64}$/i.test(input) ? input.toLowerCase() : undefined),
            ),
            '`sha256:` and the SHA-256 of the key in hex. The key itself is stored nowhere.',
          ),
          grants: key(z.array(grant).min(1, 'must hold at least one grant'), 'What the key may do.'),
        }),
      )
      .default([]),
    'API keys, besides those that `sluice keys add` keeps in `data`.',
  ),
});

const limits = z
  .strictObject({
    body: key(size().prefault('64MiB'), 'Largest request body as it is sent.'),
    inflated: key(size().prefault('256MiB'), 'Largest request body after decompression.'),
    inflate_ratio: key(count(2000).prefault(200), 'Decompressed bytes allowed for each compressed byte.'),
    record: key(size().prefault('16MiB'), 'Largest single record.'),
    records: key(count(10_000_000).prefault(100_000), 'Most records in one request.'),
    values: key(
      count(100_000_000).prefault(8_000_000),
      'Most JSON values in one request. A record in the encoding of a schema may have a million.',
    ),
    depth: key(count(512).prefault(64), 'Deepest nesting of JSON.'),
    headers: key(size({ min: 1024, max: 16 * MIB }).prefault('64KiB'), 'Largest header block of a request.'),
    header_count: key(count(100_000).prefault(1000), 'Most header fields in a request.'),
    header_timeout: key(duration().prefault('10s'), 'Time for the headers of a request to arrive.'),
    body_timeout: key(duration().prefault('60s'), 'Time for the body of a request to arrive.'),
    deadline: key(
      duration(10 * 60_000).prefault('20s'),
      'Time after which a request is answered 503 although its records are still being written. Below the time-out of the sender.',
    ),
    keep_alive: key(duration().prefault('90s'), 'How long an idle connection stays open.'),
    in_flight: key(
      size({ max: 1024 * GIB }).prefault('512MiB'),
      'Body bytes the whole gateway holds at once; more requests are told to come back. With what is made of them they take up to twice as much memory.',
    ),
  })
  .superRefine((found, context) => {
    const say = (path: string, message: string): void => context.addIssue({ code: 'custom', message, path: [path] });
    if (found.inflated < found.body) say('inflated', 'must be at least limits.body: an uncompressed body counts against both');
    if (found.in_flight < found.inflated) say('in_flight', 'must be at least limits.inflated: one request has to fit');
  });

const ledger = z.strictObject({
  retention: key(
    duration(RETENTION_MAX_MS).prefault('168h'),
    'How long delivery keys, record ids and contents are remembered: sent again after that, they are written again.',
  ),
});

const pipelines = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, 'must be a pipeline name: letters, digits, dot, - and _, beginning with a letter or _'),
    pipelineSchema,
  )
  .refine((found) => Object.keys(found).length > 0, 'must name at least one pipeline: without the key there is one that takes every topic')
  .superRefine((found, context) => {
    const owners = new Map<string, string>();
    for (const [pipeline, { topics }] of Object.entries(found)) {
      for (const [index, topic] of (topics ?? [pipeline]).entries()) {
        const text = typeof topic === 'string' ? topic : topicPatternText(topic);
        const owner = owners.get(text);
        owners.set(text, owner ?? pipeline);
        if (owner === undefined) continue;
        const path = topics === undefined ? [pipeline] : [pipeline, 'topics', index];
        const subject = topics === undefined ? 'takes the topic of its own name, which is claimed' : 'is claimed';
        context.addIssue({ code: 'custom', message: `${subject} by pipeline ${owner} already: a topic leads to one pipeline`, path });
      }
    }
  });

/** The whole file. */
export const configSchema = z
  .strictObject({
    listen: key(listenAddress.prefault('127.0.0.1:8080'), 'Address to listen on. Port 0 takes a free one.'),
    data: key(
      directory.prefault('./data'),
      'Directory of the embedded engine, the ledger and the API keys. A relative path starts at the working directory.',
    ),
    clickhouse: key(clickhouse.prefault({}), 'Where rows are stored.'),
    registry: key(registry.optional(), 'Where the schemas of records are.'),
    auth: key(auth.prefault({}), 'Who may do what.'),
    limits: key(limits.prefault({}), 'What a request may cost.'),
    ledger: key(ledger.prefault({}), 'What is remembered of records that were written. Offsets are remembered for ever.'),
    pipelines: key(
      pipelines.optional(),
      'Named ways from topics to tables. Without the key there is one, `default`, that takes every topic and adds columns as fields come.',
    ),
  })
  .superRefine((file, context) => {
    for (const [pipeline, { validate }] of Object.entries(file.pipelines ?? {}))
      if (validate && file.registry === undefined)
        context.addIssue({
          code: 'custom',
          message: 'needs a registry, which has the schemas: set registry.url',
          path: ['pipelines', pipeline, 'validate'],
        });
    const names = Object.keys(file.pipelines ?? { [IMPLICIT_PIPELINE.name]: true });
    for (const [index, { id, grants }] of file.auth.keys.entries()) {
      const say = (path: PropertyKey[], message: string): void =>
        context.addIssue({ code: 'custom', message, path: ['auth', 'keys', index, ...path] });
      if (file.auth.keys.findIndex((other) => other.id === id) !== index) say(['id'], 'is the id of another key before: ids are unique');
      for (const [at, { pipeline }] of grants.entries()) {
        if (pipeline === '*' || names.includes(pipeline)) continue;
        const close = nearest(pipeline, names);
        say(
          ['grants', at, 'pipeline'],
          close === undefined ? 'is not the name of a pipeline, nor *' : `is not the name of a pipeline: did you mean ${close}?`,
        );
      }
    }
  });

/** What the schema makes of a file. */
export type ConfigFile = z.output<typeof configSchema>;
export type PipelineFile = z.output<typeof pipelineSchema>;
