import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ColumnRule, IdentityConfig } from '../../../src/core/config.ts';
import type { TableSchema } from '../../../src/core/table.ts';
import { coordinateColumns } from '../../../src/dedupe/coordinate-columns.ts';
import { parseColumnType } from '../../../src/map/column-type.ts';
import { pipelineOf } from '../../support/pipelines.ts';

function tableOf(columns: Readonly<Record<string, string>>): TableSchema {
  return {
    name: { database: 'default', table: 't' },
    engine: 'MergeTree',
    columns: Object.entries(columns).map(([name, text]) => {
      const [typeText = '', defaultKind = ''] = text.split(' = ');
      return { name, typeText, type: parseColumnType(typeText), defaultKind: defaultKind as 'ALIAS', inKey: false };
    }),
    hasProvenance: true,
    lacks: [],
    fingerprint: '',
  };
}

const TWO = [
  { topic: '__connect_topic', partition: '__connect_partition', offset: '__connect_offset' },
  { topic: '_topic', partition: '_partition', offset: '_offset' },
];
const kept: IdentityConfig = { kind: 'coordinates', fields: TWO, keep: true };

function found(table: Readonly<Record<string, string>>, identity = kept, columns: Readonly<Record<string, ColumnRule>> = {}): string {
  return coordinateColumns(pipelineOf('p', { identity, columns }), tableOf(table))
    .map(
      ({ topic, partition, offset }) =>
        `${topic ?? '-'} ${partition.name}${partition.isText ? '"' : ''} ${offset.name}${offset.isText ? '"' : ''}`,
    )
    .join(', ');
}

test('the columns of the fields, where a table has both partition and offset', () => {
  const cases: ReadonlyArray<readonly [columns: Record<string, string>, found: string]> = [
    [{ _topic: 'String', _partition: 'Int32', _offset: 'UInt64' }, '_topic _partition _offset'],
    [{ _partition: 'Nullable(Int64)', _offset: 'LowCardinality(Nullable(String))' }, '- _partition _offset"'],
    [{ _topic: 'LowCardinality(String)', _partition: 'Int32', _offset: 'Int64' }, '_topic _partition _offset'],
    [{ _topic: 'Int8', _partition: 'Int32', _offset: 'Int64' }, '- _partition _offset'],
    [{ _partition: 'Int32' }, ''],
    [{ _partition: 'Int32', _offset: 'Float64' }, ''],
    [{ _partition: 'Int32', _offset: 'Int64 = ALIAS' }, ''],
    [{ _partition: 'Int32', _offset: 'Int64 = DEFAULT' }, '- _partition _offset'],
    [
      { __connect_partition: 'Int32', __connect_offset: 'Int64', _partition: 'Int32', _offset: 'Int64' },
      '- __connect_partition __connect_offset, - _partition _offset',
    ],
  ];
  for (const [columns, expected] of cases) assert.equal(found(columns), expected, JSON.stringify(columns));
});

test('rules move and drop them, and other identities have none', () => {
  const table = { _partition: 'Int32', _offset: 'Int64', off: 'Int64' };
  assert.equal(found(table, kept, { off: { from: '_offset' } }), '- _partition off');
  assert.equal(found(table, kept, { _offset: { drop: true } }), '');
  assert.equal(found(table, kept, { _offset: { from: 'somewhere.else' } }), '');
  assert.equal(found(table, { ...kept, keep: false }), '');
  assert.equal(found(table, { kind: 'key' }), '');
});
