import type { FieldType, RecordType, SchemaReference, SchemaUse } from '../core/schema.ts';
import { beginRecord, builtTape, createTapeBuilder, rewind, type TapeBuilder } from '../core/tape-builder.ts';
import type { Codec, Frame } from './codec.ts';
import { type Codecs, type NamedCodec, type NewestForm, UnknownSchema } from './codecs.ts';
import type { Translate } from './connect/translate.ts';
import { Undecodable } from './undecodable.ts';
import { readWireFormat } from './wire-format.ts';

/** Reads values in the wire format. One for each delivery: what it found out about a schema holds for all of its records. */
export interface FrameReader {
  /**
   * Reads the value of `bytes[0, to)` onto the tape: in the wire format, or bare where its schema is known. Returns the schema it needs first, with nothing
   * read, when that was not loaded yet.
   * @throws Undecodable; UnknownSchema; TapeFull
   */
  read(bytes: Buffer, to: number, tape: TapeBuilder, bare?: SchemaReference): SchemaReference | undefined;
  /** @throws GatewayError when the registry cannot be asked. */
  load(schema: SchemaReference): Promise<void>;
  /** What the newest schema of the subject says, where records are of an older one. */
  newest(): RecordType | undefined;
  /** The schemas that were loaded, which `from` names. */
  uses(from: SchemaUse['from']): SchemaUse[];
}

type Known = Readable | Undecodable | UnknownSchema;

interface Readable extends NamedCodec {
  /** As the newest schema has its records. */
  readonly newest: NewestForm | undefined;
}

/** `subjectOf`: the subject of the newest schema of records of a name. `validates`: those of a JSON Schema are checked by all of it. */
export interface FrameOptions {
  readonly subjectOf: (record: string | undefined) => string | undefined;
  readonly validates: boolean;
}

/** A reader that adds the record types it meets to `schemas`. */
export function createFrameReader(codecs: Codecs, schemas: Set<RecordType>, { subjectOf, validates }: FrameOptions): FrameReader {
  const known = new Map<number | string, Known>();
  let older: TapeBuilder | undefined;
  let newestType: RecordType | undefined;
  let lastType: FieldType | undefined;
  /** Records of an older schema are read as it has them, and written as the newest one does. */
  const readOlder = (codec: Codec, frame: Frame, translate: Translate, tape: TapeBuilder): void => {
    older ??= createTapeBuilder(4 * (frame.to - frame.from), tape.mostTokens);
    rewind(older, 0, 0);
    beginRecord(older, tape.stop - tape.length, tape.stopTokens - tape.count);
    const node = codec.read(frame, older);
    translate(builtTape(older), node, tape);
  };
  return {
    read(bytes, to, tape, bare) {
      const { schema, from } = bare === undefined ? readWireFormat(bytes, 0, to) : { schema: bare, from: 0 };
      const key = keyOf(schema);
      const found = known.get(key);
      if (found === undefined) return schema;
      if (found instanceof UnknownSchema) throw named(new UnknownSchema(), String(key));
      if (found instanceof Undecodable) throw named(new Undecodable(found.message, found.code), String(key));
      const { codec, name, newest } = found;
      const frame = bare === undefined ? { bytes, from, to } : { bytes, from, to, bare: true };
      try {
        const type = codec.typeOf?.(frame) ?? codec.type;
        // Records after one another are of the same type.
        if (type !== lastType) {
          if (type.kind === 'record') schemas.add(type);
          lastType = type;
        }
        if (newest?.translate === undefined) codec.read(frame, tape);
        else readOlder(codec, frame, newest.translate, tape);
        if (validates) found.validate?.(bytes.toString('utf8', from, to));
      } catch (error) {
        throw error instanceof Undecodable ? named(error, name) : error;
      }
      return undefined;
    },
    async load(schema) {
      try {
        const found = await codecs.of(schema);
        const { type } = found.codec;
        const subject = subjectOf(type.kind === 'record' ? type.name : undefined);
        const newest = subject === undefined ? undefined : await codecs.newestFor(found, subject);
        if (newest?.type.kind === 'record') newestType = newest.type;
        known.set(keyOf(schema), { ...found, newest });
      } catch (error) {
        if (!(error instanceof Undecodable || error instanceof UnknownSchema)) throw error;
        known.set(keyOf(schema), error);
      }
    },
    newest: () => newestType,
    uses: (from) => [...known].map(([key, found]) => useOf(String(key), from, found)),
  };
}

function useOf(key: string, from: SchemaUse['from'], found: Known): SchemaUse {
  if (found instanceof Error) return { schema: key, from, problem: found.message };
  return { schema: found.name, from, language: found.language, type: found.codec.type };
}

function keyOf(schema: SchemaReference): number | string {
  if ('id' in schema) return schema.id;
  return 'guid' in schema ? schema.guid : `of ${schema.subject}`;
}

/** The error with the schema's number in its message. */
export function named<E extends Error>(error: E, schema: string): E {
  error.message = `${error.message} (schema ${schema})`;
  return error;
}
