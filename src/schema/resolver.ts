/**
 * Records whose values are in the encoding of a schema → records as JSON.
 *
 * Invariant: a record keeps its ordinal, and what cannot be read is among the records all the same, as far as it could be: whoever sends it again is
 * recognised by what stands beside the value. Proved by `test/unit/schema/resolver.test.ts`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Decoded, JsonValue, RecordEnvelope, Rejection } from '../core/batch.ts';
import type { Limits, PipelineConfig } from '../core/config.ts';
import type { RecordErrorCode } from '../core/errors.ts';
import { kindOf, NULL, OBJECT, STRING } from '../core/json-tape.ts';
import type { RecordType } from '../core/schema.ts';
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
import { bytesOfBase64 } from './base64.ts';
import { type Codecs, type Translator, UnknownSchema } from './codecs.ts';
import { copyAround, memberAt, openAround } from './envelope.ts';
import { Undecodable } from './undecodable.ts';
import { readWireFormat } from './wire-format.ts';

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
}

/** A stage over these codecs. */
export function createResolver({ codecs, limits }: ResolverDeps): Resolve {
  /** Reads one framed value onto the tape. */
  const readFramed = async ({ tape, schemas }: Reading, bytes: Buffer): Promise<void> => {
    const { schema, from } = readWireFormat(bytes, 0, bytes.length);
    const { codec, name } = await codecs.of(schema).catch((error: unknown) => {
      throw error instanceof Undecodable || error instanceof UnknownSchema
        ? named(error, 'id' in schema ? String(schema.id) : schema.guid)
        : error;
    });
    if (codec.type.kind === 'record') schemas.add(codec.type);
    try {
      codec.read({ bytes, from, to: bytes.length }, tape);
    } catch (error) {
      throw error instanceof Undecodable ? named(error, name) : error;
    }
  };

  /** Each record by `read`, which leaves one value on the tape or throws; `instead` leaves what can be had of one that cannot be read. */
  const readAll = async (
    batch: Pick<Batch, 'delivery'>,
    count: number,
    bytes: number,
    work: { read(reading: Reading, ordinal: number): Promise<void>; instead(tape: TapeBuilder, ordinal: number): void },
  ): Promise<Batch> => {
    const reading: Reading = { tape: createTapeBuilder(bytes * 2, limits.values), nodes: [], schemas: new Set(), unreadable: new Map() };
    const { tape } = reading;
    let turnAt = BYTES_A_TURN;
    for (let ordinal = 0; ordinal < count; ordinal++) {
      const { length, count: node } = tape;
      reading.nodes.push(node);
      beginRecord(tape, limits.record);
      try {
        await work.read(reading, ordinal);
      } catch (error) {
        const rejection = rejectionOf(error, ordinal);
        if (rejection === undefined) throw error;
        reading.unreadable.set(ordinal, rejection);
        rewind(tape, length, node);
        beginRecord(tape, Number.POSITIVE_INFINITY);
        work.instead(tape, ordinal);
      }
      if (tape.length > turnAt) {
        turnAt = tape.length + BYTES_A_TURN;
        await nextTurn();
      }
    }
    return batchOf(batch, reading);
  };

  /** What reads JSON to the topic by its subject; undefined where there is no schema. A schema that cannot be used is wrong with every record. */
  const translatorFor = async (topic: string | undefined, subject: string | undefined): Promise<Translator | Undecodable | undefined> => {
    if (subject === undefined || (topic === undefined && subject.includes(TOPIC))) return undefined;
    try {
      return await codecs.translatorOf(subject.replaceAll(TOPIC, topic ?? ''));
    } catch (error) {
      if (error instanceof Undecodable) return error;
      throw error;
    }
  };

  return async (decoded, { envelope, subject }) => {
    if ('frames' in decoded) {
      const { frames } = decoded;
      return await readAll(decoded, frames.length, sizeOf(frames), {
        read: async (reading, ordinal) => await readFramed(reading, frames[ordinal]!),
        instead: (tape) => void addScalar(tape, NULL, 'null'),
      });
    }
    const { records, delivery } = decoded;
    if (records.length === 0) return decoded;
    const translator = await translatorFor(delivery.topic, subject);
    if (envelope !== undefined) {
      return await readAll(decoded, records.length, delivery.body.length, {
        read: async (reading, ordinal) => await readEnvelope(records[ordinal]!, envelope.value, reading, { readFramed, translator }),
        instead: (tape, ordinal) => copyAround(tape, records[ordinal]!.value, envelope.value),
      });
    }
    if (translator === undefined) return decoded;
    return await readAll(decoded, records.length, delivery.body.length, {
      read: async (reading, ordinal) => await Promise.resolve(translateValue(reading, records[ordinal]!.value, translator)),
      instead: (tape, ordinal) => void copyValue(tape, records[ordinal]!.value.tape, records[ordinal]!.value.node),
    });
  };
}

/** Stands for the topic in the name of a subject. */
const TOPIC = '${topic}';

/** Writes what JSON stands for by a schema. @throws Undecodable */
function translateValue({ tape, schemas }: Reading, value: JsonValue, translator: Translator | Undecodable): void {
  if (translator instanceof Undecodable) throw new Undecodable(translator.message, translator.code);
  if (translator.type.kind === 'record') schemas.add(translator.type);
  try {
    translator.translate(value.tape, value.node, tape);
  } catch (error) {
    throw error instanceof Undecodable ? named(error, translator.name) : error;
  }
}

interface EnvelopeReaders {
  readonly readFramed: (reading: Reading, bytes: Buffer) => Promise<void>;
  readonly translator: Translator | Undecodable | undefined;
}

/** The value in the field `name`, and what stands around it, as one record. */
async function readEnvelope(
  { value: { tape: source, node } }: RecordEnvelope,
  name: string,
  reading: Reading,
  { readFramed, translator }: EnvelopeReaders,
): Promise<void> {
  const at = kindOf(source, node) === OBJECT ? memberAt(source, node, name) : undefined;
  if (at === undefined) throw new Undecodable(`has no field ${name}, in which the pipeline's envelope has the value`);
  const kind = kindOf(source, at);
  const around = openAround(source, node, name);
  const { count } = reading.tape;
  if (kind === OBJECT) {
    if (translator === undefined) copyValue(reading.tape, source, at);
    else translateValue(reading, { tape: source, node: at }, translator);
    return around(reading.tape, count);
  }
  if (kind !== STRING) throw new Undecodable(`has something else than an object or the base64 text of bytes in the field ${name}`);
  const bytes = bytesOfBase64(source, at);
  if (bytes === undefined)
    throw new Undecodable(`has a text in the field ${name} that is no base64: set the connector's converter to bytes`);
  await readFramed(reading, bytes);
  around(reading.tape, count);
}

function named(error: Error, schema: string): Error {
  error.message = `${error.message} (schema ${schema})`;
  return error;
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

function batchOf({ delivery }: Pick<Batch, 'delivery'>, { tape, nodes, schemas, unreadable }: Reading): Batch {
  const built = builtTape(tape);
  return {
    delivery,
    records: nodes.map((node, ordinal) => ({ ordinal, value: { tape: built, node }, singleLine: true })),
    schemas: [...schemas],
    ...(unreadable.size === 0 ? {} : { unreadable }),
  };
}

function sizeOf(frames: readonly Buffer[]): number {
  return frames.reduce((sum, { length }) => sum + length, 0);
}
