/** JSON parsed with the texts of what doubles round. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExactly, type RoundedNumbers } from '../../../src/schema/json/exact-json.ts';

/** Goes through the long way: no double has as many digits. */
const ROUNDED = '9007199254740993';

test('everything is what JSON.parse says, also in texts with numbers that are rounded', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = `[${ROUNDED}, ${JSON.stringify(value, null, space)}]`;
      assert.deepEqual(parseExactly(text, new WeakMap())[''], JSON.parse(text));
    }),
  );
});

test('texts are kept of numbers that are rounded, and of no others', () => {
  const rounded: RoundedNumbers = new WeakMap();
  const text = `{ "a" : ${ROUNDED} , "b\\"" : [0.1, 1e2, 1e400, -0.10000000000000000001], "__proto__": { "c": 9007199254740993.5 }, "d": [], "e": {} }`;
  const value = parseExactly(text, rounded)[''] as Record<string, object>;
  const kept = (parent: object | undefined): unknown => [...(rounded.get(parent ?? {}) ?? [])];
  const proto = Object.getOwnPropertyDescriptor(value, '__proto__')?.value as object;
  assert.deepEqual(
    [kept(value), kept(value['b"']), kept(proto), Object.keys(value)],
    [
      [['a', ROUNDED]],
      [
        ['2', '1e400'],
        ['3', '-0.10000000000000000001'],
      ],
      [['c', '9007199254740993.5']],
      ['a', 'b"', '__proto__', 'd', 'e'],
    ],
  );
});

test('the last one of a key counts, and a fraction stays one', () => {
  const rounded: RoundedNumbers = new WeakMap();
  const value = parseExactly(`{"a":${ROUNDED},"a":1,"b":9007199254740993.5}`, rounded)[''] as Record<string, number>;
  assert.deepEqual([value['a'], Number.isInteger(value['b']), [...(rounded.get(value) ?? [])]], [1, false, [['b', '9007199254740993.5']]]);
});

test('a number alone is kept by what it stands in, and what is no JSON is refused', () => {
  const rounded: RoundedNumbers = new WeakMap();
  const holder = parseExactly(` ${ROUNDED} `, rounded);
  assert.deepEqual([...(rounded.get(holder) ?? [])], [['', ROUNDED]]);
  assert.throws(() => parseExactly(`[${ROUNDED},]`, rounded), SyntaxError);
});
