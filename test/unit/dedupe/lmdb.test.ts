/** What a ledger's directory can be besides an empty one or its own. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LedgerError } from '../../../src/core/ledger.ts';
import { createLedger } from '../../../src/dedupe/ledgers/ledger.ts';
import { openLmdbStore } from '../../../src/dedupe/ledgers/lmdb.ts';
import { FORMAT_KEY, keep } from '../../../src/dedupe/ledgers/records.ts';

const root = mkdtempSync('/tmp/sluice-lmdb-');
after(() => rmSync(root, { recursive: true, force: true }));
const script = join(import.meta.dirname, '..', '..', 'support', 'open-ledger.js');

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it was opened'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LedgerError, String(error));
  return error.message;
}

test('a ledger has one owner', async () => {
  const directory = join(root, 'owned');
  const store = await openLmdbStore(directory);
  const message = `The ledger in ${directory} is in use by process ${process.pid}: stop it, or set data to another directory`;
  assert.equal(spawnSync(process.execPath, [script, directory], { encoding: 'utf8' }).stdout, `refused: ${message}`);
  await store.close();
  assert.match(spawnSync(process.execPath, [script, directory], { encoding: 'utf8' }).stdout, /^\{"streams":\[\]/);
  await (await openLmdbStore(directory)).close();
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.sock')),
    [],
  );
});

test('an owner that was killed leaves the ledger to the next, one that is stopped keeps it', async () => {
  const directory = join(root, 'killed');
  const code = `import(${JSON.stringify(new URL('../../../src/dedupe/ledgers/lmdb.js', import.meta.url).href)})
    .then((m) => m.openLmdbStore(${JSON.stringify(directory)})).then(() => { console.log('open'); setInterval(() => {}, 1000); })`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => owner.stdout.once('data', resolve));
  owner.kill('SIGSTOP');
  assert.match(await refusal(openLmdbStore(directory)), new RegExp(`in use by process ${owner.pid}: `));
  owner.kill('SIGKILL');
  await new Promise((resolve) => owner.once('exit', resolve));
  const store = await openLmdbStore(directory);
  assert.equal(readdirSync(directory).filter((name) => name.endsWith('.sock')).length, 1);
  await store.close();
});

test('of many processes that start at the same moment one gets it', async () => {
  const directory = join(root, 'rush');
  // Each says what it got, and keeps it.
  const code = `import(${JSON.stringify(new URL('../../../src/dedupe/ledgers/lmdb.js', import.meta.url).href)})
    .then((m) => m.openLmdbStore(${JSON.stringify(directory)})).then(() => console.log('open'), () => console.log('refused')).then(() => setInterval(() => {}, 1000))`;
  const all = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const said = await Promise.all(
    all.map(async ({ stdout }) => await new Promise((resolve) => stdout.once('data', (chunk) => resolve(String(chunk).trim())))),
  );
  for (const each of all) each.kill('SIGKILL');
  assert.deepEqual(
    said.map(String).toSorted((a, b) => a.localeCompare(b)),
    ['open', 'refused', 'refused', 'refused', 'refused'],
  );
});

test('a path too long for a socket is no hindrance', async () => {
  const directory = join(root, 'long'.repeat(40), 'deep'.repeat(30));
  await (await openLmdbStore(directory)).close();
});

test('what is no ledger of ours is refused', async () => {
  const file = join(root, 'file');
  writeFileSync(file, 'x');
  assert.equal(
    await refusal(openLmdbStore(file)),
    `The ledger's directory ${file} is not a directory: move the file away, or set data to another directory`,
  );
  const garbage = join(root, 'garbage');
  mkdirSync(garbage);
  for (const bytes of [Buffer.alloc(40_000, 7), Buffer.alloc(100), Buffer.alloc(0)]) {
    writeFileSync(join(garbage, 'ledger.mdb'), bytes);
    assert.match(
      await refusal(openLmdbStore(garbage)),
      /^The ledger is damaged, so what was written already is not known: restore its directory/,
    );
  }
});

test('a directory that may not be written is refused', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, async () => {
  const directory = join(root, 'closed');
  mkdirSync(directory);
  chmodSync(directory, 0o500);
  assert.match(
    await refusal(openLmdbStore(directory)),
    /may not be read and written by this user: give it to the user the gateway runs as$/,
  );
});

test('a ledger of a newer format is refused by its number', async () => {
  const directory = join(root, 'newer');
  const store = await openLmdbStore(directory);
  await store.write([keep(FORMAT_KEY, Buffer.of(9))]);
  assert.match(
    await refusal(createLedger(store, { now: () => 0, retentionMs: 1 })),
    /^The ledger was written by another version of Sluice \(format 9, this one reads 1\): run that version/,
  );
  await store.close();
});
