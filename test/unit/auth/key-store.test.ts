import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { firstStartKey } from '../../../src/auth/first-start.ts';
import { changeKeyFile, readKeyFile } from '../../../src/auth/key-file.ts';
import type { KeyStore } from '../../../src/auth/key-store.ts';
import { createKey } from '../../../src/auth/keys.ts';
import { addKey, configured, store, temporaryKeyFile, until } from './auth-support.ts';

const FREE_FORM = 'any text, of any form';

function holder(keys: KeyStore, text: string, id?: string): string | undefined {
  return keys.find(Buffer.from(text), id)?.id;
}

test('finds the holder of a key of the file and of the configuration', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  const made = createKey('made', []);
  const keys = store(t, { file, configured: [configured('old', FREE_FORM), made.stored] });
  assert.equal(holder(keys, text), 'connect');
  assert.equal(holder(keys, FREE_FORM), 'old');
  assert.equal(holder(keys, made.text), 'made');
  assert.equal(holder(keys, `${text}x`), undefined);
  assert.equal(holder(keys, text.slice(0, -1)), undefined);
  assert.equal(holder(keys, ''), undefined);
});

test('with an id only that holder counts', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  const keys = store(t, { file, configured: [configured('a', FREE_FORM), configured('b', FREE_FORM)] });
  assert.equal(holder(keys, text, 'connect'), 'connect');
  assert.equal(holder(keys, text, 'other'), undefined);
  assert.equal(holder(keys, text, ''), undefined);
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => holder(keys, FREE_FORM, id)),
    ['a', 'b', undefined],
  );
});

test('the same id in the file and the configuration: both keys count', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'default', [{ pipeline: 'a', can: ['write'] }]);
  const keys = store(t, { file, configured: [configured('default', FREE_FORM, [{ pipeline: 'b', can: ['write'] }])] });
  assert.equal(keys.find(Buffer.from(text))?.can('write', 'a'), true);
  assert.equal(keys.find(Buffer.from(text))?.can('write', 'b'), false);
  assert.equal(keys.find(Buffer.from(FREE_FORM))?.can('write', 'b'), true);
  assert.equal(keys.find(Buffer.from(FREE_FORM))?.can('write', 'a'), false);
});

test('grants: only the operations and pipelines they name', (t) => {
  const grants = [
    { pipeline: 'orders', can: ['write', 'read'] },
    { pipeline: '*', can: ['admin'] },
  ] as const;
  const keys = store(t, { file: temporaryKeyFile(t), configured: [configured('a', FREE_FORM, grants)] });
  const can = keys.find(Buffer.from(FREE_FORM))?.can ?? assert.fail();
  const table = (['write', 'read', 'admin'] as const).map((operation) =>
    ['orders', 'other', '*'].map((pipeline) => can(operation, pipeline)),
  );
  assert.deepEqual(table, [
    [true, false, false],
    [true, false, false],
    [true, true, true],
  ]);
});

test('an added key counts and a revoked one does not, within a second and without a restart', async (t) => {
  const file = temporaryKeyFile(t);
  const reloads: number[] = [];
  const keys = store(t, { file, configured: [], onReload: (count) => reloads.push(count) });
  const first = await addKey(file, 'first');
  await until(() => holder(keys, first) === 'first', 1000);
  const second = await addKey(file, 'second');
  await until(() => holder(keys, second) === 'second', 1000);
  await changeKeyFile(file, (all) => all.filter(({ id }) => id !== 'first'));
  await until(() => holder(keys, first) === undefined, 1000);
  assert.equal(holder(keys, second), 'second');
  assert.deepEqual(reloads, [1, 2, 1]);
});

test('a change that keeps size and time is seen all the same', async (t) => {
  const file = temporaryKeyFile(t);
  const keys = store(t, { file, configured: [], pollMs: 60_000 });
  for (const id of ['aa', 'bb', 'cc', 'dd']) {
    const { text, stored } = createKey(id, []);
    await changeKeyFile(file, () => [{ ...stored, created: '2026-11-24T10:00:00.000Z' }]);
    keys.refresh();
    assert.equal(holder(keys, text), id);
  }
});

test('a deleted file is no keys', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  const keys = store(t, { file, configured: [], pollMs: 60_000 });
  rmSync(file);
  keys.refresh();
  assert.equal(holder(keys, text), undefined);
  assert.equal(keys.isEmpty(), true);
});

test('a file that becomes damaged is told once, and the keys read last go on', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  const good = readFileSync(file);
  const told: string[] = [];
  const keys = store(t, { file, configured: [], pollMs: 60_000, onProblem: ({ message }) => told.push(message) });
  writeFileSync(file, '{');
  keys.refresh();
  keys.refresh();
  assert.deepEqual(told, [`The key file ${file} is not JSON: restore it from a copy, or delete it and add the keys again`]);
  assert.equal(holder(keys, text), 'connect');
  writeFileSync(file, good);
  keys.refresh();
  assert.equal(holder(keys, text), 'connect');
  assert.equal(told.length, 1);
});

test('a store does not open on a damaged file', (t) => {
  const file = temporaryKeyFile(t);
  writeFileSync(file, '{');
  assert.throws(() => store(t, { file, configured: [] }), { name: 'KeyFileError' });
});

test('a closed store watches no more', async (t) => {
  const file = temporaryKeyFile(t);
  let reloads = 0;
  const keys = store(t, { file, configured: [], pollMs: 5, onReload: () => reloads++ });
  keys.close();
  const text = await addKey(file, 'late');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(reloads, 0);
  assert.equal(holder(keys, text), undefined);
});

test('every key, right, wrong or of an unknown id, takes one hash and the same comparisons of whole digests', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  const entries = [configured('a', FREE_FORM), configured('b', 'second of its kind'), configured('c', 'third of its kind')];
  const keys = store(t, { file, configured: entries, pollMs: 60_000 });
  const compare = t.mock.method(crypto, 'timingSafeEqual');
  const hash = t.mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  for (const [key, id] of [
    [text, undefined],
    [`${text.slice(0, -1)}~`, undefined],
    [`unknown_${text.slice(-43)}`, undefined],
    [FREE_FORM, undefined],
    ['third of its kind', 'c'],
    ['third of its kind', 'a'],
    ['', undefined],
  ] as const) {
    compare.mock.resetCalls();
    hash.mock.resetCalls();
    keys.find(Buffer.from(key), id);
    assert.equal(hash.mock.callCount(), 1, key);
    assert.deepEqual(
      compare.mock.calls.map(({ arguments: [a, b] }) => [a.byteLength, b.byteLength]),
      Array.from({ length: 1 + entries.length }, () => [32, 32]),
      key,
    );
  }
});

test('the first start makes one key that may do everything, once', async (t) => {
  const file = temporaryKeyFile(t);
  const keys = store(t, { file, configured: [], pollMs: 60_000 });
  const text = (await firstStartKey(keys)) ?? assert.fail('no key');
  assert.match(text, /^default_[A-Za-z0-9_-]{43}$/);
  const principal = keys.find(Buffer.from(text));
  assert.equal(principal?.id, 'default');
  assert.deepEqual(
    (['write', 'read', 'admin'] as const).map((operation) => principal?.can(operation, 'anything')),
    [true, true, true],
  );
  assert.equal(await firstStartKey(keys), undefined);
  assert.deepEqual(
    readKeyFile(file).map(({ id, grants }) => ({ id, grants })),
    [{ id: 'default', grants: [{ pipeline: '*', can: ['write', 'read', 'admin'] }] }],
  );
});

test('the first start makes no key when there is one in the configuration or the file', async (t) => {
  const file = temporaryKeyFile(t);
  assert.equal(await firstStartKey(store(t, { file, configured: [configured('a', FREE_FORM)] })), undefined);
  assert.deepEqual(readKeyFile(file), []);
  const late = store(t, { file, configured: [], pollMs: 60_000 });
  await addKey(file, 'connect');
  assert.equal(await firstStartKey(late), undefined);
  assert.deepEqual(
    readKeyFile(file).map(({ id }) => id),
    ['connect'],
  );
});

test('a start after all keys were revoked makes none', async (t) => {
  const file = temporaryKeyFile(t);
  await addKey(file, 'connect');
  await changeKeyFile(file, () => []);
  assert.equal(await firstStartKey(store(t, { file, configured: [], pollMs: 60_000 })), undefined);
  assert.deepEqual(readKeyFile(file), []);
});

test('two first starts at once make one key', async (t) => {
  const file = temporaryKeyFile(t);
  const starts = await Promise.all([1, 2, 3].map(async () => await firstStartKey(store(t, { file, configured: [], pollMs: 60_000 }))));
  assert.equal(starts.filter((text) => text !== undefined).length, 1);
  assert.equal(readKeyFile(file).length, 1);
});
