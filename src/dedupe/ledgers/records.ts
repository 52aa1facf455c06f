/** The entries of a ledger as bytes. A change of any of them is a new {@link FORMAT}. */
import type { Interval, KeyedEntry, Run } from '../../core/identity.ts';
import type { BegunBatch } from '../../core/ledger.ts';
import { createReader, createWriter, seal, unseal } from './codec.ts';
import type { Change } from './store.ts';

/** Version of the ledger on disk. A gateway reads its own and refuses every other. */
export const FORMAT = 1;

export const FORMAT_KEY = Buffer.from('M');
export const BATCHES = Buffer.from('B');
export const STREAMS = Buffer.from('S');
export const CHUNKS = Buffer.from('D');
export const KEYED = Buffer.from('K');

/** A change that keeps `value`, sealed. */
export function keep(key: Buffer, value: Buffer): Change {
  return { key, value: seal(key, value) };
}

export function batchKey(id: string): Buffer {
  return Buffer.concat([BATCHES, Buffer.from(id.replaceAll('-', ''), 'hex')]);
}

export function streamKey(name: string): Buffer {
  return Buffer.concat([STREAMS, Buffer.from(name)]);
}

/** Where a chunk of the stream with this number is. */
export function chunkKey(stream: number, from: bigint): Buffer {
  const key = Buffer.allocUnsafe(13);
  CHUNKS.copy(key);
  key.writeUInt32BE(stream, 1);
  key.writeBigUInt64BE(from, 5);
  return key;
}

export function chunkPlace(key: Buffer): { readonly stream: number; readonly from: bigint } {
  return { stream: key.readUInt32BE(1), from: key.readBigUInt64BE(5) };
}

/** Names of keyed streams are a letter and a hash in hex. */
export function keyedKey(stream: string): Buffer {
  return Buffer.concat([KEYED, Buffer.from(stream.slice(0, 1)), Buffer.from(stream.slice(1), 'hex')]);
}

/** A partition: its number in chunk keys, and what its chunks add up to, so that a lost one is noticed. */
export interface StreamEntry {
  readonly number: number;
  readonly chunks: number;
  readonly count: bigint;
}

export function encodeStream({ number, chunks, count }: StreamEntry): Buffer {
  const writer = createWriter();
  writer.number(number);
  writer.number(chunks);
  writer.big(count);
  return writer.bytes();
}

export function decodeStream(key: Buffer, sealed: Buffer): StreamEntry {
  const reader = createReader(unseal(key, sealed));
  return { number: reader.number(), chunks: reader.number(), count: reader.big() };
}

/** What is stored of a keyed stream. */
export interface StoredKey extends KeyedEntry {
  readonly done: readonly Interval[];
}

export function encodeKeyed({ digest, batch, committedAt, expiresAt, done }: StoredKey): Buffer {
  const writer = createWriter();
  writer.number(expiresAt);
  writer.number(committedAt);
  writer.hex(batch.replaceAll('-', ''));
  writer.hex(digest ?? '');
  for (const { from, to } of done) {
    writer.big(from);
    writer.big(to);
  }
  return writer.bytes();
}

export function decodeKeyed(key: Buffer, sealed: Buffer): StoredKey {
  const reader = createReader(unseal(key, sealed));
  const expiresAt = reader.number();
  const committedAt = reader.number();
  const batch = uuidOf(reader.hex());
  const digest = reader.hex();
  const done: Interval[] = [];
  while (!reader.isAtEnd()) done.push({ from: reader.big(), to: reader.big() });
  return { digest: digest === '' ? undefined : digest, batch, committedAt, expiresAt, done };
}

export function encodeBatch({ table, rowCount, begunAt, runs, digests }: BegunBatch): Buffer {
  const writer = createWriter();
  writer.text(table.database);
  writer.text(table.table);
  writer.number(rowCount);
  writer.number(begunAt);
  const names = [...new Set(runs.map(({ stream }) => stream))];
  writer.number(names.length);
  for (const name of names) {
    writer.text(name);
    writer.hex(digests.get(name) ?? '');
  }
  const numbers = new Map(names.map((name, i) => [name, i]));
  for (const { stream, from, row, count } of runs) {
    writer.number(numbers.get(stream) ?? 0);
    writer.big(from);
    writer.number(row);
    writer.number(count);
  }
  return writer.bytes();
}

export function decodeBatch(key: Buffer, sealed: Buffer): BegunBatch {
  const reader = createReader(unseal(key, sealed));
  const table = { database: reader.text(), table: reader.text() };
  const rowCount = reader.number();
  const begunAt = reader.number();
  const digests = new Map<string, string>();
  const names = Array.from({ length: reader.number() }, () => {
    const name = reader.text();
    const digest = reader.hex();
    if (digest !== '') digests.set(name, digest);
    return name;
  });
  const runs: Run[] = [];
  while (!reader.isAtEnd())
    runs.push({ stream: names[reader.number()] ?? '', from: reader.big(), row: reader.number(), count: reader.number() });
  return { id: uuidOf(key.toString('hex', BATCHES.length)), table, rowCount, begunAt, runs, digests };
}

function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
