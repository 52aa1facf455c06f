import type { FramingConfig } from './config.ts';
import type { RecordErrorCode } from './errors.ts';
import type { JsonTape } from './json-tape.ts';
import type { RecordType, SchemaReference, SchemaUse } from './schema.ts';

/** Who sends, as `auth/` found out. `id` names the credential and is safe to log. */
export interface Principal {
  readonly id: string;
  /** True when one of the grants of this principal allows the operation on the pipeline. */
  readonly can: (operation: Operation, pipeline: string) => boolean;
}

/** What a grant allows on a pipeline: post records, look at state, change state or query. */
export type Operation = 'write' | 'read' | 'admin';

/** One HTTP request that carries records. */
export interface Delivery {
  /** UUIDv7 of the request; also the request id in answers and logs. */
  readonly id: string;
  readonly pipeline: string;
  /** From the URL. Absent on `/v1/ingest/{pipeline}`. */
  readonly topic?: string;
  readonly principal: string;
  /** Decompressed, and no larger than the limits allow. */
  readonly body: Buffer;
  /** The sender's Idempotency-Key or webhook-id, where the pipeline uses it. */
  readonly key?: string;
  /** The schema of all records, as the URL names it. */
  readonly schema?: SchemaReference;
  /** The body is one value in the encoding of that schema, without magic byte. */
  readonly bare?: true;
  /** When the body was complete, in milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** A JSON value that still is its text: `node` is a token of the tape. */
export interface JsonValue {
  readonly tape: JsonTape;
  readonly node: number;
}

/** One record of a delivery. `ordinal` counts from 0 in the order of the body and is the index in every answer. */
export interface RecordEnvelope {
  readonly ordinal: number;
  readonly value: JsonValue;
  /** Whether the record's text has no newline, so that it can stand on a line of its own as it is. */
  readonly singleLine: boolean;
}

/** The records of one delivery, in order. */
export interface Batch {
  readonly delivery: Delivery;
  readonly records: readonly RecordEnvelope[];
  /** What the schemas of the records say they are, each once. Absent where no schema is known. */
  readonly schemas?: readonly RecordType[];
  /** Records that cannot be read by their schema, by ordinal. They are among `records`, as far as they could be read. */
  readonly unreadable?: ReadonlyMap<number, Rejection>;
  /** How the records stood in the body. */
  readonly framing?: Framing;
  /** The schemas that were asked for, in the order they were needed. */
  readonly uses?: readonly SchemaUse[];
}

/** How records stand in a body. One object alone is `object`, whatever else it could be the first of. */
export type Framing = Exclude<FramingConfig['kind'], 'auto'>;

/** What stands in a body: records as JSON, or bytes each of which is a record in the wire format of the Schema Registry. */
export type Decoded = Batch | Framed;

/** Records that are read only with their schemas. */
export interface Framed {
  readonly delivery: Delivery;
  readonly frames: readonly Buffer[];
  readonly framing?: Framing;
}

/** A record that can't be written, and why. Never carries the value. */
export interface Rejection {
  readonly ordinal: number;
  readonly code: RecordErrorCode;
  /** Path of the column or field, such as `address.zip` or `tags[3]`. */
  readonly column?: string;
  /** One sentence: what is wrong and what to change. No value in it. */
  readonly reason: string;
}
