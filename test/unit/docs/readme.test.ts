/** The README's generated parts. `UPDATE_README=1 npm test` writes them anew. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SLUICE } from '../../../src/cli/commands.ts';
import { ERRORS } from '../../../src/core/errors.ts';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { configReference } from '../../../src/ops/config/reference.ts';
import { reportTable } from '../../bench/report.ts';

const path = join(import.meta.dirname, '..', '..', '..', '..', 'README.md');

function generated(name: string): string {
  const [, text] = new RegExp(`<!-- ${name}:start -->\\n([\\s\\S]*?)<!-- ${name}:end -->`).exec(readFileSync(path, 'utf8')) ?? [];
  assert.ok(text !== undefined, `README.md has no part ${name}`);
  return text;
}

function compare(name: string, expected: string): void {
  const current = generated(name);
  if (process.env['UPDATE_README'] === '1' && current !== expected) {
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(`<!-- ${name}:start -->\n${current}`, () => `<!-- ${name}:start -->\n${expected}`),
    );
  }
  assert.equal(generated(name), expected);
}

test('the configuration reference is the one the schema gives', () => {
  compare('config', `${configReference().trim()}\n`);
});

test('the table of errors is the one the gateway answers with', () => {
  const rows = Object.entries(ERRORS).map(([code, { status, fault, scope, retryable, meaning }]) => {
    const of = scope === 'record' ? 'a record' : 'the request';
    return `| <a id="${code}"></a>\`${code}\` | ${status} | ${of} | ${fault} | ${retryable ? 'yes' : 'no'} | ${meaning} |`;
  });
  compare('errors', `| code | status | of | to mend by | again? | meaning |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`);
});

test('the figures are those of the last run of the benchmarks', () => {
  const results = JSON.parse(readFileSync(join(path, '..', 'bench-results.json'), 'utf8')) as Parameters<typeof reportTable>[0];
  // What is to be reached is for those who work on it.
  const columns = reportTable(results)
    .trim()
    .split('\n')
    .map((line) => `${line.split('|').slice(0, 5).join('|')}|`);
  compare('bench', `${columns.join('\n')}\n`);
});

const blocks = (language: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(new RegExp(`\\n\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``, 'g'))].map(([, text = '']) => text);

test('the configuration shown is valid and means what the text says', () => {
  const sample = blocks('yaml').find((text) => text.includes('clickhouse:')) ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, sample);
  const config = loadConfig({ file, env: { CLICKHOUSE_PASSWORD: 'from the environment' }, cwd: directory });
  rmSync(directory, { recursive: true });
  assert.deepEqual(
    [config.clickhouse.embedded, 'password' in config.clickhouse && config.clickhouse.password],
    [false, 'from the environment'],
  );
  const [orders] = config.pipelines;
  assert.deepEqual(
    [orders?.name, orders?.table, orders?.orderBy, orders?.unknownFields],
    ['orders', 'shop.orders', ['id'], { do: 'reject' }],
  );
  assert.deepEqual(orders?.columns['created'], { unit: 'ms' });
});

test('the registry shown is valid', () => {
  const sample = blocks('yaml').find((text) => text.includes('registry:')) ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, sample);
  const { registry, pipelines } = loadConfig({ file, env: { REGISTRY_KEY: 'k', REGISTRY_SECRET: 's' }, cwd: directory });
  rmSync(directory, { recursive: true });
  assert.deepEqual(registry, {
    urls: ['https://registry.example:8081'],
    auth: { username: 'k', password: 's' },
    timeoutMs: 5000,
    ttlMs: 60_000,
  });
  assert.deepEqual(
    pipelines.map(({ name, envelope }) => [name, envelope]),
    [['orders', { value: 'v' }]],
  );
});

test('the connector shown is JSON, and the commands shown exist', () => {
  const samples = blocks('json').map((text) => JSON.parse(text.replaceAll('…', '')) as Record<string, unknown>);
  assert.equal(samples.find((sample) => 'http.api.url' in sample)?.['request.body.format'], 'json');
  const text = readFileSync(path, 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(path, '..', 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const [, script = ''] of text.matchAll(/npm run ([a-z:]+)/g)) assert.ok(script in scripts, script);
  for (const [, command = ''] of text.matchAll(/npx sluice ([a-z]+)/g)) assert.ok(command in SLUICE.commands, command);
});
