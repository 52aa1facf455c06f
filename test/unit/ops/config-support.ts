import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../src/core/config.ts';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { ConfigError } from '../../../src/ops/config/problem.ts';
import type { Environment } from '../../../src/ops/config/secrets.ts';

/** Loads `yaml` from a real file. */
export function load(yaml: string, env: Environment = {}, cwd = '/nowhere'): Config {
  return withFile(yaml, (file) => loadConfig({ file, env, cwd }));
}

/** The messages of everything that is wrong with `yaml`. */
export function problems(yaml: string, env: Environment = {}, cwd = '/nowhere'): string[] {
  return failure(() => load(yaml, env, cwd)).problems.map(({ message }) => message);
}

/** The error that `work` must end with. */
export function failure(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail('the configuration was accepted');
}

/** Runs `work` with a file of this content. */
export function withFile<T>(content: string | Uint8Array, work: (file: string, directory: string) => T): T {
  const directory = mkdtempSync('/tmp/sluice-config-');
  try {
    const file = join(directory, 'sluice.yaml');
    writeFileSync(file, content);
    return work(file, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
