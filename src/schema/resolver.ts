/**
 * Records whose values are in the encoding of a schema → records as JSON.
 *
 * Invariant: a record keeps its ordinal, and what cannot be read is among the records all the same, as far as it could be: whoever sends it again is
 * recognised by what stands beside the value. Proved by `test/unit/schema/resolver.test.ts`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Decoded, Delivery, JsonValue, RecordEnvelope, Rejection } from '../core/batch.ts';
import type { Limits, PipelineConfig } from '../core/config.ts';
import type { RecordErrorCode } from '../core/errors.ts';
import { kindOf, NULL, OBJECT, STRING, textOf } from '../core/json-tape.ts';
import type { RecordType, SchemaReference, SchemaUse } from '../core/schema.ts';
import {
  addScalar,
  beginRecord,
  builtTape,
  copyValue,
  createTapeBuilder,
  rewind,
  type TapeBuilder,
  TapeFull,
} from '../core/tape-builder.ts';
import { createScratch, readBase64, type Scratch } from './base64.ts';
import { type Codecs, type Translator, UnknownSchema } from './codecs.ts';
import { createEnvelope, type Envelope } from './envelope.ts';
import { createFrameReader, type FrameReader, named } from './frame-reader.ts';
import { subjectFor, subjectOf } from './subject.ts';
import { Undecodable } from './undecodable.ts';

/** The stage: reads what is in the encoding of a schema. @throws GatewayError when the registry is needed and cannot be asked. */
export type Resolve = (decoded: Decoded, pipeline: PipelineConfig) => Promise<Batch>;

export interface ResolverDeps {
  readonly codecs: Codecs;
  readonly limits: Pick<Limits, 'record' | 'values'>;
}

/** So many bytes are read before others get a turn. */
const BYTES_A_TURN = 128 * 1024;

/** What is being written. */
interface Reading {
  readonly tape: TapeBuilder;
  readonly nodes: number[];
  readonly schemas: Set<RecordType>;
  readonly unreadable: Map<number, Rejection>;
  readonly frames: FrameReader;
  /** The schema of all JSON of the delivery. */
  readonly uses: readonly SchemaUse[];
  /** Who names the schema of a frame. */
  readonly named: SchemaUse['from'];
}

/** How the records of a delivery are read. */
interface Work {
  /** The subject of the newest schema of values in the encoding of one, by the name of the record they are. */
  readonly subjectOf: (record: string | undefined) => string | undefined;
  readonly validates: boolean;
  /** Schemas that are known before the first record is read. */
  readonly uses?: readonly SchemaUse[];
  readonly named?: 'url';
  /** Leaves one value on the tape. Returns the schema it needs first, if that is not loaded yet. @throws what makes a rejection. */
  read(reading: Reading, ordinal: number): SchemaReference | undefined;
  /** Leaves what can be had of a record that cannot be read. */
  instead(tape: TapeBuilder, ordinal: number): void;
}

/** A stage over these codecs. */
export function createResolver({ codecs, limits }: ResolverDeps): Resolve {
  const envelopes = new Map<string, Envelope>();
  const scratch = createScratch();

  const readAll = async (batch: Pick<Batch, 'delivery' | 'framing'>, count: number, bytes: number, work: Work): Promise<Batch> => {
    const schemas = new Set<RecordType>();
    const tape = createTapeBuilder(bytes * 2, limits.values);
    const reading: Reading = {
      tape,
      nodes: [],
      schemas,
      unreadable: new Map(),
      frames: createFrameReader(codecs, schemas, work),
      uses: work.uses ?? [],
      named: work.named ?? 'record',
    };
    let turnAt = BYTES_A_TURN;
    for (let ordinal = 0; ordinal < count; ordinal++) {
      reading.nodes.push(tape.count);
      // Most deliveries have one schema, and wait for it once.
      for (let wanted = readOne(reading, ordinal, work, limits); wanted !== undefined; wanted = readOne(reading, ordinal, work, limits))
        await reading.frames.load(wanted);
      if (tape.length > turnAt) {
        turnAt = tape.length + BYTES_A_TURN;
        await nextTurn();
      }
    }
    return batchOf(batch, reading);
  };

  /** What reads the JSON of a delivery; undefined where there is no schema. A schema that cannot be used is wrong with every record. */
  const translatorFor = async ({ topic, schema }: Delivery, subject: string | undefined): Promise<Translator | Problem | undefined> => {
    const reference = schema ?? subjectFor(subject, topic);
    if (reference === undefined) return undefined;
    try {
      const found = await codecs.translatorOf(reference);
      // A schema the sender names has to be there; a subject is only looked for.
      return found === undefined && schema !== undefined ? new UnknownSchema() : found;
    } catch (error) {
      if (error instanceof Undecodable) return error;
      throw error;
    }
  };

  const envelopeOf = (name: string): Envelope => {
    const envelope = envelopes.get(name) ?? createEnvelope(name);
    envelopes.set(name, envelope);
    return envelope;
  };

  return async (decoded, { envelope, subject, validate: validates }) => {
    if ('frames' in decoded) {
      const { frames, delivery: sent } = decoded;
      const bare = sent.bare === true ? sent.schema : undefined;
      return await readAll(decoded, frames.length, sizeOf(frames), {
        subjectOf: (record) => subjectOf(subject, sent.topic, record),
        validates,
        ...(bare === undefined ? {} : { named: 'url' }),
        read: (reading, ordinal) => reading.frames.read(frames[ordinal]!, frames[ordinal]!.length, reading.tape, bare),
        instead: (tape) => void addScalar(tape, NULL, 'null'),
      });
    }
    const { records, delivery } = decoded;
    if (records.length === 0) return decoded;
    const translator = await translatorFor(delivery, subject);
    const uses = translator === undefined ? [] : [useOf(translator, delivery.schema ?? subjectFor(subject, delivery.topic))];
    if (envelope !== undefined) {
      const around = { name: envelope.value, envelope: envelopeOf(envelope.value), translator, scratch, validates };
      return await readAll(decoded, records.length, delivery.body.length, {
        subjectOf: (record) => subjectOf(subject, delivery.topic, record),
        validates,
        uses,
        read: (reading, ordinal) => readEnvelope(records[ordinal]!, reading, around),
        instead: (tape, ordinal) => around.envelope.copyOthers(records[ordinal]!.value, tape),
      });
    }
    if (translator === undefined) return decoded;
    return await readAll(decoded, records.length, delivery.body.length, {
      subjectOf: () => undefined,
      validates,
      uses,
      read: (reading, ordinal) => translateValue(reading, records[ordinal]!.value, translator, validates),
      instead: (tape, ordinal) => void copyValue(tape, records[ordinal]!.value.tape, records[ordinal]!.value.node),
    });
  };
}

/** The schema of all JSON of a delivery. */
function useOf(found: Translator | Problem, reference: SchemaReference | undefined): SchemaUse {
  const from = reference !== undefined && 'subject' in reference ? 'subject' : 'url';
  if (found instanceof Error) return { schema: nameOf(reference), from, problem: found.message };
  return { schema: found.name, from, language: found.language, type: found.type };
}

function nameOf(reference: SchemaReference | undefined): string {
  if (reference === undefined) return '';
  if ('id' in reference) return String(reference.id);
  return 'guid' in reference ? reference.guid : reference.subject;
}

/** What is wrong with the schema of all records. */
type Problem = Undecodable | UnknownSchema;

/** Values of one record. It is read in one go, and others wait meanwhile: a few hundred milliseconds at most. */
const MOST_VALUES = 1_000_000;

/** Reads a record as far as it can be. Returns the schema it needs first. */
function readOne(reading: Reading, ordinal: number, work: Work, limits: ResolverDeps['limits']): SchemaReference | undefined {
  const { tape } = reading;
  const { length, count } = tape;
  beginRecord(tape, limits.record, MOST_VALUES);
  try {
    const wanted = work.read(reading, ordinal);
    if (wanted !== undefined) rewind(tape, length, count);
    return wanted;
  } catch (error) {
    const rejection = rejectionOf(error, ordinal);
    if (rejection === undefined) throw error;
    reading.unreadable.set(ordinal, rejection);
    rewind(tape, length, count);
    beginRecord(tape, Number.POSITIVE_INFINITY);
    work.instead(tape, ordinal);
    return undefined;
  }
}

/** Writes what JSON stands for by a schema. @throws Undecodable */
function translateValue({ tape, schemas }: Reading, value: JsonValue, translator: Translator | Problem, validates: boolean): undefined {
  if (translator instanceof Undecodable) throw new Undecodable(translator.message, translator.code);
  if (translator instanceof UnknownSchema) throw new UnknownSchema();
  if (translator.type.kind === 'record') schemas.add(translator.type);
  try {
    translator.translate(value.tape, value.node, tape);
    if (validates) translator.validate?.(textOf(value.tape, value.node));
  } catch (error) {
    throw error instanceof Undecodable ? named(error, translator.name) : error;
  }
}

interface Around {
  readonly name: string;
  readonly envelope: Envelope;
  readonly translator: Translator | Problem | undefined;
  readonly validates: boolean;
  /** For the bytes of one record, which are read before the next one's come. */
  readonly scratch: Scratch;
}

/** The value in the envelope's field, and what stands around it, as one record. */
function readEnvelope({ value: { tape: source, node } }: RecordEnvelope, reading: Reading, around: Around): SchemaReference | undefined {
  const { name, envelope, translator, scratch } = around;
  const at = kindOf(source, node) === OBJECT ? envelope.valueOf(source, node) : undefined;
  if (at === undefined) throw new Undecodable(`has no field ${name}, in which the pipeline's envelope has the value`);
  const kind = kindOf(source, at);
  const { count } = reading.tape;
  if (kind === OBJECT) {
    if (translator === undefined) copyValue(reading.tape, source, at);
    else translateValue(reading, { tape: source, node: at }, translator, around.validates);
  } else {
    if (kind !== STRING) throw new Undecodable(`has something else than an object or the base64 text of bytes in the field ${name}`);
    if (!readBase64(source, at, scratch))
      throw new Undecodable(`has a text in the field ${name} that is no base64: set the connector's converter to bytes`);
    const wanted = reading.frames.read(scratch.bytes, scratch.length, reading.tape);
    if (wanted !== undefined) return wanted;
  }
  envelope.addOthers(source, node, reading.tape, count);
  return undefined;
}

/** What is wrong with the record; undefined when it is not the record. */
function rejectionOf(error: unknown, ordinal: number): Rejection | undefined {
  const rejection = (code: RecordErrorCode, reason: string, path: readonly string[] = []): Rejection => {
    const column = path.toReversed().join('').replace(/^\./, '');
    return { ordinal, code, ...(column === '' ? {} : { column }), reason };
  };
  if (error instanceof UnknownSchema) return rejection('unknown_schema', `the record ${error.message}`);
  if (error instanceof Undecodable) return rejection(error.code, `the record ${error.message}`, error.path);
  if (error instanceof TapeFull) return rejection('undecodable', `the record is larger, as JSON, than limits.${error.limit} allows`);
  return undefined;
}

function batchOf(
  { delivery, framing }: Pick<Batch, 'delivery' | 'framing'>,
  { tape, nodes, schemas, unreadable, frames, uses, named: from }: Reading,
): Batch {
  const built = builtTape(tape);
  return {
    delivery,
    records: nodes.map((node, ordinal) => ({ ordinal, value: { tape: built, node }, singleLine: true })),
    schemas: newestLast(schemas, frames.newest()),
    uses: [...uses, ...frames.uses(from)],
    ...(framing === undefined ? {} : { framing }),
    ...(unreadable.size === 0 ? {} : { unreadable }),
  };
}

function newestLast(schemas: ReadonlySet<RecordType>, newest: RecordType | undefined): RecordType[] {
  const others = [...schemas].filter((one) => one !== newest);
  return newest === undefined ? others : [...others, newest];
}

function sizeOf(frames: readonly Buffer[]): number {
  return frames.reduce((sum, { length }) => sum + length, 0);
}
