import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { redactedConfig, redactedYaml } from '../../../src/ops/config/redact.ts';
import { sluice } from './cli-support.ts';

/** A directory with `sluice.yaml` of this content. */
function place(t: TestContext, yaml: string): string {
  const directory = mkdtempSync('/tmp/sluice-cli-');
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'sluice.yaml'), yaml);
  return directory;
}

test('a valid file is printed redacted', async (t) => {
  const cwd = place(t, 'clickhouse: { url: "http://ch:8123", password: hunter2 }\npipelines: { orders: {} }');
  const { code, out, err } = await sluice(['check', '--config', 'sluice.yaml'], { cwd });
  assert.deepEqual({ code, err }, { code: 0, err: `${join(cwd, 'sluice.yaml')} is valid.\n` });
  assert.equal(out, redactedYaml(loadConfig({ file: 'sluice.yaml', env: {}, cwd })));
  assert.ok(out.includes('\n  password: (hidden)\n') && out.includes('\n  orders:\n    topics:\n      - orders\n'));
  assert.ok(!out.includes('hunter2'));
});

test('SLUICE_CONFIG names the file where --config does not', async (t) => {
  const cwd = place(t, 'listen: h:1');
  const { err } = await sluice(['check'], { cwd, env: { SLUICE_CONFIG: 'sluice.yaml' } });
  assert.equal(err, `${join(cwd, 'sluice.yaml')} is valid.\n`);
});

test('without a file it says that these are the defaults', async () => {
  const { code, out, err } = await sluice(['check']);
  assert.deepEqual({ code, err }, { code: 0, err: 'There is no configuration file: these are the defaults.\n' });
  assert.equal(out, redactedYaml(loadConfig({ env: {}, cwd: '/nowhere' })));
});

test('an invalid file: every problem on stderr, nothing on stdout, code 1', async (t) => {
  const cwd = place(t, 'pipelines: { orders: { auto_creat: infer, guarantee: at-most-once } }');
  assert.deepEqual(await sluice(['check', '--config', 'sluice.yaml'], { cwd }), {
    code: 1,
    out: '',
    err: [
      `${join(cwd, 'sluice.yaml')} has 2 problems:`,
      '  pipelines.orders.guarantee: must be auto, exactly-once or at-least-once',
      '  Unknown key pipelines.orders.auto_creat: did you mean auto_create?',
      '',
    ].join('\n'),
  });
});

test('in JSON, valid and not', async (t) => {
  const cwd = place(t, 'listen: h:1');
  const valid = await sluice(['check', '--config', 'sluice.yaml', '--json'], { cwd });
  assert.deepEqual({ code: valid.code, err: valid.err }, { code: 0, err: '' });
  const config = redactedConfig(loadConfig({ file: 'sluice.yaml', env: {}, cwd }));
  assert.deepEqual(JSON.parse(valid.out), { valid: true, file: join(cwd, 'sluice.yaml'), config });
  const invalid = await sluice(['check', '--json'], { env: { SLUICE_LOG: 'loud' } });
  assert.deepEqual({ code: invalid.code, err: invalid.err }, { code: 1, err: '' });
  assert.deepEqual(JSON.parse(invalid.out), {
    valid: false,
    file: null,
    problems: [{ path: 'SLUICE_LOG', message: 'SLUICE_LOG: must be trace, debug, info, warn, error or silent' }],
  });
});
