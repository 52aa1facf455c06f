/** Records the table refused were duplicates when their places under the key were done, and nobody compared the payloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/core/errors.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { failureOf } from '../unit/insert/insert-support.ts';
import { keyedWorld } from './regression-support.ts';

test('another payload under a key that is done is a conflict also when the table takes none of its records', async () => {
  const world = await keyedWorld(pipelineOf('p', { identity: { kind: 'key' } }));
  await world.write(await world.claim(await world.identify('k', '{"v":1}')));
  const error = await failureOf(world.claim(await world.identify('k', '{"v":"other"}', [0])));
  assert.ok(error instanceof GatewayError, String(error));
  assert.equal(error.code, 'idempotency_conflict');
});

test('the same payload under a key that is done is a replay also when the table no longer takes its record', async () => {
  const world = await keyedWorld(pipelineOf('p', { identity: { kind: 'key' } }));
  await world.write(await world.claim(await world.identify('k', '{"v":1}')));
  const again = await world.identify('k', '{"v":1}', [0]);
  const { fresh, duplicates } = await world.claim(again);
  assert.deepEqual([again.rejections, fresh, duplicates], [[], [], 1]);
});
