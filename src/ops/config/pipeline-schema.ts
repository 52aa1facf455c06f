import { z } from 'zod';
import type { PartitionRule } from '../../core/config.ts';
import { compileTopicPattern, TOPIC_NAME } from './topic-pattern.ts';
import { columnName, count, FIELD_NAME, IDENTIFIER, key, name, notation } from './values.ts';

const UNITS = ['days', 's', 'ms', 'us', 'ns'] as const;
const FRAMINGS = ['auto', 'object', 'array', 'ndjson', 'concatenated', 'comma', 'strings', 'records', 'binary', 'delimited'] as const;

/** Names that connectors, Vector, Fluent Bit and Redpanda Connect users give the fields in which a record says where it was in Kafka. */
export const COORDINATES = ['__connect_', '__', '_'].map((prefix) => ({
  topic: `${prefix}topic`,
  partition: `${prefix}partition`,
  offset: `${prefix}offset`,
}));

const namesOf = (part: 'topic' | 'partition' | 'offset'): string => COORDINATES.map((names) => `\`${names[part]}\``).join(', ');

/** Databases whose tables are ClickHouse's own. */
const RESERVED_DATABASES: ReadonlySet<string> = new Set(['system', 'information_schema']);

const topic = z
  .unknown()
  .transform((input, context): string | RegExp => {
    const refuse = (message: string): never => {
      context.issues.push({ code: 'custom', message, input });
      return z.NEVER;
    };
    if (typeof input !== 'string') return refuse('must be text: put quotes around it');
    if (!input.startsWith('/')) {
      if (TOPIC_NAME.test(input)) return input;
      return refuse('must be a topic name (A-Z, a-z, 0-9, dot, - and _, at most 249 characters) or a regular expression between slashes');
    }
    if (!input.endsWith('/') || input.length === 1) return refuse('begins like a regular expression: it must end with a slash too');
    const compiled = compileTopicPattern(input);
    return compiled instanceof RegExp ? compiled : refuse(compiled.wrong);
  })
  .meta({ type: 'topic or `/regular expression/`' });

const tablePattern = notation(
  'table or database.table',
  'must be table or database.table: letters, digits and _, not beginning with a digit; ${topic} may stand in the table, and system databases may not be named',
  (input) => {
    if (typeof input !== 'string') return undefined;
    const parts = input.split('.');
    const table = parts.pop() ?? '';
    const [database] = parts;
    if (parts.length > 1 || !IDENTIFIER.test(table.replaceAll(/\$\{topic\}/g, '_'))) return undefined;
    if (database !== undefined && (!IDENTIFIER.test(database) || RESERVED_DATABASES.has(database.toLowerCase()))) return undefined;
    return input;
  },
);

const affix = name('text', /^[^]{0,64}$/, 'must be text of at most 64 characters');
const framing = z.union(
  [
    z.enum(FRAMINGS),
    z.strictObject({
      kind: key(z.enum(FRAMINGS).default('auto'), 'How records stand in a body; `auto` finds out.'),
      prefix: key(affix.prefault(''), 'Text the sender puts before each body (`batch.prefix`).'),
      suffix: key(affix.prefault(''), 'Text the sender puts after each body (`batch.suffix`).'),
    }),
  ],
  { error: `must be one of ${FRAMINGS.join(', ')}, or a mapping with kind, prefix and suffix` },
);

const fieldPath = name(
  'field path',
  /^[^.]+(\.[^.]+)*$/,
  'must be the path of a field, its steps separated by dots, such as address.zip',
).refine((path) => path.length <= 512, 'must be at most 512 characters');

const columnRule = z
  .strictObject({
    from: key(fieldPath.optional(), "Path of the field that fills the column, such as `amount.eur`. Without it: the column's own name."),
    drop: key(
      z.literal(true, { error: 'must be true: to store the field, remove the key' }).optional(),
      'The field of this name is known and not stored.',
      { type: '`true`' },
    ),
    unit: key(
      z.enum(UNITS).optional(),
      'Unit of a number in a Date, DateTime or Time column, counted from 1970-01-01 UTC (Time: from midnight). Of an integer column: what it counts, so that it takes times that are text, or that a schema says are times.',
    ),
  })
  .superRefine((rule, context) => {
    const say = (message: string, path: string[] = []): void => context.addIssue({ code: 'custom', message, path });
    if (rule.drop === true && rule.from !== undefined) say('contradicts drop: a field that is not stored fills no column', ['from']);
    if (rule.drop === true && rule.unit !== undefined) say('contradicts drop: a field that is not stored needs no unit', ['unit']);
    if (Object.keys(rule).length === 0 && context.issues.length === 0) say('says nothing: give from, drop or unit, or remove the column');
  });

const unknownField = z.union(
  [
    z.enum(['reject', 'ignore', 'evolve']),
    z.strictObject({ into: key(columnName, 'Column (JSON, String or Map) that takes all unknown fields of a record as one object.') }),
  ],
  { error: 'must be reject, ignore, evolve, or { into: <column> }' },
);

const fieldName = name('field', FIELD_NAME, 'must be the name of a field of 1 to 127 characters');

const identity = z.union(
  [
    z.enum(['coordinates', 'auto', 'key', 'content', 'none']),
    z.strictObject({
      kind: key(z.enum(['coordinates', 'auto', 'key', 'field', 'content', 'none']), 'The same, with the keys below.'),
      topic: key(fieldName.optional(), 'Field with the topic. Without it, or without a value: the topic of the URL.', {
        otherwise: namesOf('topic'),
      }),
      partition: key(fieldName.optional(), 'Field with the partition.', {
        otherwise: namesOf('partition'),
      }),
      offset: key(fieldName.optional(), 'Field with the offset.', {
        otherwise: namesOf('offset'),
      }),
      fields: key(z.enum(['keep', 'strip']).optional(), 'Whether these three fields are stored as columns too.', { otherwise: '`keep`' }),
      field: key(fieldName.optional(), 'Field with the id of the record, for `kind: field`.'),
    }),
  ],
  { error: 'must be coordinates, auto, key, content or none, or a mapping with kind: and the names of the fields' },
);

const partitionRule = notation(
  'column or unit(column)',
  'must be a column, or hour, day, week, month or year of one, such as month(created_at)',
  (input): PartitionRule | undefined => {
    const found = typeof input === 'string' ? /^(?:(hour|day|week|month|year)\(([^()]+)\)|([^()]+))$/.exec(input) : null;
    const column = found?.[2] ?? found?.[3];
    if (column === undefined || !FIELD_NAME.test(column)) return undefined;
    return { column, by: (found?.[1] as PartitionRule['by'] | undefined) ?? 'value' };
  },
);

const keys = {
  topics: key(
    z.array(topic).min(1, 'must name at least one topic').optional(),
    'Which `/v1/topics/{topic}` lead here: names, or regular expressions that must match the whole topic. Names win over expressions, then the first in the file.',
    { otherwise: "the pipeline's name" },
  ),
  table: key(
    tablePattern.prefault('${topic}'),
    'Where rows go. `${topic}` stands for the topic with `.` and `-` as `_`. Without a database: `clickhouse.database`.',
  ),
  framing: key(framing.default('auto'), 'How records stand in a body. Naming one refuses every other.'),
  envelope: key(
    z.strictObject({ value: key(fieldName, 'Field that holds the record: an object, or bytes of the wire format as base64.') }).optional(),
    'Records are objects with the real record in a field, as HoistField makes them. The other fields become fields of the record.',
  ),
  subject: key(
    z.string().min(1, 'must not be empty: write none for no subject').max(400, 'must be at most 400 characters').prefault('${topic}-value'),
    'Subject of the Schema Registry whose newest schema says what JSON stands for: base64 that is a decimal, numbers that are dates. `${topic}` is the topic, `${record}` the full name of an Avro or Protobuf record, for producers that name subjects so; `none`: JSON is what it says. Counts only with a `registry`, and where the subject exists.',
  ),
  validate: key(
    z.boolean().default(false),
    'Whether records are checked by all rules of their JSON Schema, such as `minimum` and `pattern`. Avro and Protobuf have no others than those they are read by.',
  ),
  schema_header: key(
    name('header', /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/, 'must be the name of a header, such as __value_schema_id').optional(),
    'Header that names the schema of a request, by id, GUID or the bytes of either: what a connector makes of the Kafka header `__value_schema_id`. Its producers then choose the schema.',
  ),
  columns: key(
    z.record(z.string().regex(FIELD_NAME, 'must be a column name of 1 to 127 characters'), columnRule).default({}),
    'Rules for single columns. Every other field goes to the column of its name.',
  ),
  auto_create: key(
    z.enum(['schema', 'infer', 'off']).default('infer'),
    'What to do when the table is missing: create it by the schema of the records, where they have one (`schema`), and otherwise from the first records (`infer`), or refuse.',
  ),
  auto_evolve: key(
    z.enum(['add', 'approve', 'off']).default('add'),
    'Whether the table follows its records: `add` adds columns for the fields of their schema and widens the ones they do not fit, `approve` answers 503 until somebody approves the change, `off` leaves the table alone. Fields that no schema declares: see `unknown_fields: evolve`.',
  ),
  order_by: key(z.array(columnName).default([]), 'Sorting key of a table the pipeline creates. Empty: that of `pk_fields`.'),
  pk_fields: key(
    z.array(columnName).default([]),
    'Columns that tell rows apart: the primary key of a table the pipeline creates. `order_by` must begin with them.',
  ),
  partition_by: key(
    partitionRule.optional(),
    'Partitions of a table the pipeline creates: a column, or `hour`, `day`, `week`, `month` or `year` of one, such as `month(created_at)`.',
  ),
  enum_columns: key(
    z.enum(['low_cardinality', 'enum']).default('low_cardinality'),
    'Column that is made for an enum of a schema: `LowCardinality(String)`, which takes names that come later, or `Enum8` and `Enum16`, which have to be changed for them.',
  ),
  record_columns: key(
    z.enum(['tuple', 'json']).default('tuple'),
    'Column that is made for a record inside of a record: a `Tuple` with a type for each field, or `JSON`.',
  ),
  unknown_fields: key(unknownField.default('reject'), 'What to do with a field the table has no column for.'),
  on_error: key(
    z
      .enum(['reject'], {
        error: (issue) => (issue.input === 'quarantine' ? 'must be reject: quarantine is not available in this version' : undefined),
      })
      .default('reject'),
    'What a record that cannot be written does: `reject` refuses the whole request and writes nothing.',
  ),
  on_lossy: key(
    z.enum(['reject', 'report']).default('reject'),
    'What a value does that a column holds only with fewer digits: `reject` refuses the record, `report` stores what fits and counts it in the answer and the log. Values out of range are always refused.',
  ),
  identity: key(
    identity.default('coordinates'),
    'How a record that is sent again is recognised: `coordinates` by where it was in Kafka, `key` by the `Idempotency-Key` or `webhook-id` of its request, `field` by an id of its own, `content` by its text (two equal records are one), `auto` by coordinates and, without them, by the key.',
  ),
  require_identity: key(
    z.boolean().default(false),
    'Rejects records that cannot be recognised again. Without it they are written, and written again when they are sent again.',
  ),
  source: key(
    name('name', /^[A-Za-z0-9_.-]{1,64}$/, 'must be letters, digits, dot, - and _, at most 64').prefault('default'),
    'Names the Kafka cluster, so that topics of the same name in two of them stay apart.',
  ),
  epoch: key(
    count(1_000_000_000, 0).prefault(0),
    'Raise it when a topic was deleted and made anew, or to let records be written again on purpose: what was written under other epochs does not count.',
  ),
  guarantee: key(
    z.enum(['auto', 'exactly-once', 'at-least-once']).default('auto'),
    'What must hold for records that are sent again. `exactly-once` refuses what could be written twice; `auto` promises what it can and shows it; `at-least-once` says that twice is fine.',
  ),
};

type PipelineKeys = z.output<z.ZodObject<typeof keys>>;

/** One entry of `pipelines`, with the checks that concern more than one of its keys. */
export const pipelineSchema = z.strictObject(keys).superRefine((pipeline, context) => {
  const say = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', message, path });
  if (pipeline.unknown_fields === 'evolve' && pipeline.auto_evolve === 'off')
    say(['unknown_fields'], 'evolve adds columns, which auto_evolve: off forbids: write auto_evolve: add, or another value here');
  checkIdentity(pipeline, say);
  checkKeys(pipeline, say);
  checkColumns(pipeline, say);
});

type Say = (path: PropertyKey[], message: string) => void;

function checkIdentity({ identity: found, require_identity: required, guarantee }: PipelineKeys, say: Say): void {
  const { kind, ...rest }: IdentityKeys = typeof found === 'string' ? { kind: found } : found;
  if (kind === 'none' && guarantee === 'exactly-once')
    say(['guarantee'], 'exactly-once needs an identity: without one nobody can tell whether a record was written before');
  if (kind === 'none' && required) say(['require_identity'], 'contradicts identity: none, which never finds one: remove one of the two');
  if (kind === 'field' && rest.field === undefined) say(['identity', 'field'], 'is required with kind: field: name the field with the id');
  if (kind !== 'field' && rest.field !== undefined) say(['identity', 'field'], 'is for kind: field: remove the key, or change kind');
  if (kind === 'coordinates' || kind === 'auto') {
    if ((rest.partition === undefined) !== (rest.offset === undefined))
      say(['identity'], 'must name both partition and offset, or neither');
    else if (rest.topic !== undefined && rest.partition === undefined) say(['identity', 'topic'], 'must come with partition and offset');
  } else {
    for (const part of ['topic', 'partition', 'offset', 'fields'] as const)
      if (rest[part] !== undefined) say(['identity', part], 'is for kind: coordinates and kind: auto: remove the key, or change kind');
  }
}

type IdentityKeys = { readonly kind: string } & {
  readonly [K in 'topic' | 'partition' | 'offset' | 'fields' | 'field']?: string | undefined;
};

function checkKeys(pipeline: PipelineKeys, say: Say): void {
  const { order_by: orderBy, pk_fields: pkFields, partition_by: partitionBy, columns } = pipeline;
  const all = { order_by: orderBy, pk_fields: pkFields, partition_by: partitionBy === undefined ? [] : [partitionBy.column] };
  for (const [option, names] of Object.entries(all)) {
    if (names.length > 0 && pipeline.auto_create === 'off')
      say([option], 'is for a table the pipeline creates, which auto_create: off forbids: remove one of the two');
    for (const [index, column] of names.entries()) {
      const path = option === 'partition_by' ? [option] : [option, index];
      if (names.indexOf(column) !== index) say(path, 'names a column that stands before in the list: remove it');
      if (ruleOf(columns, column)?.drop === true) say(path, 'names a column that columns drops: remove one of the two');
    }
  }
  if (orderBy.length > 0 && pkFields.some((column, index) => orderBy[index] !== column))
    say(
      ['order_by'],
      'must begin with the columns of pk_fields, in their order: ClickHouse finds rows by the beginning of the sorting key',
    );
}

function checkColumns({ columns, unknown_fields: unknownFields }: PipelineKeys, say: Say): void {
  for (const [column, rule] of Object.entries(columns)) {
    if (rule.from !== undefined && ruleOf(columns, rule.from)?.drop === true)
      say(['columns', column, 'from'], 'names a field that columns drops: remove one of the two');
  }
  if (typeof unknownFields === 'object' && ruleOf(columns, unknownFields.into) !== undefined)
    say(['unknown_fields', 'into'], 'names a column that has a rule in columns: it takes the unknown fields and nothing else');
}

function ruleOf(columns: PipelineKeys['columns'], column: string): z.output<typeof columnRule> | undefined {
  return Object.hasOwn(columns, column) ? columns[column] : undefined;
}
