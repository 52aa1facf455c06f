/** Numbers written the short way and the long way are the same text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtTape } from '../../../src/core/tape-builder.ts';
import { addFloat } from '../../../src/schema/floats.ts';
import { floatText } from '../../../src/schema/texts.ts';
import { assertSameAsScanned, roomyTape } from '../../support/tapes.ts';

function written(value: number): string {
  const tape = roomyTape();
  addFloat(tape, value);
  const built = builtTape(tape);
  assertSameAsScanned(built, 0);
  return built.bytes.toString();
}

test('a number is written as the shortest text that is read as it', () => {
  const values = [
    0,
    -0,
    1,
    -1,
    0.1,
    1.5,
    -12.34,
    0.0001,
    -0.0001,
    0.00001,
    123456.7891,
    99999999999.9999,
    100000000000.5,
    1e15,
    1e21,
    1e22,
    5e-324,
    0.1 + 0.2,
    1 / 3,
    2 ** 53,
    10,
    1200,
    Number.MAX_VALUE,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ];
  for (const value of values) assert.equal(written(value), floatText(value), String(value));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double(),
        fc.float(),
        fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((n) => n / 10_000),
        fc.integer(),
      ),
      (value) => {
        assert.equal(written(value), floatText(value));
      },
    ),
    { numRuns: 3000 },
  );
});
