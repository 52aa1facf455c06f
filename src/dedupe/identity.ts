/**
 * Rows → the streams and positions they are recognised by.
 *
 * Invariant: the same record of the same pipeline, source and epoch always has the same stream and position, and two different ones never, however
 * they are batched. Proved by `test/unit/dedupe/identity.test.ts`.
 */
import { hash } from 'node:crypto';
import type { Batch, Rejection } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { ANONYMOUS, type Identified, streamKind } from '../core/identity.ts';
import type { RowSet } from '../core/insert.ts';
import { endOf, type JsonTape, kindOf, NUMBER, nextOf, OBJECT, STRING, shapeOf, startOf, stringOf, textOf } from '../core/json-tape.ts';
import { createCoordinateReader } from './coordinates.ts';
import { createRunBuilder, withoutRepeats } from './runs.ts';
import { coordinatePrefix, coordinateStream, deliveryStream, recordStream } from './stream-names.ts';

/** The stage: finds out which records the rows are. @throws GatewayError when the delivery needs a key and has none. */
export type Identify = (batch: Batch, rows: RowSet, pipeline: PipelineConfig) => Identified;

/** What says which record of the delivery this is, in one of the ways of {@link PipelineConfig.identity}. */
type Recognise = (ordinal: number) => Place | 'missing' | { readonly invalid: string };

/** Valid until the next record is asked for. */
interface Place {
  readonly stream: string;
  /** A number while that is exact. */
  readonly position: number | bigint;
}

/** A stage that recognises records. It keeps what it found out about the shapes of each pipeline's records. */
export function createIdentify({ isDone }: { isDone: (stream: string, position: bigint) => boolean }): Identify {
  const readers = new WeakMap<PipelineConfig, ReturnType<typeof createCoordinateReader>>();
  const readerOf = (pipeline: PipelineConfig): ReturnType<typeof createCoordinateReader> => {
    let reader = readers.get(pipeline);
    if (reader === undefined) {
      const { identity } = pipeline;
      reader = createCoordinateReader('fields' in identity ? identity.fields : []);
      readers.set(pipeline, reader);
    }
    return reader;
  };

  return (batch, rows, pipeline) => {
    const recognise = recogniser(batch, pipeline, readerOf(pipeline));
    const builder = createRunBuilder();
    const rejections: Rejection[] = [];
    let repeats = 0;
    let key: string | undefined;
    const note = (stream: string): void => {
      if (streamKind(stream) === 'delivery') key = stream;
    };
    for (const rejection of rows.rejections) {
      const { ordinal } = rejection;
      const found = recognise(ordinal);
      const fault = faultOf(found, pipeline);
      if (fault !== undefined) rejections.push({ ordinal, ...fault });
      else if (typeof found === 'string' || 'invalid' in found) rejections.push(rejection);
      else {
        note(found.stream);
        // A record that was written before is a duplicate, also when the table would not take it any more.
        if (isDone(found.stream, BigInt(found.position))) repeats += 1;
        else rejections.push(rejection);
      }
    }
    for (let row = 0; row < rows.ordinals.length; row++) {
      const ordinal = rows.ordinals[row]!;
      const found = recognise(ordinal);
      const fault = faultOf(found, pipeline);
      if (fault !== undefined) {
        rejections.push({ ordinal, ...fault });
      } else if (typeof found === 'string' || 'invalid' in found) {
        builder.add(row, ANONYMOUS, row);
      } else {
        note(found.stream);
        builder.add(row, found.stream, found.position);
      }
    }
    const distinct = withoutRepeats(builder.runs(), rows);
    const identities = {
      runs: distinct.runs,
      repeats: distinct.repeats + repeats,
      ...(key === undefined ? {} : { key: { stream: key, digest: digestOf(batch) } }),
    };
    return { identities, rejections: [...rejections, ...distinct.rejections].toSorted((a, b) => a.ordinal - b.ordinal) };
  };
}

/** How the records of a delivery are recognised. */
function recogniser(batch: Batch, pipeline: PipelineConfig, read: ReturnType<typeof createCoordinateReader>): Recognise {
  const { identity } = pipeline;
  const { delivery, records } = batch;
  switch (identity.kind) {
    case 'none':
      return () => 'missing';
    case 'key':
      return byKey(batch, pipeline);
    case 'field':
      return (ordinal) => byField(records[ordinal]!.value, identity.field, { pipeline, topic: delivery.topic });
    case 'content':
      return (ordinal) => {
        const { tape, node } = records[ordinal]!.value;
        return once(pipeline, `text\0${delivery.topic ?? ''}`, tape.bytes.subarray(startOf(tape, node), endOf(tape, node)));
      };
    case 'coordinates':
    case 'auto': {
      const byCoordinates = coordinates(batch, pipeline, read);
      if (identity.kind === 'coordinates' || delivery.key === undefined) return byCoordinates;
      const byDelivery = byKey(batch, pipeline);
      return (ordinal) => {
        const found = byCoordinates(ordinal);
        return found === 'missing' ? byDelivery(ordinal) : found;
      };
    }
  }
}

function coordinates({ delivery, records }: Batch, pipeline: PipelineConfig, read: ReturnType<typeof createCoordinateReader>): Recognise {
  const prefix = coordinatePrefix(pipeline);
  const last = { topic: '', partition: -1 };
  const place = { stream: '', position: 0 as number | bigint };
  return (ordinal) => {
    const found = read(records[ordinal]!, delivery.topic);
    if (typeof found === 'string' || 'invalid' in found) return found;
    const { topic, partition, offset } = found;
    if (topic !== last.topic || partition !== last.partition) {
      last.topic = topic;
      last.partition = partition;
      place.stream = coordinateStream(prefix, topic, partition);
    }
    place.position = offset;
    return place;
  };
}

function byKey({ delivery }: Batch, pipeline: PipelineConfig): Recognise {
  const { key, principal } = delivery;
  if (key === undefined) {
    if (!pipeline.requireIdentity) return () => 'missing';
    throw new GatewayError('invalid_delivery_key', `The pipeline ${pipeline.name} needs an Idempotency-Key header on each request`);
  }
  const stream = deliveryStream(pipeline, principal, key);
  return (ordinal) => ({ stream, position: ordinal });
}

function byField(
  { tape, node }: { tape: JsonTape; node: number },
  field: string,
  { pipeline, topic }: { pipeline: PipelineConfig; topic: string | undefined },
): ReturnType<Recognise> {
  // Where each topic has its table, each has its ids.
  const scope = `${field}\0${pipeline.table.includes('${topic}') ? (topic ?? '') : ''}`;
  const at = memberOf(tape, node, field);
  if (at === undefined) return 'missing';
  const kind = kindOf(tape, at);
  if (kind === STRING) return once(pipeline, `string\0${scope}`, stringOf(tape, at));
  if (kind === NUMBER) return once(pipeline, `number\0${scope}`, textOf(tape, at));
  return textOf(tape, at) === 'null' ? 'missing' : { invalid: field };
}

function memberOf(tape: JsonTape, node: number, name: string): number | undefined {
  if (kindOf(tape, node) !== OBJECT) return undefined;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key === name) return child;
    child = nextOf(tape, child);
  }
  return undefined;
}

/** A record that has a stream of its own. */
function once(pipeline: PipelineConfig, what: string, value: string | Buffer): ReturnType<Recognise> {
  return { stream: recordStream(pipeline, what, value), position: 0 };
}

function digestOf({ delivery: { topic, body } }: Batch): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${topic ?? ''}\0`), body]), 'hex');
}

/** Why a record cannot be written under what it says of itself. */
function faultOf(found: ReturnType<Recognise>, pipeline: PipelineConfig): Omit<Rejection, 'ordinal'> | undefined {
  if (found === 'missing') return pipeline.requireIdentity ? { code: 'identity_missing', reason: lacking(pipeline) } : undefined;
  if (!('invalid' in found)) return undefined;
  const reason =
    pipeline.identity.kind === 'field'
      ? 'the id of a record is text or a number'
      : 'an offset is a whole number from 0 to 2^63 − 1, a partition one below 2^31, a topic the name of one';
  return { code: 'invalid_identity', column: found.invalid, reason };
}

function lacking({ identity }: PipelineConfig): string {
  if (identity.kind === 'field') return `the pipeline recognises records by the field ${identity.field}, and this one has none`;
  const [fields] = 'fields' in identity ? identity.fields : [];
  return fields === undefined
    ? 'the pipeline requires an identity'
    : `the record must say where it was in Kafka, for example in the fields ${[fields.topic, fields.partition].filter((name) => name !== '').join(', ')} and ${fields.offset}`;
}
