import type { RecordType, SchemaReference } from '../core/schema.ts';
import type { Codecs } from './codecs.ts';
import { Undecodable } from './undecodable.ts';

/** What the newest schema of a subject says records are; or why it says nothing of use, in words that follow "the schema". */
export type NewestRecord = { readonly record: RecordType } | { readonly problem: string };

/** The newest schema of a subject; undefined where the registry has none. @throws GatewayError when the registry cannot be asked. */
export async function newestRecord(codecs: Pick<Codecs, 'translatorOf'>, subject: SchemaReference): Promise<NewestRecord | undefined> {
  try {
    const found = await codecs.translatorOf(subject);
    if (found === undefined) return undefined;
    return found.type.kind === 'record' ? { record: found.type } : { problem: 'is not of a record' };
  } catch (error) {
    if (error instanceof Undecodable) return { problem: error.message };
    throw error;
  }
}
