import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../../src/core/config.ts';
import { load, problems, withFile } from './config-support.ts';

const UNKNOWN =
  'clickhouse.password: has a reference to an unknown source: write ${env:NAME} or ${file:/path}, or $${ for the characters themselves';

const yamlOf = (password: string): string => `clickhouse: { url: "http://h", password: ${JSON.stringify(password)} }`;

function passwordOf(config: Config): string {
  return config.clickhouse.embedded ? assert.fail('no server') : config.clickhouse.password;
}

test('variables are put in, also several and inside other text', () => {
  const env = { A: 'one', _B2: 'two', EMPTY: '' };
  assert.equal(passwordOf(load(yamlOf('${env:A}'), env)), 'one');
  assert.equal(passwordOf(load(yamlOf('<${env:A}-${env:_B2}${env:EMPTY}>'), env)), '<one-two>');
});

test('what is put in is not looked at again', () => {
  assert.equal(passwordOf(load(yamlOf('${env:A}'), { A: '${env:B} $${ $& *x', B: 'no' })), '${env:B} $${ $& *x');
});

test('$${ stands for the characters, and a dollar alone for itself', () => {
  assert.equal(passwordOf(load(yamlOf('$${env:A}'), { A: 'no' })), '${env:A}');
  assert.equal(passwordOf(load(yamlOf('a$b$$c${d}$'))), 'a$b$$c${d}$');
});

test('references work at every depth, in lists and for numbers', () => {
  const config = load(
    'limits: { depth: "${env:DEPTH}" }\npipelines: { p: { topics: ["${env:TOPIC}"], columns: { c: { from: "a.${env:FIELD}" } } } }',
    {
      DEPTH: '12',
      TOPIC: 'orders',
      FIELD: 'b',
    },
  );
  assert.equal(config.limits.depth, 12);
  assert.deepEqual(config.pipelines[0]?.topics, ['orders']);
  assert.deepEqual(config.pipelines[0]?.columns['c'], { from: 'a.b' });
});

test('variables of the gateway can hold references too', () => {
  assert.deepEqual(load('', { SLUICE_LISTEN: '${env:HOST}:1', HOST: 'h' }).listen, { host: 'h', port: 1 });
});

test('files are put in without their last newline, only that one', () => {
  withFile('', (_file, directory) => {
    const secret = join(directory, 'secret');
    for (const [content, expected] of [
      ['pass', 'pass'],
      ['pass\n', 'pass'],
      ['pass\r\n', 'pass'],
      ['pass\n\n', 'pass\n'],
      [' pass ${env:X} ', ' pass ${env:X} '],
      ['\ufeffü', '\ufeffü'],
    ] as const) {
      writeFileSync(secret, content);
      assert.equal(passwordOf(load(yamlOf(`\${file:${secret}}`))), expected);
      assert.equal(passwordOf(load(yamlOf('${file:secret}'), {}, directory)), expected);
    }
  });
});

test('a reference that cannot be filled is told with the path of the key', () => {
  assert.deepEqual(problems(yamlOf('${env:NOT_THERE}')), ['clickhouse.password: the environment variable NOT_THERE is not set']);
  assert.deepEqual(problems(yamlOf('${env:constructor}')), ['clickhouse.password: the environment variable constructor is not set']);
  assert.deepEqual(problems(yamlOf('${env:}')), [
    'clickhouse.password: has a reference that names no environment variable: write ${env:NAME}',
  ]);
  assert.deepEqual(problems(yamlOf('${env:a b}')), [
    'clickhouse.password: has a reference that names no environment variable: write ${env:NAME}',
  ]);
  assert.deepEqual(problems(yamlOf('${file:/not/there}')), ['clickhouse.password: the file /not/there does not exist']);
  assert.deepEqual(problems(yamlOf('${file:}')), ['clickhouse.password: has a reference that names no file: write ${file:/path}']);
  assert.deepEqual(problems(yamlOf('${vault:x}')), [UNKNOWN]);
  assert.deepEqual(problems(yamlOf('${ENV:X}'), { X: 'x' }), [UNKNOWN]);
});

test('a file that is a directory, too large or not UTF-8', () => {
  withFile('', (file, directory) => {
    assert.deepEqual(problems(yamlOf(`\${file:${directory}}`)), [`clickhouse.password: the file ${directory} is a directory`]);
    writeFileSync(file, 'x'.repeat(64 * 1024 + 1));
    assert.deepEqual(problems(yamlOf(`\${file:${file}}`)), [`clickhouse.password: the file ${file} is larger than 64 KiB`]);
    writeFileSync(file, Buffer.from([0xc3, 0x28]));
    assert.deepEqual(problems(yamlOf(`\${file:${file}}`)), [`clickhouse.password: the file ${file} is not UTF-8 text`]);
  });
});

test('a reference that failed is one problem, not two; the others are told too', () => {
  assert.deepEqual(problems('listen: "${env:A}"\ndata: "${env:B}"\nlimits: { depth: 0 }'), [
    'listen: the environment variable A is not set',
    'data: the environment variable B is not set',
    'limits.depth: must be a whole number from 1 to 512',
  ]);
});
