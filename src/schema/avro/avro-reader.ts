import { Undecodable } from '../undecodable.ts';

/** Bytes of one datum, of which not one more is read than there are. */
export interface AvroReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
  /** Levels of containers around `at`, and most of them. */
  depth: number;
  readonly deepest: number;
}

/** A reader of `bytes[at, end)`. */
export function avroReader(bytes: Buffer, at: number, end: number, deepest: number): AvroReader {
  return { bytes, at, end, depth: 0, deepest };
}

function ended(): Undecodable {
  return new Undecodable('ends before it is complete');
}

/** One byte. @throws Undecodable */
export function readByte(reader: AvroReader): number {
  if (reader.at >= reader.end) throw ended();
  return reader.bytes[reader.at++]!;
}

/** Steps over so many bytes and returns where they begin. @throws Undecodable */
export function take(reader: AvroReader, count: number): number {
  const from = reader.at;
  if (count > reader.end - from) throw ended();
  reader.at = from + count;
  return from;
}

/** A zigzag integer of at most 64 bits: a number while that is exact. @throws Undecodable when it has more. */
export function readLong(reader: AvroReader): number | bigint {
  const { bytes, end } = reader;
  const from = reader.at;
  let at = from;
  let low = 0;
  let shift = 1;
  // Seven bytes are 49 bits.
  const near = Math.min(end, from + 7);
  while (at < near) {
    const byte = bytes[at++]!;
    low += (byte & 0x7f) * shift;
    if (byte < 0x80) {
      reader.at = at;
      return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
    }
    shift *= 128;
  }
  return readWide(reader, at, low);
}

function readWide(reader: AvroReader, from: number, low: number): bigint {
  const { bytes, end } = reader;
  let at = from;
  let value = BigInt(low);
  for (let shift = 49n; ; shift += 7n) {
    if (at >= end) throw ended();
    const byte = bytes[at++]!;
    // The tenth byte is the 64th bit.
    if (shift === 63n && byte > 1) throw new Undecodable('has an integer of more than 64 bits');
    value += BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  reader.at = at;
  return value & 1n ? -((value + 1n) / 2n) : value / 2n;
}

/** An int: 32 bits. @throws Undecodable */
export function readInt(reader: AvroReader): number {
  const value = readLong(reader);
  if (typeof value === 'bigint' || value > 0x7fffffff || value < -0x80000000) throw new Undecodable('has an int of more than 32 bits');
  return value;
}

/** The length of bytes that follow, all of which are there. @throws Undecodable */
export function readLength(reader: AvroReader): number {
  const length = readLong(reader);
  if (length < 0) throw new Undecodable('has bytes of a negative length');
  if (length > reader.end - reader.at) throw ended();
  return Number(length);
}

/** An index from 0 to `count` − 1. @throws Undecodable; `what` has indexes, such as `a union`. */
export function readIndex(reader: AvroReader, count: number, what: string): number {
  const index = readLong(reader);
  if (index < 0 || index >= count) throw new Undecodable(`has an index outside of ${what}, which has ${count}`);
  return Number(index);
}

/** Steps into a container. @throws Undecodable */
export function enter(reader: AvroReader): void {
  reader.depth += 1;
  if (reader.depth > reader.deepest) throw new Undecodable(`is nested deeper than ${reader.deepest} levels: raise limits.depth`);
}

/**
 * The items of an array or map, block by block. A block can say its size in bytes, which has to be true. A count is believed only as far as there are
 * bytes: an item that takes none is counted against the limit of values, by the tape.
 * @throws Undecodable
 */
export function readBlocks(reader: AvroReader, readItem: () => void): number {
  let items = 0;
  for (;;) {
    let count = readLong(reader);
    if (count === 0) return items;
    let end: number | undefined;
    if (count < 0) {
      count = -count;
      const size = readLength(reader);
      end = reader.at + size;
    }
    if (count > MOST_ITEMS) throw new Undecodable('has a block that says it has more items than any body can hold');
    for (let i = 0; i < count; i++) readItem();
    items += Number(count);
    if (end !== undefined && reader.at !== end) throw new Undecodable('has a block of another size than it says');
  }
}

/** More than any limit of values allows. */
const MOST_ITEMS = 2 ** 31;
