/**
 * File and environment → Config.
 */
import { resolve } from 'node:path';
import type { ClickHouseConfig, ColumnRule, Config, IdentityConfig, PipelineConfig, RegistryConfig, StoredKey } from '../../core/config.ts';
import { blameVariable, environmentKey, logLevel, setting, withOverrides } from './environment.ts';
import { problemsOf, sentenceFor } from './messages.ts';
import { COORDINATES } from './pipeline-schema.ts';
import { ConfigError, type ConfigProblem } from './problem.ts';
import { type ConfigFile, configSchema, IMPLICIT_PIPELINE, type PipelineFile } from './schema.ts';
import { type Environment, fillIn } from './secrets.ts';
import { readConfigFile } from './source.ts';

/** Memory of the embedded engine and time of a statement where the file names none. */
const MAX_MEMORY_BYTES = 2 * 1024 ** 3;
const REQUEST_TIMEOUT_MS = 25_000;

export interface ConfigSource {
  /** The file `--config` names. Absent: `SLUICE_CONFIG`, and without that the defaults. */
  readonly file?: string;
  readonly env: Environment;
  /** Where relative paths start. */
  readonly cwd: string;
}

/**
 * The configuration, whole and checked.
 * @throws ConfigError with every problem found. A file that is not YAML ends the search there.
 */
export function loadConfig(source: ConfigSource): Config {
  const { env, cwd } = source;
  const path = configFile(source);
  const written = path === undefined ? {} : readConfigFile(path);
  const filled = fillIn(withOverrides(written, env), source);
  const parsed = configSchema.safeParse(filled.tree, { error: sentenceFor });
  const problems: ConfigProblem[] = [...filled.problems];
  if (!parsed.success) {
    const known = new Set(problems.map((problem) => problem.path));
    problems.push(...problemsOf(parsed.error.issues, configSchema).filter((problem) => !known.has(problem.path)));
  }
  const log = logLevel(env);
  if (typeof log === 'object') problems.push(log);
  const extra = environmentKey(env, parsed.data?.auth.keys ?? []);
  if (extra !== undefined && 'message' in extra) problems.push(extra);
  if (problems.length > 0 || !parsed.success || typeof log === 'object' || (extra !== undefined && 'message' in extra))
    throw new ConfigError(
      path ?? 'The configuration',
      problems.map((problem) => blameVariable(problem, env)),
    );
  return assemble(parsed.data, { cwd, log, extraKeys: extra === undefined ? [] : [extra] });
}

/** The absolute path of the file that is read; undefined when there is none. */
export function configFile({ file, env, cwd }: ConfigSource): string | undefined {
  const named = file ?? setting(env, 'SLUICE_CONFIG');
  return named === undefined ? undefined : resolve(cwd, named);
}

function assemble(
  file: ConfigFile,
  rest: { readonly cwd: string; readonly log: Config['log']; readonly extraKeys: readonly StoredKey[] },
): Config {
  const { limits } = file;
  return {
    listen: file.listen,
    data: resolve(rest.cwd, file.data),
    clickhouse: clickhouseOf(file.clickhouse),
    ...(file.registry === undefined ? {} : { registry: registryOf(file.registry) }),
    auth: { keyHeader: file.auth.key_header, keys: [...file.auth.keys, ...rest.extraKeys] },
    limits: {
      body: limits.body,
      inflated: limits.inflated,
      inflateRatio: limits.inflate_ratio,
      record: limits.record,
      records: limits.records,
      values: limits.values,
      depth: limits.depth,
      headers: limits.headers,
      headerCount: limits.header_count,
      headerTimeoutMs: limits.header_timeout,
      bodyTimeoutMs: limits.body_timeout,
      keepAliveMs: limits.keep_alive,
      deadlineMs: limits.deadline,
      inFlight: limits.in_flight,
    },
    ledger: { retentionMs: file.ledger.retention },
    pipelines: Object.entries(file.pipelines ?? implicitPipeline()).map(([name, pipeline]) => pipelineOf(name, pipeline)),
    log: rest.log,
  };
}

function clickhouseOf(found: ConfigFile['clickhouse']): ClickHouseConfig {
  if (found.url === undefined) return { embedded: true, database: found.database, maxMemoryBytes: found.max_memory ?? MAX_MEMORY_BYTES };
  return {
    embedded: false,
    url: found.url,
    username: found.username ?? 'default',
    password: found.password ?? '',
    database: found.database,
    requestTimeoutMs: found.request_timeout ?? REQUEST_TIMEOUT_MS,
    ...(found.cluster === undefined ? {} : { cluster: found.cluster }),
  };
}

function registryOf({ url, username, password = '', token, tls, timeout, ttl }: NonNullable<ConfigFile['registry']>): RegistryConfig {
  const auth = token === undefined ? (username === undefined ? undefined : { username, password }) : { token };
  const texts = Object.entries(tls ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    urls: typeof url === 'string' ? [url] : url,
    ...(auth === undefined ? {} : { auth }),
    ...(texts.length === 0 ? {} : { tls: Object.fromEntries(texts) }),
    timeoutMs: timeout,
    ttlMs: ttl,
  };
}

function implicitPipeline(): Record<string, PipelineFile> {
  const { name, ...keys } = IMPLICIT_PIPELINE;
  return configSchema.parse({ pipelines: { [name]: keys } }).pipelines ?? {};
}

function pipelineOf(name: string, file: PipelineFile): PipelineConfig {
  const { framing, unknown_fields: unknown } = file;
  return {
    name,
    topics: file.topics ?? [name],
    table: file.table,
    framing: typeof framing === 'string' ? { kind: framing, prefix: '', suffix: '' } : framing,
    ...(file.subject === 'none' ? {} : { subject: file.subject }),
    validate: file.validate,
    ...(file.schema_header === undefined ? {} : { schemaHeader: file.schema_header }),
    ...(file.envelope === undefined ? {} : { envelope: file.envelope }),
    columns: columnsOf(file.columns),
    autoCreate: file.auto_create,
    autoEvolve: file.auto_evolve,
    orderBy: file.order_by,
    pkFields: file.pk_fields,
    ...(file.partition_by === undefined ? {} : { partitionBy: file.partition_by }),
    enumColumns: file.enum_columns,
    recordColumns: file.record_columns,
    unknownFields: typeof unknown === 'string' ? { do: unknown } : { do: 'into', column: unknown.into },
    onError: file.on_error,
    onLossy: file.on_lossy,
    identity: identityOf(file.identity),
    // What cannot be recognised again cannot be written exactly once.
    requireIdentity: file.require_identity || file.guarantee === 'exactly-once',
    source: file.source,
    epoch: file.epoch,
    guarantee: file.guarantee,
  };
}

function identityOf(file: PipelineFile['identity']): IdentityConfig {
  const found = typeof file === 'string' ? { kind: file, fields: 'keep' as const } : file;
  switch (found.kind) {
    case 'coordinates':
    case 'auto': {
      const { topic, partition, offset } = 'partition' in found ? found : {};
      const named = partition === undefined || offset === undefined ? COORDINATES : [{ topic: topic ?? '', partition, offset }];
      return { kind: found.kind, fields: named, keep: found.fields !== 'strip' };
    }
    case 'field':
      return { kind: 'field', field: ('field' in found ? found.field : undefined) ?? '' };
    default:
      return { kind: found.kind };
  }
}

/** Without a prototype, so that a column called `constructor` finds its own rule or none. */
function columnsOf(columns: PipelineFile['columns']): Record<string, ColumnRule> {
  const rules: Record<string, ColumnRule> = Object.create(null);
  for (const [column, { from, drop, unit }] of Object.entries(columns)) {
    rules[column] = {
      ...(from === undefined ? {} : { from }),
      ...(drop === undefined ? {} : { drop }),
      ...(unit === undefined ? {} : { unit }),
    };
  }
  return rules;
}
