import { Undecodable } from '../undecodable.ts';

/** Wire types of https://protobuf.dev/programming-guides/encoding/#structure. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const GROUP = 3;
export const GROUP_END = 4;
export const FIXED32 = 5;

/** Bytes of which not one more is read than there are. */
export interface Wire {
  bytes: Buffer;
  at: number;
  /** Exclusive. */
  end: number;
  /** The halves of the varint read last, unsigned. */
  low: number;
  high: number;
}

/** A reader of `bytes[at, end)`. */
export function wireOf(bytes: Buffer, at: number, end: number): Wire {
  return { bytes, at, end, low: 0, high: 0 };
}

export function ended(): Undecodable {
  return new Undecodable('ends before it is complete');
}

/** A varint into `low` and `high`. @throws Undecodable when it has more than 64 bits. */
export function readVarint(wire: Wire): void {
  const { bytes, end } = wire;
  let at = wire.at;
  let low = 0;
  // Four bytes are 28 bits.
  for (let shift = 0; shift < 28; shift += 7) {
    if (at >= end) throw ended();
    const byte = bytes[at++]!;
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      wire.at = at;
      wire.low = low;
      wire.high = 0;
      return;
    }
  }
  readWide(wire, at, low);
}

function readWide(wire: Wire, from: number, start: number): void {
  const { bytes, end } = wire;
  let at = from;
  if (at >= end) throw ended();
  let byte = bytes[at++]!;
  const low = start | ((byte & 0x7f) << 28);
  let high = (byte & 0x7f) >> 4;
  for (let shift = 3; byte >= 0x80; shift += 7) {
    if (at >= end) throw ended();
    byte = bytes[at++]!;
    // The tenth byte is the 64th bit.
    if (shift === 31 && byte > 1) throw new Undecodable('has an integer of more than 64 bits');
    high |= (byte & 0x7f) << shift;
  }
  wire.at = at;
  wire.low = low >>> 0;
  wire.high = high >>> 0;
}

/** The number of a field and its wire type, as `number << 3 | type`, unsigned. @throws Undecodable */
export function readTag(wire: Wire): number {
  readVarint(wire);
  if (wire.high !== 0) throw new Undecodable('has a field with a number over 2^29 − 1');
  if (wire.low < 8) throw new Undecodable('has a field with the number 0');
  return wire.low;
}

/** The length of bytes that follow, all of which are there. @throws Undecodable */
export function readLength(wire: Wire): number {
  readVarint(wire);
  if (wire.high !== 0 || wire.low > wire.end - wire.at) throw ended();
  return wire.low;
}

/** Steps over so many bytes and returns where they begin. @throws Undecodable */
export function take(wire: Wire, count: number): number {
  const from = wire.at;
  if (count > wire.end - from) throw ended();
  wire.at = from + count;
  return from;
}

/**
 * Steps over the value of a field and returns where its content ends, which for a group is before its end tag.
 * `levels`: groups that may be inside of each other.
 * @throws Undecodable
 */
export function skipValue(wire: Wire, tag: number, levels: number): number {
  switch (tag & 7) {
    case VARINT:
      readVarint(wire);
      return wire.at;
    case FIXED64:
      take(wire, 8);
      return wire.at;
    case LENGTH:
      take(wire, readLength(wire));
      return wire.at;
    case GROUP:
      return skipGroup(wire, tag, levels);
    case FIXED32:
      take(wire, 4);
      return wire.at;
    default:
      throw new Undecodable((tag & 7) === GROUP_END ? 'ends a group that did not begin' : 'has a field of a wire type that does not exist');
  }
}

function skipGroup(wire: Wire, tag: number, levels: number): number {
  if (levels <= 0) throw new Undecodable('has groups nested too deep: raise limits.depth');
  for (;;) {
    const before = wire.at;
    const inner = readTag(wire);
    // The tag of its end has the same number.
    if (inner === tag + 1) return before;
    skipValue(wire, inner, levels - 1);
  }
}
