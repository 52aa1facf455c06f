import type { SchemaReference } from '../core/schema.ts';

/** Stand for the topic, and for the full name of the record, in the name of a subject. */
const TOPIC = '${topic}';
const RECORD = '${record}';

/**
 * The subject that has the newest schema of records: by topic, by record, or by both, as the strategies of producers name them. Undefined where it depends on
 * something that is not known.
 */
export function subjectOf(pattern: string | undefined, topic: string | undefined, record?: string): string | undefined {
  if (pattern === undefined || (topic === undefined && pattern.includes(TOPIC))) return undefined;
  if (record === undefined && pattern.includes(RECORD)) return undefined;
  return pattern.replaceAll(TOPIC, topic ?? '').replaceAll(RECORD, record ?? '');
}

/** The same as a reference. */
export function subjectFor(pattern: string | undefined, topic: string | undefined): SchemaReference | undefined {
  const subject = subjectOf(pattern, topic);
  return subject === undefined ? undefined : { subject };
}
