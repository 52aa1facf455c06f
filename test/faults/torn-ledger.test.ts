/**
 * The ledger's file is cut short or has other bytes: the gateway starts with all it knew, or refuses loudly, and never goes on with less.
 * `SLUICE_TEARS=400 npm run test:faults` is the long form.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createLedger } from '../../src/dedupe/ledgers/ledger.ts';
import { openLmdbStore } from '../../src/dedupe/ledgers/lmdb.ts';
import { seededRandom } from '../support/random.ts';

const TEARS = Number(process.env['SLUICE_TEARS'] ?? 16);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
const STREAM = (partition: number): string => `corders\0default\x000\0orders\x00${partition}`;
const root = mkdtempSync('/tmp/sluice-torn-');
const whole = join(root, 'whole');
let file: Buffer;
let content: string;

/** What a process says that opens the ledger in the directory; how it died when it does not get so far. */
async function opened(directory: string): Promise<string> {
  const script = join(import.meta.dirname, '..', 'support', 'open-ledger.js');
  try {
    return (await promisify(execFile)(process.execPath, [script, directory], { timeout: 20_000 })).stdout;
  } catch (error) {
    return `died: ${String((error as { signal?: string }).signal)}`;
  }
}

/** The ledger with another file. */
async function withFile(change: (path: string) => void): Promise<string> {
  const directory = join(root, 'torn');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const path = join(directory, 'ledger.mdb');
  writeFileSync(path, file);
  change(path);
  return await opened(directory);
}

before(async () => {
  const ledger = await createLedger(await openLmdbStore(whole), { now: () => 0, retentionMs: 3_600_000 });
  for (let i = 0; i < 400; i++) {
    const id = `0198c5a0-0000-7000-8000-${String(i).padStart(12, '0')}`;
    const runs = [{ stream: STREAM(i % 20), from: BigInt(i * 7), row: 0, count: 5 }];
    await ledger.begin({ id, table: { database: 'a', table: 'b' }, rowCount: 5, begunAt: 1, runs, digests: new Map() });
    if (i % 50 !== 49) ledger.commit(id);
  }
  await ledger.close();
  file = readFileSync(join(whole, 'ledger.mdb'));
  cpSync(whole, join(root, 'kept'), { recursive: true });
  content = await opened(whole);
});
after(() => rmSync(root, { recursive: true, force: true }));

test('the file as it is opens with what was written', async () => {
  assert.match(content, /^\{"streams":\[\["corders/);
  assert.equal(await withFile(() => undefined), content);
});

test('a file that is cut short is refused, unless what is gone was of no use any more', async () => {
  for (const length of [file.length - 1, file.length - 4096]) {
    const result = await withFile((path) => truncateSync(path, length));
    if (result !== content) assert.match(result, /^refused: The ledger is damaged/, `cut at ${length}`);
  }
  for (const length of [Math.floor(file.length / 2), 8192, 4096, 100, 0]) {
    assert.match(await withFile((path) => truncateSync(path, length)), /^refused: The ledger is damaged/, `cut at ${length}`);
  }
});

test(`${TEARS} pages with other bytes (seed ${SEED})`, async (t) => {
  const random = seededRandom(SEED);
  const seen = { same: 0, refused: 0, died: 0 };
  for (let i = 0; i < TEARS; i++) {
    const bytes = Buffer.from(file);
    const at = 8192 + Math.floor(random() * (file.length - 8192));
    const length = 1 + Math.floor(random() * 64);
    for (let p = at; p < Math.min(bytes.length, at + length); p++) bytes[p] = Math.floor(random() * 256);
    const result = await withFile((path) => writeFileSync(path, bytes));
    if (result === content) seen.same += 1;
    else if (result.startsWith('refused: ')) seen.refused += 1;
    else {
      assert.match(result, /^died: SIG/, `bytes ${at} to ${at + length}`);
      seen.died += 1;
    }
  }
  t.diagnostic(`${seen.same} touched nothing in use, ${seen.refused} were refused, ${seen.died} ended the process`);
  assert.equal(seen.same + seen.refused + seen.died, TEARS);
});
