import type { Frame } from '../codec.ts';
import { Undecodable } from '../undecodable.ts';
import { readVarint, type Wire, wireOf } from './wire.ts';

/** More than any message is nested: protoc allows 32 levels. */
const MOST_INDEXES = 64;
const FIRST: readonly number[] = [0];

/** Where in its file the message of a frame is, and where its bytes begin. */
export interface MessageAt {
  /** Of the message in the file, then of the one nested in it, and so on. */
  readonly indexes: readonly number[];
  readonly from: number;
}

/**
 * The indexes a frame begins with: a zigzag count and so many zigzag numbers; a single 0 stands for the first message. The form of
 * https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 * @throws Undecodable
 */
export function readIndexes(frame: Frame): MessageAt {
  const { bytes, from, to } = frame;
  if (from < to && bytes[from] === 0) return { indexes: FIRST, from: from + 1 };
  const wire = wireOf(bytes, from, to);
  const count = readIndex(wire);
  if (count === 0) return { indexes: FIRST, from: wire.at };
  if (count > MOST_INDEXES) throw new Undecodable(`names its message by more than ${MOST_INDEXES} indexes`);
  const indexes: number[] = [];
  for (let i = 0; i < count; i++) indexes.push(readIndex(wire));
  return { indexes, from: wire.at };
}

function readIndex(wire: Wire): number {
  readVarint(wire);
  if (wire.high !== 0 || wire.low % 2 === 1) throw new Undecodable('names its message by an index that no message can have');
  return wire.low / 2;
}
