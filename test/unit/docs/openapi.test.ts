import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS } from '../../../src/core/errors.ts';
import { readOpenApi } from '../../../src/ops/package.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

interface Document {
  readonly paths: Record<string, unknown>;
  readonly components: { readonly schemas: { readonly ErrorCode: { readonly enum: string[] } } };
}

test('the description of the interface passes the linter', () => {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const linter = join(root, 'node_modules', '.bin', 'redocly');
  const { status, stdout, stderr } = spawnSync(linter, ['lint', 'openapi.yaml', '--config', '.redocly.yaml'], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout + stderr);
});

test('it lists exactly the error codes there are', () => {
  assert.deepEqual((readOpenApi() as unknown as Document).components.schemas.ErrorCode.enum, Object.keys(ERRORS));
});

test('it has every route of the README', () => {
  assert.deepEqual(Object.keys((readOpenApi() as unknown as Document).paths), [
    '/v1/topics/{topic}',
    '/v1/ingest/{pipeline}',
    '/v1/topics/{topic}/explain',
    '/v1/ingest/{pipeline}/explain',
    '/v1/pipelines',
    '/v1/pipelines/{pipeline}',
    '/v1/pipelines/{pipeline}/ledger',
    '/v1/pipelines/{pipeline}/reconcile',
    '/v1/pipelines/{pipeline}/drift',
    '/v1/pipelines/{pipeline}/drift/approve',
    '/v1/query',
    '/healthz',
    '/readyz',
    '/errors/{code}',
  ]);
});
