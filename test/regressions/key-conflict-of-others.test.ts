/** A delivery that waited for a record of another one was told that its key had another payload, which was the other one's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COORDINATES } from '../../src/ops/config/pipeline-schema.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { settled } from '../unit/insert/insert-support.ts';
import { keyedWorld } from './regression-support.ts';

test('two deliveries under keys of their own that share a record do not conflict: the second writes the rest of its records', async () => {
  const world = await keyedWorld(pipelineOf('p', { identity: { kind: 'auto', fields: COORDINATES, keep: true } }));
  const first = await world.identify('k', '[{"__partition":0,"__offset":1},{"v":1}]');
  const second = await world.identify('l', '[{"__partition":0,"__offset":1},{"v":2}]');
  const written = await world.claim(first);
  const waiting = world.claim(second);
  // A conflict is told while the first one is being written.
  waiting.catch(() => undefined);
  await settled();
  await world.write(written);
  const { fresh, duplicates } = await waiting;
  assert.deepEqual(
    fresh.map(({ row, count }) => ({ row, count })),
    [{ row: 1, count: 1 }],
  );
  assert.equal(duplicates, 1);
});
