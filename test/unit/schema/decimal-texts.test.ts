/** Decimal numbers of any size compared by their texts, against whole numbers of the same scale. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDecimals, decimalOf, isMultiple, isWhole, normalText } from '../../../src/schema/json/decimal-texts.ts';

test('a number has one form, however it is written', () => {
  const cases: ReadonlyArray<readonly [text: string, form: string, whole: boolean]> = [
    ['0', '0', true],
    ['-0.0e5', '0', true],
    ['1', '1e0', true],
    ['1.0', '1e0', true],
    ['100', '1e2', true],
    ['0.01', '1e-2', false],
    ['1E-2', '1e-2', false],
    ['-12.50', '-125e-1', false],
    ['1.5e1', '15e0', true],
    ['9007199254740993', '9007199254740993e0', true],
    ['9007199254740993.5', '90071992547409935e-1', false],
    ['1e400', '1e400', true],
  ];
  assert.deepEqual(
    cases.map(([text]) => [text, normalText(decimalOf(text)), isWhole(decimalOf(text))]),
    cases,
  );
});

test('exponents of any size cost nothing', () => {
  const huge = decimalOf('1e1000000000000');
  const began = performance.now();
  assert.deepEqual(
    [
      compareDecimals(huge, decimalOf('1e999999999999')) > 0,
      compareDecimals(decimalOf('-1e1000000000000'), decimalOf('-1')) < 0,
      isMultiple(huge, decimalOf('7')),
      isMultiple(huge, decimalOf('8')),
      isMultiple(decimalOf('1'), huge),
    ],
    [true, true, false, true, false],
  );
  assert.ok(performance.now() - began < 100);
});

/** A number of at most six digits after the point, as text and times a million. */
const scaled = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map((value) => {
  const digits = String(value < 0n ? -value : value).padStart(7, '0');
  return { value, text: `${value < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}` };
});

test('order and multiples are those of whole numbers', () => {
  fc.assert(
    fc.property(scaled, scaled, (a, b) => {
      const order = compareDecimals(decimalOf(a.text), decimalOf(b.text));
      assert.equal(Math.sign(order), a.value === b.value ? 0 : a.value < b.value ? -1 : 1);
      if (b.value !== 0n) assert.equal(isMultiple(decimalOf(a.text), decimalOf(b.text)), a.value % b.value === 0n);
    }),
  );
  fc.assert(
    fc.property(scaled, fc.bigInt({ min: 1n, max: 10n ** 9n }), ({ text }, times) => {
      const product = `${BigInt(text.replace('.', '')) * times}e-6`;
      if (decimalOf(text).digits !== '') assert.equal(isMultiple(decimalOf(product), decimalOf(text)), true);
    }),
  );
});
