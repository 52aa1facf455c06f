import { isUtf8 } from 'node:buffer';
import { FALSE, NUMBER, NUMBER_BINARY, NUMBER_INTEGER, STRING, STRING_ESCAPED, STRING_PLAIN, TRUE } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import { addInteger, addPlainText, addString, addWord } from '../../core/tape-builder.ts';
import { addFloat } from '../floats.ts';
import { Undecodable } from '../undecodable.ts';
import type { Constant, Scalar } from './plan.ts';
import type { Reading } from './reading.ts';
import { FIXED32, FIXED64, LENGTH, readVarint, take, VARINT } from './wire.ts';

const INTEGER = NUMBER | (NUMBER_INTEGER << 4);
const REAL = NUMBER | (NUMBER_BINARY << 4);
const PLAIN = STRING | (STRING_PLAIN << 4);
const ESCAPED = STRING | (STRING_ESCAPED << 4);

/** Up to here the halves of an integer make a number that is exact. */
const SAFE_HIGH = 2 ** 21;
const HALF = 2 ** 32;

function constant(head: number, text: string): Constant {
  return { head, text: Buffer.from(text) };
}

const ZERO = constant(INTEGER, '0');
const ZERO_REAL = constant(REAL, '0.0');
const EMPTY = constant(PLAIN, '""');
const NOT = constant(FALSE, 'false');

function int(bits: 32 | 64, signed: boolean): FieldType {
  return { kind: 'int', bits, signed };
}

function tooWide(type: string): Undecodable {
  return new Undecodable(`has a ${type} of more than 32 bits`);
}

/** Scalar types by the name they have in a schema. */
export const SCALARS: Readonly<Record<string, Scalar>> = {
  int32: varint(int(32, true), (reading) => {
    addInteger(reading.tape, int32Of(reading, 'int32'));
  }),
  uint32: varint(int(32, false), ({ wire, tape }) => {
    if (wire.high !== 0) throw tooWide('uint32');
    addInteger(tape, wire.low);
  }),
  sint32: varint(int(32, true), ({ wire, tape }) => {
    if (wire.high !== 0) throw tooWide('sint32');
    addInteger(tape, (wire.low >>> 1) ^ -(wire.low & 1));
  }),
  int64: varint(int(64, true), ({ wire: { low, high }, tape }) => {
    const signed = high | 0;
    const isSafe = signed < SAFE_HIGH && signed >= -SAFE_HIGH;
    addInteger(tape, isSafe ? signed * HALF + low : BigInt.asIntN(64, whole(low, high)));
  }),
  uint64: varint(int(64, false), ({ wire: { low, high }, tape }) => {
    addInteger(tape, high < SAFE_HIGH ? high * HALF + low : whole(low, high));
  }),
  sint64: varint(int(64, true), ({ wire: { low, high }, tape }) => {
    if (high < SAFE_HIGH) {
      const value = high * HALF + low;
      addInteger(tape, low % 2 === 0 ? value / 2 : -(value + 1) / 2);
    } else {
      const value = whole(low, high);
      addInteger(tape, (value >> 1n) ^ -(value & 1n));
    }
  }),
  bool: {
    type: { kind: 'boolean' },
    wire: VARINT,
    zero: NOT,
    write({ wire, tape }) {
      readVarint(wire);
      if (wire.high !== 0 || wire.low > 1) throw new Undecodable('has a bool that is neither 0 nor 1');
      addWord(tape, wire.low === 1 ? TRUE : FALSE, wire.low === 1 ? YES : NOT.text);
    },
  },
  fixed32: fixed(int(32, false), 4, ({ wire, tape }, at) => addInteger(tape, wire.bytes.readUInt32LE(at))),
  sfixed32: fixed(int(32, true), 4, ({ wire, tape }, at) => addInteger(tape, wire.bytes.readInt32LE(at))),
  fixed64: fixed(int(64, false), 8, ({ wire, tape }, at) => addInteger(tape, wire.bytes.readBigUInt64LE(at))),
  sfixed64: fixed(int(64, true), 8, ({ wire, tape }, at) => addInteger(tape, wire.bytes.readBigInt64LE(at))),
  float: fixed({ kind: 'float', bits: 32 }, 4, (reading, at) => addFloat(reading.tape, reading.wire.bytes.readFloatLE(at))),
  double: fixed({ kind: 'float', bits: 64 }, 8, (reading, at) => addFloat(reading.tape, reading.wire.bytes.readDoubleLE(at))),
  string: {
    type: { kind: 'string' },
    wire: LENGTH,
    zero: EMPTY,
    write({ wire, tape }) {
      checkUtf8(wire.bytes, wire.at, wire.end);
      addString(tape, wire.bytes, wire.at, wire.end);
      wire.at = wire.end;
    },
  },
  bytes: {
    type: { kind: 'bytes' },
    wire: LENGTH,
    zero: EMPTY,
    write({ wire, tape }) {
      addString(tape, wire.bytes, wire.at, wire.end);
      wire.at = wire.end;
    },
  },
};

const YES = Buffer.from('true');

/** An enum by its numbers. An open one keeps the number of a name it does not know; a closed one has no value that could be kept. */
export function enumScalar(name: string, names: ReadonlyArray<readonly [name: string, number: number]>, isOpen: boolean): Scalar {
  const words = new Map<number, Constant>();
  for (const [one, number] of names) {
    const text = JSON.stringify(one);
    // The first of several names for a number is the one that is written.
    if (!words.has(number)) words.set(number, constant(text.includes('\\') ? ESCAPED : PLAIN, text));
  }
  const first = names[0]?.[1] ?? 0;
  return {
    type: { kind: 'enum', name, names: names.map(([one]) => one) },
    wire: VARINT,
    zero: words.get(isOpen ? 0 : first) ?? constant(PLAIN, '"0"'),
    write(reading) {
      readVarint(reading.wire);
      const number = int32Of(reading, 'number of an enum');
      const word = words.get(number);
      if (word !== undefined) addWord(reading.tape, word.head, word.text);
      else if (isOpen) addPlainText(reading.tape, String(number));
      else throw new Undecodable('has a number that its enum does not have');
    },
  };
}

function varint(type: FieldType, add: (reading: Reading) => void): Scalar {
  return {
    type,
    wire: VARINT,
    zero: ZERO,
    write(reading) {
      readVarint(reading.wire);
      add(reading);
    },
  };
}

function fixed(type: FieldType, size: 4 | 8, add: (reading: Reading, at: number) => void): Scalar {
  return {
    type,
    wire: size === 4 ? FIXED32 : FIXED64,
    zero: type.kind === 'float' ? ZERO_REAL : ZERO,
    write: (reading) => add(reading, take(reading.wire, size)),
  };
}

/** A negative number of 32 bits is written as one of 64; some producers leave the upper half out. */
function int32Of({ wire: { low, high } }: Reading, type: string): number {
  if (high !== 0 && (high !== 0xffffffff || low < 0x80000000)) throw tooWide(type);
  return low | 0;
}

function whole(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The varint that was read last, as a signed integer of 64 bits. */
export function signed64({ low, high }: { readonly low: number; readonly high: number }): bigint {
  return BigInt.asIntN(64, whole(low, high));
}

/** @throws Undecodable */
export function checkUtf8(bytes: Buffer, from: number, to: number): void {
  for (let p = from; p < to; p++) {
    if (bytes[p]! < 0x80) continue;
    if (!isUtf8(bytes.subarray(p, to))) throw new Undecodable('has a string that is not UTF-8');
    return;
  }
}
