/**
 * `node dist/test/bench/ledger-size.js`: how large the ledger is on disk, and in how long it opens, after 100 million offsets in 100 partitions of which one
 * in a hundred is missing. `--offsets n` for another number a partition.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Run } from '../../src/core/identity.ts';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { openLmdbStore } from '../../src/dedupe/ledgers/lmdb.ts';
import { createIds } from '../../src/ops/ids.ts';

const { values: flags } = parseArgs({ options: { offsets: { type: 'string', default: '1000000' } } });
const OFFSETS = Number(flags.offsets);
const PARTITIONS = 100;
const BATCH = 10_000;
const options = { now: Date.now, retentionMs: 3_600_000 };
const directory = mkdtempSync('/tmp/sluice-ledger-size-');
const newId = createIds(Date.now);

/** Offsets from … from + BATCH − 1 without every hundredth, which is where a partition leaves them out by chance. */
function runsOf(stream: string, from: number): Run[] {
  return Array.from({ length: BATCH / 100 }, (_, i) => ({ stream, from: BigInt(from + i * 100), row: i * 99, count: 99 }));
}

const ledger = await createLedger(await openLmdbStore(directory), options);
const started = performance.now();
for (let from = 0; from < OFFSETS; from += BATCH) {
  const batches = Array.from({ length: PARTITIONS }, (_, partition) => {
    const runs = runsOf(`corders\0default\x000\0orders\x00${partition}`, from);
    return {
      id: newId(),
      table: { database: 'shop', table: 'orders' },
      rowCount: runs.length * 99,
      begunAt: Date.now(),
      runs,
      digests: new Map(),
    };
  });
  await Promise.all(batches.map(async (batch) => await ledger.begin(batch)));
  for (const { id } of batches) ledger.commit(id);
}
await ledger.flush();
const seconds = (performance.now() - started) / 1000;
await ledger.close();
const opening = performance.now();
const again = await createLedger(await openLmdbStore(directory), options);
const openMs = performance.now() - opening;
const known = again.streams('c').reduce((sum, { count }) => sum + count, 0n);
const { size } = statSync(join(directory, 'ledger.mdb'));
const { rss } = process.memoryUsage();
console.log(
  `${known} of ${PARTITIONS * OFFSETS} offsets in ${PARTITIONS} partitions: ${(size / 2 ** 20).toFixed(1)} MiB on disk, written in ${seconds.toFixed(1)} s, opened in ${openMs.toFixed(0)} ms, process ${(rss / 2 ** 20).toFixed(0)} MiB`,
);
await again.close();
rmSync(directory, { recursive: true });
