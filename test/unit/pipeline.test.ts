import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Delivery, Rejection } from '../../src/core/batch.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Claim } from '../../src/core/identity.ts';
import type { RowSet } from '../../src/core/insert.ts';
import { DestinationError } from '../../src/core/ports.ts';
import { createPipeline, type Stages } from '../../src/pipeline.ts';
import { pipelineOf } from '../support/pipelines.ts';

const delivery: Delivery = { id: 'd1', pipeline: 'orders', topic: 'eu', principal: 'p', body: Buffer.alloc(0), receivedAt: 0 };
const pipeline = pipelineOf('orders', { topics: ['eu'], table: 'shop.${topic}' });
const batch = { delivery, records: [{}, {}, {}] } as unknown as Batch;

function rowsWith(rejections: Rejection[] = []): RowSet {
  return {
    table: { name: { database: 'shop', table: 'eu' }, engine: 'MergeTree', columns: [], hasProvenance: true, lacks: [], fingerprint: 'f' },
    columns: [],
    rows: { sources: [], spans: new Int32Array() },
    ordinals: new Int32Array(),
    rejections,
  };
}

const ALL: Claim = {
  fresh: [{ stream: 'c', from: 0n, row: 0, count: 3 }],
  duplicates: 0,
  replayed: undefined,
  digest: undefined,
  release: () => undefined,
};

/** Stages that write down their calls; `insert` answers or throws what `answers` holds, in order. */
function scripted(answers: unknown[], rejections: Rejection[] = [], claim: Claim = ALL): { stages: Stages; calls: string[] } {
  const calls: string[] = [];
  const stages: Stages = {
    decode: (_delivery, framing) => {
      calls.push(`decode ${framing.kind}`);
      return Promise.resolve(batch);
    },
    resolve: async () => await Promise.resolve(batch),
    map: () => {
      calls.push('map');
      return Promise.resolve(rowsWith(rejections));
    },
    identify: (_batch, rows) => {
      calls.push('identify');
      return { identities: { runs: [], repeats: 0 }, rejections: rows.rejections };
    },
    claim: (_identities, deadline) => {
      calls.push(`claim ${deadline}`);
      return Promise.resolve(claim);
    },
    write: () => {
      calls.push('write');
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as { kind: 'stored'; batch: string });
    },
    refreshTable: ({ table }) => {
      calls.push(`refresh ${table.name.database}.${table.name.table}`);
      return Promise.resolve();
    },
  };
  return { stages, calls };
}

const ROUND = ['decode auto', 'map', 'identify', 'claim 5000', 'write'];

const failure = (kind: DestinationError['failure'], applied: 'no' | 'unknown' = 'no'): DestinationError =>
  new DestinationError('ClickHouse failed', { failure: kind, applied });

test('records that fit are stored, and the outcome counts them', async () => {
  const { stages, calls } = scripted([{ kind: 'stored', batch: 'b1' }]);
  assert.deepEqual(await createPipeline(stages, 5000)(delivery, pipeline), {
    kind: 'stored',
    accepted: 3,
    duplicate: 0,
    quarantined: 0,
    batch: 'b1',
  });
  assert.deepEqual(calls, ['decode auto', 'map', 'identify', 'claim 5000', 'write']);
});

test('records that were written before are counted, and when all were nothing is written', async () => {
  const some = scripted([{ kind: 'stored', batch: 'b1' }], [], { ...ALL, duplicates: 2 });
  assert.deepEqual(await createPipeline(some.stages, 5000)(delivery, pipeline), {
    kind: 'stored',
    accepted: 3,
    duplicate: 2,
    quarantined: 0,
    batch: 'b1',
  });
  const all = scripted([], [], { ...ALL, fresh: [], duplicates: 3 });
  assert.deepEqual(await createPipeline(all.stages, 5000)(delivery, pipeline), { kind: 'replayed', accepted: 3 });
  assert.deepEqual(all.calls, ['decode auto', 'map', 'identify', 'claim 5000']);
  const replayed = { digest: 'd', batch: 'b0', committedAt: 1, expiresAt: 2 };
  const keyed = scripted([], [], { ...ALL, fresh: [], duplicates: 3, replayed });
  assert.deepEqual(await createPipeline(keyed.stages, 5000)(delivery, pipeline), { kind: 'replayed', accepted: 3, batch: 'b0' });
});

test('one rejected record refuses the delivery before anything is inserted', async () => {
  const rejection: Rejection = { ordinal: 1, code: 'out_of_range', column: 'id', reason: 'r' };
  const { stages, calls } = scripted([], [rejection]);
  assert.deepEqual(await createPipeline(stages, 5000)(delivery, pipeline), { kind: 'refused', rejections: [rejection], total: 3 });
  assert.deepEqual(calls, ['decode auto', 'map', 'identify']);
});

test('a record that ClickHouse refuses refuses the delivery', async () => {
  const rejection: Rejection = { ordinal: 2, code: 'refused_by_clickhouse', reason: 'r' };
  const { stages } = scripted([{ kind: 'refused', rejection }]);
  assert.deepEqual(await createPipeline(stages, 5000)(delivery, pipeline), { kind: 'refused', rejections: [rejection], total: 3 });
});

test('a table that changed is read again and the rows are made anew, once', async () => {
  const healed = scripted([failure('schema-drift'), { kind: 'stored', batch: 'b2' }]);
  assert.deepEqual(await createPipeline(healed.stages, 5000)(delivery, pipeline), {
    kind: 'stored',
    accepted: 3,
    duplicate: 0,
    quarantined: 0,
    batch: 'b2',
  });
  assert.deepEqual(healed.calls, [...ROUND, 'refresh shop.eu', ...ROUND]);
  const lasting = scripted([failure('schema-drift'), failure('schema-drift')]);
  await assert.rejects(
    createPipeline(lasting.stages, 5000)(delivery, pipeline),
    (error) => error instanceof GatewayError && error.code === 'table_unsuitable',
  );
  assert.deepEqual(lasting.calls, [...ROUND, 'refresh shop.eu', ...ROUND]);
});

test('every way ClickHouse can fail has its code for the sender', async () => {
  const expected: Array<[DestinationError, string]> = [
    [failure('unknown-outcome', 'unknown'), 'target_unavailable'],
    [failure('unknown-outcome'), 'target_unavailable'],
    [failure('back-off'), 'target_overloaded'],
    [failure('storage-full'), 'storage_full'],
    [failure('cluster-state', 'unknown'), 'target_unavailable'],
    [failure('row'), 'records_rejected'],
    [failure('partition-spread'), 'records_rejected'],
    [failure('operator'), 'target_refused'],
    [failure('other', 'unknown'), 'target_unavailable'],
  ];
  for (const [thrown, code] of expected) {
    const { stages } = scripted([thrown]);
    await assert.rejects(createPipeline(stages, 5000)(delivery, pipeline), (error) => {
      assert.ok(error instanceof GatewayError);
      assert.equal(error.code, code);
      assert.match(error.message, /^ClickHouse failed\. Table shop\.eu: /);
      return true;
    });
  }
});
