/** The bench still starts. How fast anything is is never tested. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { figureOf, reportTable } from '../../bench/report.ts';
import type { Results } from '../../bench/results.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-smoke-'));
after(() => rmSync(directory, { recursive: true, force: true }));

test('a quick run compares the gateway with its baselines', () => {
  const bench = join(import.meta.dirname, '..', '..', 'bench', 'bench.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', bench, '--quick', '--only', 'A'], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  const results = JSON.parse(readFileSync(join(directory, 'bench-results.json'), 'utf8')) as Results;
  assert.ok(stdout.startsWith(reportTable(results)), stdout);
  assert.deepEqual(
    results.comparisons.map(({ baseline }) => baseline?.name),
    ['direct', 'direct', 'ceiling'],
  );
  for (const comparison of results.comparisons) assert.ok(figureOf(comparison) > 0, comparison.title);
});
