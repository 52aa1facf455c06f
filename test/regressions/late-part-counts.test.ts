/** A question that was asked before the answer to the one before it had come made that answer void, so that a slow server was never seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGovernor } from '../../src/insert/governor.ts';
import { settled, TABLE } from '../unit/insert/insert-support.ts';

test('a count of parts that takes longer than a second to come is used all the same', async () => {
  const clock = { now: 0 };
  const answers: Array<(rows: unknown[]) => void> = [];
  const governor = createGovernor({
    destination: {
      select: async <Row>() =>
        await new Promise<Row[]>((resolve) => {
          answers.push((rows) => resolve(rows as Row[]));
        }),
    },
    timers: { now: () => clock.now, sleep: async () => await Promise.resolve(), before: async () => await Promise.resolve(true) },
  });
  const seen: Array<number | undefined> = [];
  for (let second = 0; second < 6; second++) {
    governor.pace(TABLE);
    await settled();
    clock.now += 1100;
    // Each answer comes after its table was asked for its pace a second time.
    if (second % 2 === 1) answers.shift()?.([{ parts: String(90 + second), delay_at: '100', throw_at: '200', own: '' }]);
    await settled();
    seen.push(governor.parts(TABLE.name));
  }
  assert.deepEqual(seen, [undefined, 91, 91, 93, 93, 95]);
});
