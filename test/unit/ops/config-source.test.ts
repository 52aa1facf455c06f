import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { parseConfig } from '../../../src/ops/config/source.ts';
import { failure, withFile } from './config-support.ts';

const problemsOf = (text: string): string[] => failure(() => parseConfig(text, 'x.yaml')).problems.map(({ message }) => message);

test('errors of YAML have line and column, and never the text itself', () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ['listen: h:1\ndata: x\nlisten: h:2\n', 'Line 3, column 1: this key stands in its mapping twice: remove one'],
    ['limits: { depth: 1, depth: 2 }', 'Line 1, column 21: this key stands in its mapping twice: remove one'],
    ['limits:\n\t- x', 'Line 2, column 1: a tab indents this line: use spaces'],
    ['limits: [1', 'Line 1, column 11: the indentation does not fit, or a bracket is not closed'],
    ['data: "hunter2', 'Line 1, column 15: a quote, bracket or colon is missing'],
    ['data: "a\\q"', 'Line 1, column 9: unknown escape in double quotes: use single quotes, or double the backslash'],
    ['data: @hunter2', 'Line 1, column 7: text cannot begin with this character: put quotes around it'],
    ['data: hunter2: x', 'Line 1, column 7: a value holds a colon and a space: put quotes around it'],
    ['data: a\n---\ndata: b', 'Line 2, column 1: a second document begins here: the file holds one'],
    ['data: !hunter2 x', 'Line 1, column 7: a value begins with an exclamation mark, which is a YAML tag: put quotes around it'],
    ['data: *hunter2', 'Line 1, column 7: a value begins with an asterisk, which is a YAML alias: put quotes around it'],
    ['? [hunter2]\n: 1', 'Line 1, column 3: a key must be text: put quotes around it'],
    ['%HUNTER2\n---\ndata: a', 'Line 1, column 1: this is not valid YAML'],
  ];
  for (const [text, message] of cases) assert.deepEqual(problemsOf(text), [message], text);
});

test('anchors can be used, but not to blow the file up', () => {
  assert.deepEqual(parseConfig('a: &x { k: 1 }\nb: *x', 'x.yaml'), { a: { k: 1 }, b: { k: 1 } });
  const bomb = ['a0: &a0 [x, x]', ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(8)}]`)].join('\n');
  assert.deepEqual(problemsOf(bomb), ['The file uses too many YAML aliases: write the values out']);
});

test('a value that holds itself is refused', () => {
  withFile('limits: &a { body: *a }', (file) => {
    const [first] = failure(() => loadConfig({ file, env: {}, cwd: '/' })).problems;
    assert.match(first?.message ?? '', /^limits(\.body){32}: is nested too deep$/);
  });
});

test('off, no and numbers with leading zeros keep their meaning in YAML 1.2', () => {
  assert.deepEqual(parseConfig('a: off\nb: no\n1: x', 'x.yaml'), { a: 'off', b: 'no', '1': 'x' });
});

test('a file that is a directory, not UTF-8 or huge', () => {
  const told = (file: string): string[] => failure(() => loadConfig({ file, env: {}, cwd: '/' })).problems.map(({ message }) => message);
  withFile('', (_file, directory) => assert.deepEqual(told(directory), ['The file is a directory: see --config or SLUICE_CONFIG']));
  withFile(Buffer.from([0x64, 0x3a, 0x20, 0xc3, 0x28]), (file) =>
    assert.deepEqual(told(file), ['The file is not UTF-8 text: see --config or SLUICE_CONFIG']),
  );
  withFile(Buffer.alloc(4 * 1024 * 1024 + 1, '#'), (file) =>
    assert.deepEqual(told(file), ['The file is larger than 4 MiB: see --config or SLUICE_CONFIG']),
  );
});
