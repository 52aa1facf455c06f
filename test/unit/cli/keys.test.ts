import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readKeyFile } from '../../../src/auth/key-file.ts';
import { openKeyStore } from '../../../src/auth/key-store.ts';
import { sluice } from './cli-support.ts';

interface Place {
  readonly directory: string;
  readonly file: string;
  readonly run: (...argv: string[]) => ReturnType<typeof sluice>;
}

const CONFIG = `
data: ./store
auth: { keys: [{ id: fixed, hash: "sha256:${'0'.repeat(64)}", grants: [{ pipeline: orders, can: [read] }] }] }
pipelines: { orders: {}, payments: {} }
`;

/** A working directory with a configuration file and no keys. */
function place(t: TestContext): Place {
  const directory = mkdtempSync('/tmp/sluice-cli-');
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'sluice.yaml'), CONFIG);
  const env = { SLUICE_CONFIG: 'sluice.yaml' };
  return { directory, file: join(directory, 'store', 'keys.json'), run: async (...argv) => await sluice(argv, { cwd: directory, env }) };
}

test('add prints the key alone on stdout, and keeps its hash', async (t) => {
  const { run, file } = place(t);
  const { code, out, err } = await run('keys', 'add', 'connect', '--pipeline', 'orders');
  assert.equal(code, 0);
  assert.match(out, /^connect_[A-Za-z0-9_-]{43}\n$/);
  assert.equal(err, `This key may write on orders. It is shown this once: only its hash is kept, in ${file}.\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const [stored] = readKeyFile(file);
  assert.deepEqual(stored?.grants, [{ pipeline: 'orders', can: ['write'] }]);
  assert.ok(Math.abs(Date.parse(stored?.created ?? '') - Date.now()) < 60_000);
  const keys = openKeyStore({ file, configured: [] });
  t.after(() => keys.close());
  assert.equal(keys.find(Buffer.from(out.trim()))?.id, 'connect');
});

test('grants: every pipeline and write unless told otherwise', async (t) => {
  const { run, file } = place(t);
  await run('keys', 'add', 'a');
  await run('keys', 'add', 'b', '--pipeline', 'orders', '--pipeline', 'payments', '--can', 'admin,write', '--can', 'read');
  await run('keys', 'add', 'c', '--pipeline', '*', '--pipeline', '*', '--can', 'read');
  assert.deepEqual(
    readKeyFile(file).map(({ grants }) => grants),
    [
      [{ pipeline: '*', can: ['write'] }],
      [
        { pipeline: 'orders', can: ['write', 'read', 'admin'] },
        { pipeline: 'payments', can: ['write', 'read', 'admin'] },
      ],
      [{ pipeline: '*', can: ['read'] }],
    ],
  );
});

test('add --json gives the key and the hash that can go into the configuration', async (t) => {
  const { run, directory } = place(t);
  const { code, out, err } = await run('keys', 'add', 'connect', '--can', 'read', '--json');
  assert.equal(code, 0);
  assert.equal(err, '');
  const { key, hash, ...rest } = JSON.parse(out) as { key: string; hash: string };
  assert.deepEqual(rest, { id: 'connect', grants: [{ pipeline: '*', can: ['read'] }] });
  const yaml = `auth: { keys: [{ id: connect, hash: "${hash}", grants: [{ pipeline: "*", can: [read] }] }] }`;
  writeFileSync(join(directory, 'other.yaml'), yaml);
  assert.equal((await run('check', '--config', 'other.yaml')).code, 0);
  assert.match(key, /^connect_/);
});

test('--data needs no configuration, and takes pipelines it cannot know', async (t) => {
  const { directory } = place(t);
  const { code } = await sluice(['keys', 'add', 'connect', '--data', 'elsewhere', '--pipeline', 'unheard-of'], { cwd: directory });
  assert.equal(code, 0);
  assert.deepEqual(readKeyFile(join(directory, 'elsewhere', 'keys.json'))[0]?.grants, [{ pipeline: 'unheard-of', can: ['write'] }]);
});

test('SLUICE_DATA says where the keys are, too', async (t) => {
  const { directory } = place(t);
  await sluice(['keys', 'add', 'connect'], { cwd: directory, env: { SLUICE_DATA: 'by-env' } });
  assert.equal(readKeyFile(join(directory, 'by-env', 'keys.json'))[0]?.id, 'connect');
});

test('what add refuses, and that it then changes nothing', async (t) => {
  const { run, file } = place(t);
  await run('keys', 'add', 'taken');
  const before = readFileSync(file, 'utf8');
  const id =
    'The <id> must be lower-case letters, digits and -, beginning with a letter or digit, at most 64 characters. See sluice keys add --help.\n';
  const cases: ReadonlyArray<readonly [argv: string[], code: number, err: string]> = [
    [[], 2, 'The <id> is missing. See sluice keys add --help.\n'],
    [['A'], 2, id],
    [['a_b'], 2, id],
    [
      ['a', '--can', 'wirte'],
      2,
      'Option --can takes write, read and admin, with commas between: did you mean write? See sluice keys add --help.\n',
    ],
    [['a', '--can', 'write,'], 2, 'Option --can takes write, read and admin, with commas between. See sluice keys add --help.\n'],
    [['a', '--data', 'x', '--config', 'y'], 2, 'Give --data or --config, not both. See sluice keys add --help.\n'],
    [['a', '--pipeline', 'ordres'], 1, 'The configuration has no pipeline of that name: did you mean orders?\n'],
    [['a', '--pipeline', 'x'], 1, 'The configuration has no pipeline of that name: it has orders, payments.\n'],
    [['taken'], 1, 'There is a key with the id taken: choose another id, or revoke that key first.\n'],
    [['fixed'], 1, 'The configuration has a key with the id fixed: choose another id.\n'],
  ];
  for (const [argv, code, err] of cases) assert.deepEqual(await run('keys', 'add', ...argv), { code, out: '', err });
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('list shows ids and grants, never keys or hashes', async (t) => {
  const { run, file } = place(t);
  const added = await run('keys', 'add', 'connect', '--pipeline', 'orders', '--pipeline', 'payments', '--can', 'write,read');
  const [{ hash, created } = assert.fail()] = readKeyFile(file);
  const { code, out, err } = await run('keys', 'list');
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  assert.equal(
    out,
    [
      'ID       KEPT IN        MADE                      MAY',
      'fixed    configuration  -                         read on orders',
      `connect  file           ${created}  write, read on orders; write, read on payments`,
      '',
    ].join('\n'),
  );
  const json = await run('keys', 'list', '--json');
  assert.deepEqual(JSON.parse(json.out), [
    { id: 'fixed', grants: [{ pipeline: 'orders', can: ['read'] }], created: null, source: 'configuration' },
    {
      id: 'connect',
      grants: [
        { pipeline: 'orders', can: ['write', 'read'] },
        { pipeline: 'payments', can: ['write', 'read'] },
      ],
      created,
      source: 'file',
    },
  ]);
  for (const secret of [added.out.trim().slice(-43), hash.slice('sha256:'.length), '0'.repeat(64)])
    assert.ok(!(out + json.out).includes(secret));
});

test('list of nothing says how to make a key, and makes no directory', async (t) => {
  const { directory } = place(t);
  assert.deepEqual(await sluice(['keys', 'list', '--data', 'none'], { cwd: directory }), {
    code: 0,
    out: '',
    err: 'There are no keys: sluice keys add <id> makes one.\n',
  });
  assert.deepEqual(await sluice(['keys', 'list', '--data', 'none', '--json'], { cwd: directory }), { code: 0, out: '[]\n', err: '' });
  assert.equal(existsSync(join(directory, 'none')), false);
});

test('revoke removes the key and only that', async (t) => {
  const { run, file } = place(t);
  await run('keys', 'add', 'a');
  await run('keys', 'add', 'b');
  assert.deepEqual(await run('keys', 'revoke', 'a'), { code: 0, out: 'Revoked a.\n', err: '' });
  assert.deepEqual(
    readKeyFile(file).map(({ id }) => id),
    ['b'],
  );
  assert.deepEqual(await run('keys', 'revoke', 'b', '--json'), { code: 0, out: '{"id":"b","revoked":true}\n', err: '' });
  assert.deepEqual(readKeyFile(file), []);
});

test('revoke of what is not there', async (t) => {
  const { run, file } = place(t);
  await run('keys', 'add', 'connect');
  const cases: ReadonlyArray<readonly [id: string, err: string]> = [
    ['conect', `There is no key with that id in ${file}: did you mean connect?\n`],
    ['zzz', `There is no key with that id in ${file}: sluice keys list shows them.\n`],
    ['fixed', 'The key fixed comes from the configuration: remove it there.\n'],
  ];
  for (const [id, err] of cases) assert.deepEqual(await run('keys', 'revoke', id), { code: 1, out: '', err });
  assert.equal(readKeyFile(file).length, 1);
});

test('a damaged key file stops every command, with what to do', async (t) => {
  const { run, file } = place(t);
  await run('keys', 'add', 'connect');
  writeFileSync(file, '{"version":1');
  const err = `The key file ${file} is not JSON: restore it from a copy, or delete it and add the keys again.\n`;
  for (const argv of [['add', 'b'], ['list'], ['revoke', 'connect']])
    assert.deepEqual(await run('keys', ...argv), { code: 1, out: '', err });
});

test('a wrong configuration stops every command, with its problems', async (t) => {
  const { run, directory } = place(t);
  writeFileSync(join(directory, 'bad.yaml'), 'datta: x');
  assert.deepEqual(await run('keys', 'list', '--config', 'bad.yaml'), {
    code: 1,
    out: '',
    err: `${join(directory, 'bad.yaml')} has a problem:\n  Unknown key datta: did you mean data?\n`,
  });
});
