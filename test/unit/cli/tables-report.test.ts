import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableCheck } from '../../../src/check-tables.ts';
import { isAsWanted, tablesReport } from '../../../src/cli/tables-report.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { sluice } from './cli-support.ts';

const FIT: TableCheck = { pipeline: 'orders', table: 'shop.orders', exists: true, guarantee: 'exactly-once', reasons: [], alter: null };
const ALTER = 'ALTER TABLE `shop`.`old` ADD COLUMN IF NOT EXISTS _sluice_batch UUID';
const OLD: TableCheck = { ...FIT, pipeline: 'old', table: 'shop.old', guarantee: 'at-least-once', reasons: ['It is old'], alter: ALTER };

test('every table in a line, and what is to be done below', () => {
  const topics: TableCheck = { ...FIT, pipeline: 'free', table: null, exists: false };
  const failed: TableCheck = { ...OLD, pipeline: 'failed', applied: 'ClickHouse refused the statement (ClickHouse code 497)' };
  const checks = [
    FIT,
    { ...FIT, pipeline: 'new', table: 'shop.new', exists: false },
    topics,
    OLD,
    failed,
    { ...FIT, pipeline: 'mended', applied: true as const },
  ];
  assert.equal(
    tablesReport(checks),
    `PIPELINE  TABLE             STATE          GUARANTEE
orders    shop.orders       there          exactly-once
new       shop.new          not there yet  exactly-once
free      made from topics  -              exactly-once
old       shop.old          to be changed  at-least-once
failed    shop.old          not changed    at-least-once
mended    shop.orders       changed        exactly-once

old → shop.old
  It is old.
  ${ALTER};
  To run it, the same command with --apply.

failed → shop.old
  It is old.
  ${ALTER};
  ClickHouse refused the statement (ClickHouse code 497): run the statement above yourself, as a user who may.
`,
  );
});

test('a table is as wanted unless the pipeline must promise more, or the change failed', () => {
  const config = { pipelines: [pipelineOf('orders', { guarantee: 'exactly-once' }), pipelineOf('old')] };
  assert.deepEqual(
    [FIT, OLD, { ...OLD, pipeline: 'orders' }, { ...OLD, applied: 'no' }].map((one) => isAsWanted(one, config)),
    [true, true, false, false],
  );
});

test('--apply alone is wrong use', async () => {
  assert.deepEqual(await sluice(['check', '--apply']), {
    code: 2,
    out: '',
    err: 'Option --apply changes tables: give --tables too. See sluice check --help.\n',
  });
});
