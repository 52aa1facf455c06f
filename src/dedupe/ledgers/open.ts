import type { BegunBatch } from '../../core/ledger.ts';
import { LedgerError } from '../../core/ledger.ts';
import { damaged, unseal } from './codec.ts';
import { type Chunk, createOffsetStream, storedChunk } from './offset-stream.ts';
import type { Partition } from './positions.ts';
import * as records from './records.ts';
import type { Store } from './store.ts';

/** What is in memory of a ledger. */
export interface Opened {
  /** Begun and not settled, by id, oldest first. */
  readonly batches: Map<string, BegunBatch>;
  readonly partitions: Map<string, Partition>;
}

/**
 * Reads a ledger and checks that it is whole: every value its checksum, every partition the sum of its chunks.
 * @throws LedgerError when it is damaged, or was written by another version.
 */
export async function openLedger(store: Store): Promise<Opened> {
  await checkFormat(store);
  const batches = new Map<string, BegunBatch>();
  for (const { key, value } of store.range(records.BATCHES)) {
    const batch = records.decodeBatch(key, value);
    batches.set(batch.id, batch);
  }
  const chunks = new Map<number, Chunk[]>();
  for (const { key, value } of store.range(records.CHUNKS)) {
    const { stream, from } = records.chunkPlace(key);
    const chunk = storedChunk(from, Buffer.from(unseal(key, value)));
    const others = chunks.get(stream);
    if (others === undefined) chunks.set(stream, [chunk]);
    else others.push(chunk);
  }
  const partitions = new Map<string, Partition>();
  for (const { key, value } of store.range(records.STREAMS)) {
    const { number, chunks: chunkCount, count } = records.decodeStream(key, value);
    const offsets = createOffsetStream(chunks.get(number));
    if (offsets.chunkCount() !== chunkCount || offsets.count() !== count) throw damaged();
    partitions.set(key.toString('utf8', records.STREAMS.length), { number, offsets });
    chunks.delete(number);
  }
  if (chunks.size > 0) throw damaged();
  return { batches, partitions };
}

async function checkFormat(store: Store): Promise<void> {
  const sealed = store.get(records.FORMAT_KEY);
  if (sealed === undefined) {
    for (const _ of store.range(Buffer.alloc(0))) throw damaged();
    await store.write([records.keep(records.FORMAT_KEY, Buffer.of(records.FORMAT))]);
    return;
  }
  const format = unseal(records.FORMAT_KEY, sealed)[0];
  if (format !== records.FORMAT) {
    const message = `The ledger was written by another version of Sluice (format ${format}, this one reads ${records.FORMAT}): run that version, or move the ledger's directory away to start with an empty one`;
    throw new LedgerError('broken', message);
  }
}
