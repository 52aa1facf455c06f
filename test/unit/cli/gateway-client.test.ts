import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ReconcileAnswer } from '../../../src/core/ports.ts';
import { sluice } from './cli-support.ts';
import { fakeGateway, KEY } from './gateway-support.ts';

const NOTHING: ReconcileAnswer = { pipeline: 'orders', topics: [], ok: true };
const env = { SLUICE_API_KEY: KEY };

function place(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync('/tmp/sluice-cli-');
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

test('the address: --url, then SLUICE_URL, then the configuration', async (t) => {
  const gateway = await fakeGateway(t, NOTHING);
  const cwd = place(t, { 'sluice.yaml': `listen: 0.0.0.0:${gateway.port}` });
  const cases: ReadonlyArray<readonly [argv: string[], env: Record<string, string>]> = [
    [['--url', gateway.url], { SLUICE_URL: 'http://127.0.0.1:1' }],
    [['--url', `${gateway.url}/`], {}],
    [[], { SLUICE_URL: gateway.url }],
    [['--config', 'sluice.yaml'], { SLUICE_URL: 'http://127.0.0.1:1' }],
    [[], { SLUICE_CONFIG: 'sluice.yaml', SLUICE_URL: '' }],
    [[], { SLUICE_LISTEN: `127.0.0.1:${gateway.port}` }],
  ];
  for (const [argv, more] of cases) {
    const { code, err } = await sluice(['reconcile', 'or/ders', ...argv], { cwd, env: { ...env, ...more } });
    assert.deepEqual({ code, err }, { code: 0, err: '' });
  }
  assert.equal(gateway.requests.length, cases.length);
  for (const request of gateway.requests)
    assert.deepEqual(request, { url: '/v1/pipelines/or%2Fders/reconcile', authorization: `Bearer ${KEY}` });
  const below = await sluice(['reconcile', 'orders', '--url', `${gateway.url}/sluice/`], { env });
  assert.deepEqual([below.code, gateway.requests.at(-1)?.url], [0, '/sluice/v1/pipelines/orders/reconcile']);
});

test('the key: --key-file, then SLUICE_API_KEY, and never on the command line', async (t) => {
  const gateway = await fakeGateway(t, NOTHING);
  const cwd = place(t, { key: 'another-key-for-tests\n', bad: 'two words', empty: '' });
  const ask = async (...argv: string[]): Promise<[number, string]> => {
    const { code, err } = await sluice(['reconcile', 'orders', '--url', gateway.url, ...argv], { cwd, env });
    return [code, err];
  };
  assert.deepEqual(await ask('--key-file', 'key'), [0, '']);
  assert.equal(gateway.requests.at(-1)?.authorization, 'Bearer another-key-for-tests');
  assert.deepEqual(await ask('--key-file', 'none'), [1, `The key file ${join(cwd, 'none')} cannot be read: check its path and rights.\n`]);
  assert.deepEqual(await ask('--key-file', 'bad'), [1, 'The API key must be visible ASCII characters without spaces.\n']);
  const missing = 'An API key is needed: set SLUICE_API_KEY, or name a file that has it with --key-file.\n';
  assert.deepEqual(await ask('--key-file', 'empty'), [1, missing]);
  assert.deepEqual(await sluice(['reconcile', 'orders', '--url', gateway.url]), { code: 1, out: '', err: missing });
});

test('what goes wrong is one sentence', async (t) => {
  const gateway = await fakeGateway(t, NOTHING);
  const ask = async (status: number, body: unknown, url = gateway.url): Promise<[number, string]> => {
    Object.assign(gateway, { status, body });
    const { code, out, err } = await sluice(['ledger', 'orders', '--url', url], { env });
    assert.equal(out, '');
    return [code, err];
  };
  assert.deepEqual(await ask(200, {}, 'http://127.0.0.1:1'), [
    1,
    'No gateway answers at http://127.0.0.1:1: start it, or give its address with --url.\n',
  ]);
  assert.deepEqual(await ask(401, { detail: 'x' }), [
    1,
    'The gateway does not know the API key: check SLUICE_API_KEY, or the file of --key-file.\n',
  ]);
  assert.deepEqual(await ask(404, { detail: 'There is no such pipeline, or it is not yours' }), [
    1,
    'There is no such pipeline, or it is not yours.\n',
  ]);
  assert.deepEqual(await ask(400, { detail: 'An \u001b[31moffset\n belongs' }), [1, 'An  [31moffset  belongs.\n']);
  assert.deepEqual(await ask(503, {}), [1, 'The gateway answered with status 503.\n']);
  const other = `What answers at ${gateway.url} is no Sluice gateway: give its address with --url.\n`;
  assert.deepEqual(await ask(404, '<html>'), [1, other]);
  assert.deepEqual(await ask(200, 'true'), [1, other]);
  assert.deepEqual(await ask(302, {}), [1, `No gateway answers at ${gateway.url}: start it, or give its address with --url.\n`]);
  assert.equal(
    gateway.requests.some(({ url }) => url === '/elsewhere'),
    false,
  );
});

test('wrong use', async (t) => {
  const cwd = place(t, { 'sluice.yaml': 'listen: 127.0.0.1:0' });
  const notUrl =
    'The address of the gateway must be a URL such as http://127.0.0.1:8080, without user name and password. See sluice ledger --help.\n';
  for (const url of ['gateway:8080', 'ftp://gateway', 'http://me:secret@gateway:8080', 'x'])
    assert.deepEqual(await sluice(['ledger', 'orders', '--url', url], { env }), { code: 2, out: '', err: notUrl });
  assert.deepEqual(await sluice(['ledger', 'orders', '--url', 'http://a', '--config', 'sluice.yaml'], { cwd, env }), {
    code: 2,
    out: '',
    err: 'Give --url or --config, not both. See sluice ledger --help.\n',
  });
  assert.deepEqual(await sluice(['ledger', 'orders', '--config', 'sluice.yaml'], { cwd, env }), {
    code: 1,
    out: '',
    err: 'The gateway takes a free port, which the configuration does not say: give its address with --url.\n',
  });
});
