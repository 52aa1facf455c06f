/** The reader of coordinates compared a topic with the one before it, and before the first record that was the empty text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdentify } from '../../src/dedupe/identity.ts';
import { COORDINATES } from '../../src/ops/config/pipeline-schema.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { batchOf, rowsOf } from './regression-support.ts';

test('an empty topic is refused also in the first record that a pipeline sees', async () => {
  const pipeline = pipelineOf('p', { identity: { kind: 'coordinates', fields: COORDINATES, keep: true } });
  const batch = await batchOf('{"__topic":"","__partition":0,"__offset":1}');
  const { identities, rejections } = createIdentify({ isDone: () => false })(batch, rowsOf(batch), pipeline);
  assert.deepEqual(
    rejections.map(({ ordinal, code, column }) => ({ ordinal, code, column })),
    [{ ordinal: 0, code: 'invalid_identity', column: '__topic' }],
  );
  assert.deepEqual(identities.runs, []);
});
