/** A sender whose later parts waited until the deadline was told that nothing was sent, and its earlier parts were stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/core/errors.ts';
import type { Submitted } from '../../src/insert/group.ts';
import { createWriter } from '../../src/insert/writer.ts';
import { failureOf, idOf, NOON, outcomeOf, rowSetOf, runOf, STREAM, virtualTime } from '../unit/insert/insert-support.ts';

test('a sender is not told that nothing was sent when earlier parts of its records were stored', async () => {
  const time = virtualTime();
  const answers: Submitted[] = [
    { outcome: Promise.resolve({ kind: 'stored', batch: idOf(1) }), cancel: () => false },
    { outcome: new Promise(() => undefined), cancel: () => true },
  ];
  const write = createWriter({
    groups: { submit: () => answers.shift() ?? assert.fail('a third part'), drain: async () => await Promise.resolve() },
    timers: time.timersFor(() => true),
    maxRows: 1,
    maxBytes: 1000,
    admit: () => undefined,
  });
  let released = 0;
  const claim = {
    fresh: [runOf(STREAM, 0n, 2)],
    duplicates: 0,
    replayed: undefined,
    digest: undefined,
    release: () => void (released += 1),
  };
  const error = await failureOf(outcomeOf(time, write(rowSetOf(['{"id":1}', '{"id":2}']), claim, NOON + 5)));
  assert.ok(error instanceof GatewayError, String(error));
  assert.equal(error.code, 'target_overloaded');
  assert.equal(error.message, 'The rows waited for their turn until the deadline of the request: send it again');
  assert.equal(released, 1);
});
