import { GatewayError } from '../core/errors.ts';
import type { TableName } from '../core/table.ts';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const TOPIC_VARIABLE = '${topic}';

/**
 * The table of a pipeline for a topic. In a name made of a topic `.` and `-` become `_`, and one that would begin with a digit gets a `_`.
 * @throws GatewayError `topic_required`, or `invalid_topic` when it is no Kafka topic or makes no table name.
 */
export function resolveTable(pattern: string, topic: string | undefined, defaultDatabase: string): TableName {
  const text = pattern.includes(TOPIC_VARIABLE) ? pattern.replaceAll(TOPIC_VARIABLE, topicPart(topic, pattern)) : pattern;
  const dot = text.indexOf('.');
  const name = dot === -1 ? { database: defaultDatabase, table: text } : { database: text.slice(0, dot), table: text.slice(dot + 1) };
  if (!IDENTIFIER.test(name.table) || !IDENTIFIER.test(name.database))
    throw new GatewayError('invalid_topic', 'The topic makes no table name: a table name is at most 128 letters, digits and underscores');
  return name;
}

function topicPart(topic: string | undefined, pattern: string): string {
  if (topic === undefined)
    throw new GatewayError('topic_required', "The pipeline's table depends on the topic: post to /v1/topics/{topic}");
  if (!TOPIC.test(topic) || topic === '.' || topic === '..')
    throw new GatewayError(
      'invalid_topic',
      'The topic is not a Kafka topic name: letters, digits, dots, dashes and underscores, at most 249',
    );
  const name = topic.replaceAll(/[.-]/g, '_');
  const beginsTable = /(^|\.)\$\{topic\}/.test(pattern);
  return beginsTable && /^\d/.test(name) ? `_${name}` : name;
}

/** `name` as a quoted identifier. */
export function quote(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** `database.table`, quoted. */
export function quoteTable({ database, table }: TableName): string {
  return `${quote(database)}.${quote(table)}`;
}
