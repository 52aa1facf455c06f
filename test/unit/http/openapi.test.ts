import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createOpenApi } from '../../../src/http/openapi.ts';
import { readOpenApi } from '../../../src/ops/package.ts';
import { pipelineOf } from '../../support/pipelines.ts';

interface Document {
  readonly servers: unknown;
  readonly paths: Record<string, Record<string, { summary?: string; operationId?: string; responses?: unknown }>>;
}

const all = [
  pipelineOf('orders', { topics: ['orders', 'shop.orders-v2_1', /^orders\..*/] }),
  pipelineOf('x', { topics: ['1', 'null', 'true'] }),
];
const routes = { all, byName: () => undefined, forTopic: () => undefined };
const openapi = readOpenApi();
const { json, yaml } = createOpenApi({ openapi, routes });

test('JSON and YAML say the same', () => {
  assert.deepEqual(parse(yaml('gateway:8080')), JSON.parse(json('gateway:8080')));
});

test('each pipeline and each topic that is named has a path without parameters', () => {
  const { paths } = JSON.parse(json('gateway:8080')) as Document;
  assert.deepEqual(Object.keys(paths).slice(Object.keys(openapi['paths'] as object).length), [
    '/v1/ingest/orders',
    '/v1/topics/orders',
    '/v1/topics/shop.orders-v2_1',
    '/v1/ingest/x',
    '/v1/topics/1',
    '/v1/topics/null',
    '/v1/topics/true',
  ]);
  const topic = paths['/v1/topics/shop.orders-v2_1'];
  assert.deepEqual(Object.keys(topic ?? {}), ['get', 'post', 'put', 'patch']);
  assert.equal(topic?.['post']?.summary, 'Topic shop.orders-v2_1');
  assert.equal(topic?.['post']?.operationId, 'post_topics_shop.orders-v2_1');
  assert.deepEqual(topic?.['post']?.responses, paths['/v1/topics/{topic}']?.['post']?.responses);
});

test('the server is the host that was asked, if it can stand in a URL', () => {
  const serversFor = (host: string | undefined): unknown => (JSON.parse(json(host)) as Document).servers;
  for (const host of ['gateway', 'gateway:8080', '[::1]:8080']) assert.deepEqual(serversFor(host), [{ url: `http://${host}` }]);
  for (const host of [undefined, '', 'a b', 'x/evil', 'x"y', 'a@b', '$&', 'x:999999'])
    assert.deepEqual(serversFor(host), openapi['servers'], host);
  assert.match(yaml('gateway:8080'), /^servers:\n {2}- url: http:\/\/gateway:8080$/m);
});

test('what a running gateway shows passes the linter', () => {
  const root = join(import.meta.dirname, '..', '..', '..', '..');
  const directory = mkdtempSync(join(tmpdir(), 'sluice-openapi-'));
  try {
    const file = join(directory, 'openapi.yaml');
    writeFileSync(file, yaml('127.0.0.1:8080'));
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const redocly = join(root, 'node_modules', '.bin', 'redocly');
    const { status, stdout, stderr } = spawnSync(redocly, ['lint', file, '--config', join(root, '.redocly.yaml')], {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a thousand pipelines are written in a moment', () => {
  const many = Array.from({ length: 1000 }, (_, i) => pipelineOf(`p${i}`));
  const large = createOpenApi({ openapi, routes: { ...routes, all: many } });
  const before = process.cpuUsage();
  const text = large.yaml('x');
  const { user, system } = process.cpuUsage(before);
  assert.ok(text.includes('/v1/topics/p999:'));
  // About 50 ms; item by item it was 2000.
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
});
