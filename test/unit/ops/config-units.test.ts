import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nearest } from '../../../src/ops/config/nearest.ts';
import { pathText } from '../../../src/ops/config/problem.ts';
import { durationText, parseCount, parseDuration, parseSize, sizeText } from '../../../src/ops/config/units.ts';

test('sizes', () => {
  const cases: ReadonlyArray<readonly [unknown, number | undefined]> = [
    ['64MiB', 67_108_864],
    ['1 KiB', 1024],
    ['3GiB', 3_221_225_472],
    ['17B', 17],
    [4096, 4096],
    ['4096', undefined],
    ['1MB', undefined],
    ['1mib', undefined],
    ['-1B', undefined],
    [' 1B', undefined],
    ['9007199254740993B', undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ];
  for (const [input, bytes] of cases) assert.equal(parseSize(input), bytes, String(input));
});

test('durations and counts', () => {
  assert.deepEqual(['90s', '1500ms', '2m', '1h', '90', '1d', '1.5s'].map(parseDuration), [
    90_000,
    1500,
    120_000,
    3_600_000,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(parseDuration(90), undefined);
  assert.deepEqual([5, '5', '05', '5.0', 5.5, -5, '', true].map(parseCount), [
    5,
    5,
    5,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('the text of a size or duration is exact and reads back', () => {
  assert.deepEqual([1024, 1025, 64 * 1024 ** 2, 0].map(sizeText), ['1KiB', '1025B', '64MiB', '0B']);
  assert.deepEqual([90_000, 1500, 3_600_000, 61_000].map(durationText), ['90s', '1500ms', '1h', '61s']);
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), (value) => parseSize(sizeText(value)) === value && parseDuration(durationText(value)) === value),
  );
});

test('the nearest name', () => {
  const keys = ['auto_create', 'auto_evolve', 'topics', 'from', 'url'];
  const cases: Record<string, string | undefined> = {
    auto_creat: 'auto_create',
    autoCreate: 'auto_create',
    'AUTO-EVOLVE': 'auto_evolve',
    topic: 'topics',
    form: 'from',
    uri: 'url',
    tls: undefined,
    zzz: undefined,
    '': undefined,
  };
  for (const [word, expected] of Object.entries(cases)) assert.equal(nearest(word, keys), expected, word);
  assert.equal(nearest('x'.repeat(1_000_000), keys), undefined);
  assert.equal(nearest('a', []), undefined);
});

test('paths', () => {
  assert.equal(pathText(['auth', 'keys', 0, 'id']), 'auth.keys[0].id');
  assert.equal(pathText(['pipelines', 'a.b', 'x-y']), 'pipelines["a.b"].x-y');
  assert.equal(pathText(['a\n"b']), '["a\\n\\"b"]');
  assert.equal(pathText([]), '');
});
