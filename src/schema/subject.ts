import type { SchemaReference } from '../core/schema.ts';

/** Stands for the topic in the name of a subject. */
const TOPIC = '${topic}';

/** The subject that has the schema of a topic's records. Undefined where it depends on a topic there is not. */
export function subjectOf(topic: string | undefined, pattern: string | undefined): string | undefined {
  if (pattern === undefined || (topic === undefined && pattern.includes(TOPIC))) return undefined;
  return pattern.replaceAll(TOPIC, topic ?? '');
}

/** The same as a reference. */
export function subjectFor(topic: string | undefined, pattern: string | undefined): SchemaReference | undefined {
  const subject = subjectOf(topic, pattern);
  return subject === undefined ? undefined : { subject };
}
