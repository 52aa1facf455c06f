import type { RegisteredSchema } from '../core/ports.ts';
import type { SchemaLanguage } from '../core/schema.ts';
import type { Found, RegistryClient } from './registry-client.ts';
import { Undecodable } from './undecodable.ts';

const MOST_REFERENCES = 1000;
const DEEPEST_REFERENCE = 100;

const LANGUAGES: ReadonlySet<unknown> = new Set<SchemaLanguage>(['AVRO', 'PROTOBUF', 'JSON']);

interface Reference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/**
 * A schema with all it refers to.
 * @throws Undecodable when it cannot be used; RegistryFailure.
 */
export async function readRegistered(
  client: Pick<RegistryClient, 'version'>,
  answer: Found | undefined,
): Promise<RegisteredSchema | undefined> {
  if (answer === undefined) return undefined;
  const { id, schema: text, schemaType: language = 'AVRO' } = answer;
  if (!LANGUAGES.has(language)) throw unusable('is of a kind of schema the gateway does not know');
  if (typeof text !== 'string' || typeof id !== 'number') throw unusable('has a schema without text');
  const references: Array<{ name: string; text: string }> = [];
  const seen = new Set<string>();
  const add = async (from: Found, around: readonly string[]): Promise<void> => {
    for (const { name, subject, version } of referencesIn(from)) {
      const key = `${name}\0${subject}\0${version}`;
      if (around.includes(key)) throw unusable('has a schema that refers to itself');
      if (around.length >= DEEPEST_REFERENCE || seen.size >= MOST_REFERENCES) throw unusable('has a schema that refers to too many others');
      if (seen.has(key)) continue;
      seen.add(key);
      const found = await client.version(subject, version);
      if (typeof found?.['schema'] !== 'string') throw unusable('has a schema that refers to one the registry does not have');
      await add(found, [...around, key]);
      references.push({ name, text: found['schema'] });
    }
  };
  await add(answer, []);
  return { id, language: language as SchemaLanguage, text, references };
}

/** @throws Undecodable for what is no list of references. */
function referencesIn({ references }: Found): readonly Reference[] {
  if (references === undefined || references === null) return [];
  if (!Array.isArray(references)) throw unusable('has a schema whose references are no list');
  return references.map((one: unknown) => {
    const { name, subject, version } = (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof subject !== 'string' || typeof version !== 'number')
      throw unusable('has a schema with a reference that names no version of a subject');
    return { name, subject, version };
  });
}

function unusable(message: string): Undecodable {
  return new Undecodable(message, 'unusable_schema');
}
