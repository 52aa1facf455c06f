import type { SchemaReference } from '../core/schema.ts';

/** Stands for the topic in the name of a subject. */
const TOPIC = '${topic}';

/** The subject that has the schema of a topic's records. Undefined where the subject depends on a topic there is not. */
export function subjectFor(topic: string | undefined, pattern: string | undefined): SchemaReference | undefined {
  if (pattern === undefined || (topic === undefined && pattern.includes(TOPIC))) return undefined;
  return { subject: pattern.replaceAll(TOPIC, topic ?? '') };
}
