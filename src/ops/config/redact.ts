import { stringify } from 'yaml';
import type { Config, IdentityConfig, PartitionRule, PipelineConfig, RegistryConfig, UnknownFields } from '../../core/config.ts';
import { topicPatternText } from './topic-pattern.ts';
import { durationText, sizeText } from './units.ts';

const HIDDEN = '(hidden)';

/** The configuration in the words of the file, every default written out and every secret hidden: for logs and screens. */
export function redactedConfig(config: Config): Record<string, unknown> {
  const { listen, limits } = config;
  return {
    listen: `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`,
    data: config.data,
    log: config.log,
    clickhouse: clickhouseText(config.clickhouse),
    ...(config.registry === undefined ? {} : { registry: registryText(config.registry) }),
    auth: {
      key_header: config.auth.keyHeader,
      keys: config.auth.keys.map(({ id, grants }) => ({ id, hash: HIDDEN, grants })),
    },
    limits: {
      body: sizeText(limits.body),
      inflated: sizeText(limits.inflated),
      inflate_ratio: limits.inflateRatio,
      record: sizeText(limits.record),
      records: limits.records,
      values: limits.values,
      depth: limits.depth,
      headers: sizeText(limits.headers),
      header_count: limits.headerCount,
      header_timeout: durationText(limits.headerTimeoutMs),
      body_timeout: durationText(limits.bodyTimeoutMs),
      deadline: durationText(limits.deadlineMs),
      keep_alive: durationText(limits.keepAliveMs),
      in_flight: sizeText(limits.inFlight),
    },
    ledger: { retention: durationText(config.ledger.retentionMs) },
    pipelines: Object.fromEntries(config.pipelines.map((pipeline) => [pipeline.name, redactedPipeline(pipeline)])),
  };
}

function registryText({ urls, auth, tls, timeoutMs, ttlMs }: RegistryConfig): object {
  return {
    url: urls.length === 1 ? urls[0] : urls,
    ...(auth === undefined ? {} : 'token' in auth ? { token: HIDDEN } : { username: auth.username, password: HIDDEN }),
    ...(tls === undefined ? {} : { tls: Object.fromEntries(Object.keys(tls).map((name) => [name, HIDDEN])) }),
    timeout: durationText(timeoutMs),
    ttl: durationText(ttlMs),
  };
}

/** {@link redactedConfig} as YAML. */
export function redactedYaml(config: Config): string {
  return stringify(redactedConfig(config), { aliasDuplicateObjects: false, lineWidth: 0 });
}

function clickhouseText(clickhouse: Config['clickhouse']): Record<string, unknown> {
  const { embedded, database } = clickhouse;
  if (clickhouse.embedded) return { embedded, database, max_memory: sizeText(clickhouse.maxMemoryBytes) };
  return {
    embedded,
    url: clickhouse.url,
    username: clickhouse.username,
    password: HIDDEN,
    database,
    request_timeout: durationText(clickhouse.requestTimeoutMs),
    ...(clickhouse.cluster === undefined ? {} : { cluster: clickhouse.cluster }),
  };
}

/** One pipeline of {@link redactedConfig}. */
export function redactedPipeline(pipeline: PipelineConfig): Record<string, unknown> {
  return {
    topics: pipeline.topics.map((topic) => (typeof topic === 'string' ? topic : topicPatternText(topic))),
    table: pipeline.table,
    framing: { ...pipeline.framing },
    subject: pipeline.subject ?? 'none',
    validate: pipeline.validate,
    ...(pipeline.schemaHeader === undefined ? {} : { schema_header: pipeline.schemaHeader }),
    ...(pipeline.envelope === undefined ? {} : { envelope: { ...pipeline.envelope } }),
    columns: { ...pipeline.columns },
    auto_create: pipeline.autoCreate,
    auto_evolve: pipeline.autoEvolve,
    order_by: pipeline.orderBy,
    pk_fields: pipeline.pkFields,
    ...(pipeline.partitionBy === undefined ? {} : { partition_by: partitionText(pipeline.partitionBy) }),
    enum_columns: pipeline.enumColumns,
    record_columns: pipeline.recordColumns,
    unknown_fields: unknownText(pipeline.unknownFields),
    on_error: pipeline.onError,
    on_lossy: pipeline.onLossy,
    identity: identityText(pipeline.identity),
    require_identity: pipeline.requireIdentity,
    source: pipeline.source,
    epoch: pipeline.epoch,
    guarantee: pipeline.guarantee,
  };
}

function partitionText({ column, by }: PartitionRule): string {
  return by === 'value' ? column : `${by}(${column})`;
}

function unknownText(unknown: UnknownFields): string | { into: string } {
  return unknown.do === 'into' ? { into: unknown.column } : unknown.do;
}

function identityText(identity: IdentityConfig): string | Record<string, unknown> {
  if (identity.kind === 'field') return { ...identity };
  if (!('fields' in identity)) return identity.kind;
  const [first, ...others] = identity.fields;
  const named =
    first === undefined || others.length > 0
      ? {}
      : { ...(first.topic === '' ? {} : { topic: first.topic }), partition: first.partition, offset: first.offset };
  if (identity.keep && Object.keys(named).length === 0) return identity.kind;
  return { kind: identity.kind, ...named, fields: identity.keep ? 'keep' : 'strip' };
}
