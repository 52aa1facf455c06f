import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { changeKeyFile, type FileKey, KeyFileError, keyFileIn, readKeyFile } from '../../../src/auth/key-file.ts';
import { addKey, temporaryKeyFile } from './auth-support.ts';

const KEY: FileKey = {
  id: 'connect',
  hash: `sha256:${'0'.repeat(64)}`,
  grants: [{ pipeline: '*', can: ['write'] }],
  created: '2026-11-24T10:00:00.000Z',
};

test('a file that is not there holds no keys', (t) => {
  assert.deepEqual(readKeyFile(temporaryKeyFile(t)), []);
});

test('what is written is what is read, for the owner only, with a version', async (t) => {
  const file = temporaryKeyFile(t);
  await changeKeyFile(file, () => [KEY]);
  assert.deepEqual(readKeyFile(file), [KEY]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { version: 1, keys: [KEY] });
  assert.deepEqual(readdirSync(dirname(file)), ['keys.json']);
});

test('the data directory is made when it is missing, for the owner only', async (t) => {
  const file = keyFileIn(join(dirname(temporaryKeyFile(t)), 'a', 'b'));
  await changeKeyFile(file, () => [KEY]);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  assert.deepEqual(readKeyFile(file), [KEY]);
});

test('a change replaces the file, so a reader never sees half of it', async (t) => {
  const file = temporaryKeyFile(t);
  await changeKeyFile(file, () => [KEY]);
  const before = statSync(file).ino;
  await changeKeyFile(file, (keys) => keys.map((key) => ({ ...key, id: 'other' })));
  assert.notEqual(statSync(file).ino, before);
  assert.deepEqual(readKeyFile(file), [{ ...KEY, id: 'other' }]);
});

test('the key itself is nowhere in the file', async (t) => {
  const file = temporaryKeyFile(t);
  const text = await addKey(file, 'connect');
  assert.ok(!readFileSync(file, 'utf8').includes(text.slice(-43)));
});

test('changes at the same time all count', async (t) => {
  const file = temporaryKeyFile(t);
  const ids = Array.from({ length: 20 }, (_, i) => `k${i}`);
  await Promise.all(ids.map(async (id) => await addKey(file, id)));
  assert.deepEqual(
    readKeyFile(file)
      .map(({ id }) => id)
      .toSorted(),
    ids.toSorted(),
  );
});

test('what a change throws comes through, and nothing is changed or left behind', async (t) => {
  const file = temporaryKeyFile(t);
  await changeKeyFile(file, () => [KEY]);
  const before = readFileSync(file, 'utf8');
  const refusal = new Error('no');
  await assert.rejects(
    changeKeyFile(file, () => {
      throw refusal;
    }),
    refusal,
  );
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.deepEqual(readdirSync(dirname(file)), ['keys.json']);
});

test('the lock of a process that died is taken over, a fresh one is not', async (t) => {
  const file = temporaryKeyFile(t);
  writeFileSync(`${file}.new`, 'half');
  utimesSync(`${file}.new`, new Date(), new Date(Date.now() - 11_000));
  await changeKeyFile(file, () => [KEY]);
  assert.deepEqual(readKeyFile(file), [KEY]);
  writeFileSync(`${file}.new`, 'busy');
  await assert.rejects(
    changeKeyFile(file, () => []),
    {
      name: 'KeyFileError',
      message: `The key file ${file} is being changed by another command: try again, or delete ${file}.new when there is none`,
    },
  );
  assert.equal(readFileSync(`${file}.new`, 'utf8'), 'busy');
  assert.deepEqual(readKeyFile(file), [KEY]);
});

test('a file that cannot be trusted or understood is refused with what to do', (t) => {
  const file = temporaryKeyFile(t);
  const damaged = 'restore it from a copy, or delete it and add the keys again';
  const of = (...keys: unknown[]): string => JSON.stringify({ version: 1, keys });
  const entry = (position: number): string => `has a damaged entry at position ${position}: ${damaged}`;
  const cases: ReadonlyArray<readonly [content: string, what: string]> = [
    ['', `is not JSON: ${damaged}`],
    [of(KEY).slice(0, -5), `is not JSON: ${damaged}`],
    ['[]', `is not a key file: ${damaged}`],
    ['null', `is not a key file: ${damaged}`],
    ['{}', `is not a key file: ${damaged}`],
    ['{"version":0,"keys":[]}', `is not a key file: ${damaged}`],
    ['{"version":1}', `is not a key file: ${damaged}`],
    ['{"version":2,"keys":[]}', 'was written by a newer version of sluice: use that version'],
    [of(KEY, KEY), entry(2)],
    [of(KEY, 1), entry(2)],
    [of({ ...KEY, id: 'A' }), entry(1)],
    [of({ ...KEY, id: ['a'] }), entry(1)],
    [of({ ...KEY, hash: 'sha256:00' }), entry(1)],
    [of({ ...KEY, hash: KEY.hash.replace('sha256', 'md5') }), entry(1)],
    [of({ ...KEY, created: 'yesterday' }), entry(1)],
    [of({ ...KEY, grants: {} }), entry(1)],
    [of({ ...KEY, grants: [{ pipeline: '*', can: ['all'] }] }), entry(1)],
    [of({ ...KEY, grants: [{ pipeline: '*' }] }), entry(1)],
    [of({ ...KEY, expires: '2027-01-01' }), entry(1)],
  ];
  for (const [content, what] of cases) {
    writeFileSync(file, content, { mode: 0o600 });
    assert.throws(() => readKeyFile(file), { name: 'KeyFileError', message: `The key file ${file} ${what}` }, content);
  }
});

test('a damaged file is not overwritten', async (t) => {
  const file = temporaryKeyFile(t);
  writeFileSync(file, '{"version":1,"keys":[', { mode: 0o600 });
  await assert.rejects(
    changeKeyFile(file, () => [KEY]),
    KeyFileError,
  );
  assert.equal(readFileSync(file, 'utf8'), '{"version":1,"keys":[');
  assert.equal(existsSync(`${file}.new`), false);
});

test('a file others may write is refused: they could add keys', (t) => {
  const file = temporaryKeyFile(t);
  writeFileSync(file, JSON.stringify({ version: 1, keys: [KEY] }));
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(file, mode);
    assert.throws(() => readKeyFile(file), {
      message: `The key file ${file} may be written by other users: run chmod 600 on it, and check that its keys are yours`,
    });
  }
  for (const mode of [0o600, 0o644, 0o400]) {
    chmodSync(file, mode);
    assert.deepEqual(readKeyFile(file), [KEY]);
  }
});

test('a directory in place of the file or of its directory', async (t) => {
  const file = temporaryKeyFile(t);
  mkdirSync(file, { mode: 0o700 });
  assert.throws(() => readKeyFile(file), { message: `The key file ${file} cannot be read (EISDIR): check its owner and mode` });
  const plain = join(dirname(file), 'plain');
  writeFileSync(plain, '');
  const below = keyFileIn(plain);
  await assert.rejects(
    changeKeyFile(below, () => []),
    {
      message: `The key file ${below} cannot be written (EEXIST): check its directory and the disk`,
    },
  );
});
