import { z } from 'zod';
import { compileTopicPattern, TOPIC_NAME } from './topic-pattern.ts';
import { columnName, FIELD_NAME, IDENTIFIER, key, name, notation } from './values.ts';

const UNITS = ['days', 's', 'ms', 'us', 'ns'] as const;
const FRAMINGS = ['auto', 'object', 'array', 'ndjson', 'concatenated', 'comma', 'strings'] as const;

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
      'Unit of a number in a Date, DateTime or Time column, counted from 1970-01-01 UTC (Time: from midnight).',
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
  columns: key(
    z.record(z.string().regex(FIELD_NAME, 'must be a column name of 1 to 127 characters'), columnRule).default({}),
    'Rules for single columns. Every other field goes to the column of its name.',
  ),
  auto_create: key(
    z.enum(['infer', 'off']).default('infer'),
    'What to do when the table is missing: create it from the first records, or refuse.',
  ),
  auto_evolve: key(z.enum(['add', 'off']).default('add'), 'Whether columns may be added to the table, see `unknown_fields: evolve`.'),
  order_by: key(z.array(columnName).default([]), 'Sorting key of a table the pipeline creates. Empty: none.'),
  unknown_fields: key(unknownField.default('reject'), 'What to do with a field the table has no column for.'),
  on_error: key(
    z
      .enum(['reject'], {
        error: (issue) => (issue.input === 'quarantine' ? 'must be reject: quarantine is not available in this version' : undefined),
      })
      .default('reject'),
    'What a record that cannot be written does: `reject` refuses the whole request and writes nothing.',
  ),
  guarantee: key(
    z
      .enum(['at-least-once'], {
        error: (issue) =>
          issue.input === 'exactly-once' ? 'exactly-once is not available in this version: write at-least-once' : undefined,
      })
      .default('at-least-once'),
    'What is promised for records that are sent again: `at-least-once` can write them twice.',
  ),
};

type PipelineKeys = z.output<z.ZodObject<typeof keys>>;

/** One entry of `pipelines`, with the checks that concern more than one of its keys. */
export const pipelineSchema = z.strictObject(keys).superRefine((pipeline, context) => {
  const say = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', message, path });
  if (pipeline.unknown_fields === 'evolve' && pipeline.auto_evolve === 'off')
    say(['unknown_fields'], 'evolve adds columns, which auto_evolve: off forbids: write auto_evolve: add, or another value here');
  if (pipeline.order_by.length > 0 && pipeline.auto_create === 'off')
    say(['order_by'], 'is for a table the pipeline creates, which auto_create: off forbids: remove one of the two');
  checkOrderBy(pipeline, say);
  checkColumns(pipeline, say);
});

type Say = (path: PropertyKey[], message: string) => void;

function checkOrderBy({ order_by: orderBy, columns }: PipelineKeys, say: Say): void {
  for (const [index, column] of orderBy.entries()) {
    if (orderBy.indexOf(column) !== index) say(['order_by', index], 'names a column that stands before in the list: remove it');
    if (ruleOf(columns, column)?.drop === true) say(['order_by', index], 'names a column that columns drops: remove one of the two');
  }
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
