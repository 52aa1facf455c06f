/** The statements that make and change tables, on one server and on a cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alterSql, rewritesRows } from '../../../../src/map/evolve/changes.ts';
import { createTableSql } from '../../../../src/map/evolve/ddl.ts';
import { pipelineOf } from '../../../support/pipelines.ts';

const NAME = { database: 'shop', table: 'or`ders' };
const COLUMNS = [
  { column: 'id', type: 'Int64' },
  { column: 'a`b', type: 'String', comment: "it's\\ one" },
];

test('a table on the embedded engine syncs, one on a server remembers inserts, one on a cluster is replicated', () => {
  const pipeline = pipelineOf('p', { pkFields: ['id'] });
  const own = '`_sluice_batch` UUID, `_sluice_row` UInt32';
  const columns = "`id` Int64, `a\\`b` String COMMENT 'it\\'s\\\\ one'";
  assert.deepEqual(
    [{ kind: 'embedded' } as const, { kind: 'clickhouse' } as const, { kind: 'clickhouse', cluster: '{cluster}' } as const].map((site) =>
      createTableSql(NAME, COLUMNS, pipeline, site),
    ),
    [
      `CREATE TABLE IF NOT EXISTS \`shop\`.\`or\\\`ders\` (${columns}, ${own}) ENGINE = MergeTree ORDER BY (\`id\`) SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1`,
      `CREATE TABLE IF NOT EXISTS \`shop\`.\`or\\\`ders\` (${columns}, ${own}) ENGINE = MergeTree ORDER BY (\`id\`) SETTINGS non_replicated_deduplication_window = 10000`,
      `CREATE TABLE IF NOT EXISTS \`shop\`.\`or\\\`ders\` ON CLUSTER \`{cluster}\` (${columns}, ${own}) ENGINE = ReplicatedMergeTree ORDER BY (\`id\`) SETTINGS replicated_deduplication_window = 10000`,
    ],
  );
});

test('keys that name columns there are none for are told by their option', () => {
  for (const [changes, option] of [
    [{ orderBy: ['gone'] }, 'order_by'],
    [{ pkFields: ['gone'] }, 'pk_fields'],
    [{ partitionBy: { column: 'gone', by: 'day' } }, 'partition_by'],
  ] as const)
    assert.throws(() => createTableSql(NAME, COLUMNS, pipelineOf('p', changes), { kind: 'embedded' }), {
      code: 'table_unsuitable',
      message: `Pipeline p, ${option}: the records have no field for the column gone, so the table cannot be made`,
    });
});

test('changes are one statement, and it is known which of them write rows anew', () => {
  const changes = [
    { change: 'add', column: 'n', type: 'Nullable(Int32)', comment: 'new' },
    { change: 'widen', column: 'e', from: "Enum8('a' = 1)", type: "Enum8('a' = 1, 'b' = 2)" },
    { change: 'widen', column: 'f', from: "Enum8('a' = 1)", type: "Enum16('a' = 1, 'b' = 200)" },
    { change: 'null', column: 'g', from: 'Int32', type: 'Nullable(Int32)' },
  ] as const;
  assert.equal(
    alterSql({ database: 'd', table: 't' }, changes.slice(0, 2), 'main'),
    "ALTER TABLE `d`.`t` ON CLUSTER `main` ADD COLUMN IF NOT EXISTS `n` Nullable(Int32) COMMENT 'new', MODIFY COLUMN IF EXISTS `e` Enum8('a' = 1, 'b' = 2)",
  );
  assert.deepEqual(changes.map(rewritesRows), [false, false, true, true]);
});
