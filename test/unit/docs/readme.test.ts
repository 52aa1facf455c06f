/** The README's generated parts. `UPDATE_README=1 npm test` writes them anew. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS } from '../../../src/core/errors.ts';
import { configReference } from '../../../src/ops/config/reference.ts';

const path = join(import.meta.dirname, '..', '..', '..', '..', 'README.md');

function generated(name: string): string {
  const [, text] = new RegExp(`<!-- ${name}:start -->\\n([\\s\\S]*?)<!-- ${name}:end -->`).exec(readFileSync(path, 'utf8')) ?? [];
  assert.ok(text !== undefined, `README.md has no part ${name}`);
  return text;
}

function compare(name: string, expected: string): void {
  const current = generated(name);
  if (process.env['UPDATE_README'] === '1' && current !== expected) {
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(`<!-- ${name}:start -->\n${current}`, () => `<!-- ${name}:start -->\n${expected}`),
    );
  }
  assert.equal(generated(name), expected);
}

test('the configuration reference is the one the schema gives', () => {
  compare('config', `${configReference().trim()}\n`);
});

test('the table of errors is the one the gateway answers with', () => {
  const rows = Object.entries(ERRORS).map(([code, { status, fault, scope, retryable, meaning }]) => {
    const of = scope === 'record' ? 'a record' : 'the request';
    return `| <a id="${code}"></a>\`${code}\` | ${status} | ${of} | ${fault} | ${retryable ? 'yes' : 'no'} | ${meaning} |`;
  });
  compare('errors', `| code | status | of | to mend by | again? | meaning |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`);
});
