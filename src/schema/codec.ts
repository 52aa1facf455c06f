import type { FieldType } from '../core/schema.ts';
import type { TapeBuilder } from '../core/tape-builder.ts';

/** Bytes of one value in a schema's own encoding, without magic byte and schema id. Those of a Protobuf schema begin with the message's indexes. */
export interface Frame {
  readonly bytes: Buffer;
  readonly from: number;
  /** Exclusive. The value has to end here. */
  readonly to: number;
  /** The bytes are the value alone: a Protobuf message without the indexes that say which. */
  readonly bare?: boolean;
}

/** A schema made ready to read values of it. */
export interface Codec {
  /** What a value is. For Protobuf: the message the frame names, which is `typeOf(frame)`. */
  readonly type: FieldType;
  /** Of schemas with several kinds of values. @throws Undecodable */
  typeOf?(frame: Frame): FieldType;
  /**
   * Reads one value, appends it to the tape and returns its node, in the forms of `core/tape-builder.ts`.
   * @throws Undecodable when the bytes are no value of the schema; TapeFull.
   */
  read(frame: Frame, tape: TapeBuilder): number;
}

/** What a value may cost. */
export interface CodecLimits {
  readonly depth: number;
}
