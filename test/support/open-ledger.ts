/** Prints what the ledger in a directory holds, or why it cannot be opened. A process of its own, because a broken file may end it. */

import { LedgerError } from '../../src/core/ledger.ts';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { openLmdbStore } from '../../src/dedupe/ledgers/lmdb.ts';

/** What the ledger says of streams and batches, as text. */
async function contentOf(directory: string): Promise<string> {
  const ledger = await createLedger(await openLmdbStore(directory), { now: () => 0, retentionMs: 3_600_000 });
  const streams = ledger.streams('').map(({ stream, intervals }) => [stream, intervals.map(({ from, to }) => `${from}-${to}`)]);
  const content = JSON.stringify({ streams, inDoubt: ledger.inDoubt().map(({ id }) => id) });
  await ledger.close();
  return content;
}

try {
  process.stdout.write(await contentOf(process.argv[2] ?? ''));
} catch (error) {
  process.stdout.write(error instanceof LedgerError ? `refused: ${error.message}` : `unexpected: ${String(error)}`);
}
