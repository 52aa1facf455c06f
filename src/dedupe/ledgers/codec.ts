/**
 * Numbers, texts and checksums as bytes.
 *
 * Invariant: what was written reads back the same, and bytes that were not written so are an error. Proved by `test/property/ledger-codec.test.ts`.
 */
import { crc32 } from 'node:zlib';
import { LedgerError } from '../../core/ledger.ts';

/** Appends numbers and texts to one buffer. Whole numbers are LEB128: seven bits a byte, lowest first. */
export interface Writer {
  number(value: number): void;
  big(value: bigint): void;
  text(value: string): void;
  /** `value` in hex, of even length. */
  hex(value: string): void;
  bytes(): Buffer;
}

/** Reads what a {@link Writer} wrote, in the same order. @throws LedgerError when the bytes end early. */
export interface Reader {
  number(): number;
  big(): bigint;
  text(): string;
  hex(): string;
  isAtEnd(): boolean;
}

/** A writer without anything in it. */
export function createWriter(): Writer {
  let buffer = Buffer.allocUnsafe(256);
  let length = 0;
  const reserve = (extra: number): void => {
    if (length + extra <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + extra));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  const writer: Writer = {
    number(value) {
      reserve(8);
      let rest = value;
      while (rest > 127) {
        buffer[length++] = (rest % 128) | 128;
        rest = Math.floor(rest / 128);
      }
      buffer[length++] = rest;
    },
    big(value) {
      if (value <= Number.MAX_SAFE_INTEGER) return writer.number(Number(value));
      reserve(10);
      let rest = value;
      while (rest > 127n) {
        buffer[length++] = Number(rest & 127n) | 128;
        rest >>= 7n;
      }
      buffer[length++] = Number(rest);
    },
    text(value) {
      const size = Buffer.byteLength(value);
      writer.number(size);
      reserve(size);
      length += buffer.write(value, length, 'utf8');
    },
    hex(value) {
      const size = value.length / 2;
      writer.number(size);
      reserve(size);
      length += buffer.write(value, length, 'hex');
    },
    bytes: () => buffer.subarray(0, length),
  };
  return writer;
}

/** A reader from the first byte on. */
export function createReader(bytes: Buffer): Reader {
  let at = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw damaged();
    return byte;
  };
  const reader: Reader = {
    number() {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = next();
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    },
    big() {
      let value = 0n;
      let shift = 0n;
      for (;;) {
        const byte = next();
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) return value;
        shift += 7n;
      }
    },
    text: () => slice().toString('utf8'),
    hex: () => slice().toString('hex'),
    isAtEnd: () => at >= bytes.length,
  };
  const slice = (): Buffer => {
    const size = reader.number();
    if (at + size > bytes.length) throw damaged();
    at += size;
    return bytes.subarray(at - size, at);
  };
  return reader;
}

const CHECKSUM_BYTES = 4;

/** The value with a checksum over it and its key, so that neither a changed byte nor a value in the wrong place passes. */
export function seal(key: Buffer, value: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  value.copy(sealed);
  sealed.writeUInt32LE(crc32(value, crc32(key)), value.length);
  return sealed;
}

/** The value of {@link seal}. @throws LedgerError when it is not what was sealed. */
export function unseal(key: Buffer, sealed: Buffer): Buffer {
  const end = sealed.length - CHECKSUM_BYTES;
  const value = sealed.subarray(0, Math.max(0, end));
  if (end < 0 || sealed.readUInt32LE(end) !== crc32(value, crc32(key))) throw damaged();
  return value;
}

/** The ledger's bytes are not what was written. */
export function damaged(cause?: unknown): LedgerError {
  const message =
    'The ledger is damaged, so what was written already is not known: restore its directory, or move it away to start with an empty one (records sent again are then written again)';
  return new LedgerError('broken', message, cause);
}
