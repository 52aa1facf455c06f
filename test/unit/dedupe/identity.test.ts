/** Which streams and positions the records of real bodies have, and which records are refused for want of any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Delivery, Rejection } from '../../../src/core/batch.ts';
import type { IdentityConfig, PipelineConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { type Identified, MAX_POSITION } from '../../../src/core/identity.ts';
import type { RowSet } from '../../../src/core/insert.ts';
import { endOf, startOf } from '../../../src/core/json-tape.ts';
import { createIdentify } from '../../../src/dedupe/identity.ts';
import { COORDINATES } from '../../../src/ops/config/pipeline-schema.ts';
import { AUTO, createJsonDecoder, LIMITS } from '../../support/deliveries.ts';
import { pipelineOf } from '../../support/pipelines.ts';
import { TABLE } from '../insert/insert-support.ts';

type Changes = Partial<PipelineConfig>;
type Sent = Partial<Pick<Delivery, 'key' | 'principal'>> & { topic?: string | undefined };

const decode = createJsonDecoder(LIMITS);
const DEFAULT: IdentityConfig = { kind: 'coordinates', fields: COORDINATES, keep: true };

async function decoded(body: string, sent: Sent = {}): Promise<Batch> {
  const { topic, ...more } = { topic: 'orders', ...sent };
  const delivery = { id: 'd', pipeline: 'p', principal: 'tester', body: Buffer.from(body), receivedAt: 0, ...more };
  return await decode(topic === undefined ? delivery : { ...delivery, topic }, AUTO);
}

/** The rows of a batch: each record's own text, but for those with these ordinals, which the table does not take. */
function rowSetOf({ records }: Batch, rejected: readonly number[] = []): RowSet {
  const rows = records.filter(({ ordinal }) => !rejected.includes(ordinal));
  return {
    table: TABLE,
    columns: [],
    rows: {
      sources: [records[0]?.value.tape.bytes ?? Buffer.alloc(0)],
      spans: Int32Array.from(rows.flatMap(({ value: { tape, node } }) => [0, startOf(tape, node), endOf(tape, node)])),
    },
    ordinals: Int32Array.from(rows.map(({ ordinal }) => ordinal)),
    rejections: rejected.map((ordinal): Rejection => ({ ordinal, code: 'wrong_type', column: 'v', reason: 'it is of another type' })),
  };
}

interface Options {
  readonly sent?: Sent;
  readonly rejected?: readonly number[];
  readonly isDone?: (stream: string, position: bigint) => boolean;
}

/** What is found out about a body. */
async function identify(
  body: string,
  changes: Changes = {},
  { sent = {}, rejected = [], isDone = () => false }: Options = {},
): Promise<Identified> {
  const batch = await decoded(body, sent);
  return createIdentify({ isDone })(batch, rowSetOf(batch, rejected), pipelineOf('p', { identity: DEFAULT, ...changes }));
}

/** Runs as text: a partition's as `topic/partition from-to at row`. */
function placesOf({ identities: { runs } }: Identified): string[] {
  return runs.map(({ stream, from, row, count }) => {
    const [name = '', source = '', epoch = '', topic = '', partition = ''] = stream.split('\0');
    const where = name.startsWith('c')
      ? `${name === 'cp' ? '' : `${name} `}${source === 'default' ? '' : `${source} `}${epoch === '0' ? '' : `${epoch} `}${topic}/${partition}`
      : stream;
    return `${where} ${from}-${from + BigInt(count) - 1n} at ${row}`;
  });
}

/** The streams of one record each. */
async function streamOf(body: string, changes: Changes = {}, sent: Sent = {}): Promise<string> {
  const { identities, rejections } = await identify(body, changes, { sent });
  assert.deepEqual([rejections, identities.runs.length], [[], 1]);
  return identities.runs[0]!.stream;
}

const at = (partition: unknown, offset: unknown, more = ''): string =>
  `{"__partition":${String(partition)},"__offset":${String(offset)}${more}}`;

test('the three usual ways of naming coordinates are read, one of them per record', async () => {
  const bodies = ['__connect_', '__', '_'].map((prefix) => `{"${prefix}topic":"t","v":1,"${prefix}offset":7,"${prefix}partition":3}`);
  for (const body of bodies) assert.deepEqual(placesOf(await identify(body)), ['t/3 7-7 at 0']);
  // The first that a record has both numbers of counts.
  const both = '{"_topic":"a","_partition":1,"_offset":1,"__partition":2,"__offset":2,"__connect_offset":9}';
  assert.deepEqual(placesOf(await identify(both)), ['orders/2 2-2 at 0']);
});

test('coordinates can have names of their own, and then no others', async () => {
  const own = { identity: { kind: 'coordinates', fields: [{ topic: 'src', partition: 'shard', offset: 'seq' }], keep: true } } as const;
  assert.deepEqual(placesOf(await identify('{"seq":5,"shard":2,"src":"clicks"}', own)), ['clicks/2 5-5 at 0']);
  assert.deepEqual(placesOf(await identify(at(2, 5), own)), [' 0-0 at 0']);
  const without = { identity: { kind: 'coordinates', fields: [{ topic: '', partition: 'p', offset: 'o' }], keep: true } } as const;
  assert.deepEqual(placesOf(await identify('{"p":2,"o":5,"topic":"x","":"y"}', without)), ['orders/2 5-5 at 0']);
});

test('the topic is the record’s, or else the URL’s, and without either there are no coordinates', async () => {
  assert.deepEqual(placesOf(await identify(at(0, 1, ',"__topic":"Web.clicks-1_x"'))), ['Web.clicks-1_x/0 1-1 at 0']);
  assert.deepEqual(placesOf(await identify(at(0, 1))), ['orders/0 1-1 at 0']);
  assert.deepEqual(placesOf(await identify(at(0, 1, ',"__topic":null'))), ['orders/0 1-1 at 0']);
  assert.deepEqual(placesOf(await identify(at(0, 1), {}, { sent: { topic: undefined } })), [' 0-0 at 0']);
  assert.deepEqual(placesOf(await identify(at(0, 1, ',"__topic":"t"'), {}, { sent: { topic: undefined } })), ['t/0 1-1 at 0']);
  const longest = 'x'.repeat(249);
  assert.deepEqual(placesOf(await identify(at(0, 1, `,"__topic":"${longest}"`))), [`${longest}/0 1-1 at 0`]);
});

test('the topic of one record is not that of the next', async () => {
  const body = ['a', 'a', 'b', undefined, 'ab', 'b']
    .map((topic, i) => at(0, i, topic === undefined ? '' : `,"__topic":"${topic}"`))
    .join('\n');
  assert.deepEqual(placesOf(await identify(body)), ['a/0 0-1 at 0', 'b/0 2-2 at 2', 'orders/0 3-3 at 3', 'ab/0 4-4 at 4', 'b/0 5-5 at 5']);
});

test('offsets and partitions are digits, as a number or as text, and exact up to the largest', async () => {
  assert.deepEqual(placesOf(await identify(at('"12"', '"345"'))), ['orders/12 345-345 at 0']);
  const largest = MAX_POSITION.toString();
  assert.equal(largest, '9223372036854775807');
  for (const offset of [largest, `"${largest}"`])
    assert.deepEqual(placesOf(await identify(at(2 ** 31 - 1, offset))), [`orders/2147483647 ${largest}-${largest} at 0`]);
  const digits = ['0', '999999999999999', '1000000000000000', '9007199254740993', '1000000000000000001'];
  for (const offset of digits) assert.deepEqual(placesOf(await identify(at(0, offset))), [`orders/0 ${offset}-${offset} at 0`]);
});

test('what is no offset is refused by the name of its field, and never by its value', async () => {
  const wrong = [
    '9223372036854775808',
    '"9223372036854775808"',
    '99999999999999999999999',
    '-1',
    '-0',
    '1.5',
    '1e3',
    '1.0',
    '""',
    '"abc"',
    '"1 "',
    '" 1"',
    '"-1"',
    '"+1"',
    '"0x1"',
    '"\\u0031"',
    'true',
    'false',
    '{}',
    '{"n":1}',
    '[]',
    '[1]',
  ];
  for (const value of wrong) {
    const { identities, rejections } = await identify(at(0, value));
    const rejection = {
      ordinal: 0,
      code: 'invalid_identity',
      column: '__offset',
      reason: 'an offset is a whole number from 0 to 2^63 − 1, a partition one below 2^31, a topic the name of one',
    };
    assert.deepEqual([identities, rejections], [{ runs: [], repeats: 0 }, [rejection]], value);
  }
});

test('what is no partition is refused by the name of its field', async () => {
  for (const value of ['2147483648', '"2147483648"', '4294967296', '-1', '1.5', '"a"', '""', 'true', '[0]', '9223372036854775808']) {
    const { rejections } = await identify(at(value, 1));
    assert.deepEqual(
      rejections.map(({ code, column }) => [code, column]),
      [['invalid_identity', '__partition']],
      value,
    );
  }
  assert.equal((await identify('{"_partition":-1,"_offset":1}')).rejections[0]?.column, '_partition');
});

test('what is no topic is refused by the name of its field', async () => {
  for (const value of ['"a/../b"', '"."', '".."', `"${'x'.repeat(250)}"`, '"a b"', '"ä"', '"a\\u0000b"', '7', 'true', '{}', '["t"]']) {
    const { rejections } = await identify(at(0, 1, `,"__topic":${value}`));
    assert.deepEqual(
      rejections.map(({ code, column }) => [code, column]),
      [['invalid_identity', '__topic']],
      value,
    );
  }
  const empty = await identify(`${at(0, 1, ',"__topic":"t"')}\n${at(0, 2, ',"__topic":""')}`);
  assert.deepEqual(
    empty.rejections.map(({ ordinal, column }) => [ordinal, column]),
    [[1, '__topic']],
  );
  // Written with an escape it is the same topic.
  assert.deepEqual(placesOf(await identify(at(0, 1, ',"__topic":"\\u0074"'))), ['t/0 1-1 at 0']);
});

test('a record without coordinates, or with null for one of them, is anonymous, or refused where an identity is required', async () => {
  for (const body of [
    '{"v":1}',
    '{}',
    '{"__partition":1}',
    '{"__offset":1}',
    '{"__topic":"t"}',
    at('null', 1),
    at(0, 'null'),
    at('null', '"x"'),
    '{"_partition":1,"__offset":1}',
  ]) {
    assert.deepEqual(placesOf(await identify(body)), [' 0-0 at 0'], body);
    const { identities, rejections } = await identify(body, { requireIdentity: true });
    assert.deepEqual(identities.runs, [], body);
    assert.deepEqual(
      rejections,
      [
        {
          ordinal: 0,
          code: 'identity_missing',
          reason:
            'the record must say where it was in Kafka, for example in the fields __connect_topic, __connect_partition and __connect_offset',
        },
      ],
      body,
    );
  }
});

test('two offsets that are one as floating-point numbers are two positions', async () => {
  const body = [9007199254740993n, 9007199254740992n].map((offset) => at(0, offset)).join('\n');
  const { identities, rejections } = await identify(body);
  assert.deepEqual(rejections, []);
  assert.deepEqual(
    identities.runs.map(({ from, count }) => [from, count]),
    [
      [9007199254740993n, 1],
      [9007199254740992n, 1],
    ],
  );
  const ascending = [9007199254740991n, 9007199254740992n, 9007199254740993n].map((offset) => at(0, offset)).join('\n');
  assert.deepEqual(placesOf(await identify(ascending)), ['orders/0 9007199254740991-9007199254740993 at 0']);
});

test('a run goes on over every number of digits', async () => {
  for (const from of [0n, 8n, 999_999_999_999_998n, 2n ** 53n - 3n, MAX_POSITION - 4n]) {
    const body = [0n, 1n, 2n, 3n, 4n].map((i) => at(1, from + i)).join('\n');
    assert.deepEqual(placesOf(await identify(body)), [`orders/1 ${from}-${from + 4n} at 0`]);
  }
});

test('consecutive offsets are one run, gaps and other partitions begin another, in the order of the rows', async () => {
  const records = [
    [0, 5],
    [0, 6],
    [0, 8],
    [1, 9],
    [1, 10],
    [0, 9],
    [0, 10],
    [0, 4],
    [1, 11],
  ] as const;
  const { identities } = await identify(records.map(([partition, offset]) => at(partition, offset)).join('\n'));
  assert.deepEqual(placesOf({ identities, rejections: [] }), [
    'orders/0 5-6 at 0',
    'orders/0 8-8 at 2',
    'orders/1 9-10 at 3',
    'orders/0 9-10 at 5',
    'orders/0 4-4 at 7',
    'orders/1 11-11 at 8',
  ]);
});

test('records without a row have no place in a run, and the rows after them keep their numbers', async () => {
  const body = [1, 2, 3, 4].map((offset) => at(0, offset)).join('\n');
  const found = await identify(body, {}, { rejected: [1] });
  assert.deepEqual(placesOf(found), ['orders/0 1-1 at 0', 'orders/0 3-4 at 1']);
  const wrong = [at(0, 1), at(0, '"x"'), at(0, 2), '{"v":1}', at(0, 3)].join('\n');
  const mixed = await identify(wrong, { requireIdentity: true });
  assert.deepEqual(placesOf(mixed), ['orders/0 1-1 at 0', 'orders/0 2-2 at 2', 'orders/0 3-3 at 4']);
  assert.deepEqual(
    mixed.rejections.map(({ ordinal, code }) => [ordinal, code]),
    [
      [1, 'invalid_identity'],
      [3, 'identity_missing'],
    ],
  );
});

test('the same record twice in a request is written once and counted as a repeat', async () => {
  const body = [at(0, 1, ',"v":1'), at(0, 2, ',"v":1'), at(0, 1, ',"v":1'), at(0, 1, ',"v":1'), at(0, 3, ',"v":1')].join('\n');
  const { identities, rejections } = await identify(body);
  assert.deepEqual([rejections, identities.repeats], [[], 2]);
  assert.deepEqual(placesOf({ identities, rejections }), ['orders/0 1-2 at 0', 'orders/0 3-3 at 4']);
});

test('two records of a request with the same coordinates and other values are a conflict, told by their places', async () => {
  const body = [at(0, 7, ',"v":"secret"'), at(0, 8, ',"v":2'), at(0, 7, ',"v":"hidden"'), at(1, 7, ',"v":3'), at(0, 8, ',"v":2')].join(
    '\n',
  );
  const { identities, rejections } = await identify(body);
  assert.deepEqual(rejections, [
    { ordinal: 2, code: 'identity_conflict', reason: 'record 0 of the request has the same identity and another value' },
  ]);
  assert.equal(identities.repeats, 1);
  // Rows behind a rejected one keep their ordinals.
  const behind = await identify(body, {}, { rejected: [1] });
  assert.deepEqual(
    behind.rejections.map(({ ordinal, reason }) => [ordinal, reason]),
    [
      [1, 'it is of another type'],
      [2, 'record 0 of the request has the same identity and another value'],
    ],
  );
});

test('overlapping runs are told apart record by record', async () => {
  const offsets = [1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 2];
  const { identities } = await identify(offsets.map((offset) => at(0, offset)).join('\n'));
  assert.deepEqual([identities.repeats, placesOf({ identities, rejections: [] })], [4, ['orders/0 1-5 at 0', 'orders/0 6-7 at 8']]);
});

test('source, epoch, pipeline, topic and partition keep streams apart', async () => {
  const changes: Changes[] = [{}, { source: 'east' }, { epoch: 1 }, { name: 'q' }];
  const streams = await Promise.all([
    ...changes.map(async (change) => await streamOf(at(0, 1), change)),
    streamOf(at(0, 1, ',"__topic":"t"')),
    streamOf(at(1, 1)),
  ]);
  assert.equal(new Set(streams).size, streams.length);
  assert.deepEqual(streams[0], 'cp\0default\x000\0orders\x000');
  assert.equal(await streamOf(at(0, 99)), streams[0]);
});

test('with a delivery key each record is known by its place in the request, under a digest of topic and body', async () => {
  const key: Changes = { identity: { kind: 'key' } };
  const body = '{"v":1}\n{"v":1}\n{"v":2}';
  const found = await identify(body, key, { sent: { key: 'k' } });
  const [run] = found.identities.runs;
  assert.match(run?.stream ?? '', /^d[0-9a-f]{32}$/);
  assert.deepEqual([found.identities.runs.length, run?.from, run?.row, run?.count, found.identities.repeats], [1, 0n, 0, 3, 0]);
  const skipped = await identify(body, key, { sent: { key: 'k' }, rejected: [1] });
  assert.deepEqual(
    skipped.identities.runs.map(({ from, row }) => [from, row]),
    [
      [0n, 0],
      [2n, 1],
    ],
  );
  assert.equal(skipped.rejections[0]?.ordinal, 1);

  const digestOf = async (text: string, sent: Sent): Promise<string | undefined> =>
    (await identify(text, key, { sent })).identities.key?.digest;
  const digests = await Promise.all([
    digestOf(body, { key: 'k' }),
    digestOf(`${body} `, { key: 'k' }),
    digestOf(body, { key: 'k', topic: 'other' }),
    digestOf(body, { key: 'k', topic: undefined }),
  ]);
  assert.equal(new Set(digests).size, 4);
  assert.match(digests[0] ?? '', /^[0-9a-f]{64}$/);
  assert.equal(await digestOf(body, { key: 'another', principal: 'someone' }), digests[0]);
});

test('a delivery key belongs to its sender, pipeline and epoch', async () => {
  const key: Changes = { identity: { kind: 'key' } };
  const streams = await Promise.all([
    streamOf('{}', key, { key: 'k' }),
    streamOf('{}', key, { key: 'l' }),
    streamOf('{}', key, { key: 'k', principal: 'someone' }),
    streamOf('{}', { ...key, name: 'q' }, { key: 'k' }),
    streamOf('{}', { ...key, epoch: 1 }, { key: 'k' }),
  ]);
  assert.equal(new Set(streams).size, streams.length);
  // Neither the topic nor the body changes whose key it is: they are in the digest.
  assert.equal(await streamOf('{"v":1}', key, { key: 'k', topic: 'other' }), streams[0]);
});

test('without a key records are anonymous, and where one is required the request is refused', async () => {
  const key: Changes = { identity: { kind: 'key' } };
  const found = await identify(`${at(0, 1)}\n${at(0, 2)}`, key);
  assert.deepEqual([placesOf(found), found.identities.key?.digest], [[' 0-1 at 0'], undefined]);
  await assert.rejects(
    identify('{}', { ...key, requireIdentity: true }),
    (error) =>
      error instanceof GatewayError &&
      error.code === 'invalid_delivery_key' &&
      error.message === 'The pipeline p needs an Idempotency-Key header on each request',
  );
});

test('a record’s own id is its identity: text and number are two, null and none are missing, anything else is invalid', async () => {
  const field: Changes = { identity: { kind: 'field', field: 'id' } };
  const stream = async (body: string): Promise<string> => await streamOf(body, field);
  assert.match(await stream('{"id":"7"}'), /^r[0-9a-f]{32}$/);
  const different = [
    '{"id":"7"}',
    '{"id":7}',
    '{"id":"8"}',
    '{"id":""}',
    '{"id":" 7"}',
    '{"id":9007199254740992}',
    '{"id":9007199254740993}',
  ];
  assert.equal(new Set(await Promise.all(different.map(stream))).size, different.length);
  assert.equal(await stream('{"v":1,"id":"\\u0037"}'), await stream('{"id":"7","v":2}'));
  for (const body of ['{"id":null}', '{}', '{"Id":"7"}', '{"v":{"id":"7"}}']) {
    assert.deepEqual(placesOf(await identify(body, field)), [' 0-0 at 0'], body);
    const { rejections } = await identify(body, { ...field, requireIdentity: true });
    assert.deepEqual(
      rejections,
      [{ ordinal: 0, code: 'identity_missing', reason: 'the pipeline recognises records by the field id, and this one has none' }],
      body,
    );
  }
  for (const value of ['{}', '{"a":"7"}', '[7]', 'true', 'false']) {
    const { identities, rejections } = await identify(`{"id":${value}}`, field);
    assert.deepEqual([identities.runs, rejections.map(({ code, column }) => [code, column])], [[], [['invalid_identity', 'id']]], value);
  }
});

test('a second record with the id of the first is a repeat or a conflict', async () => {
  const field: Changes = { identity: { kind: 'field', field: 'id' } };
  const { identities, rejections } = await identify('{"id":1,"v":1}\n{"id":2}\n{"id":1,"v":1}\n{"id":1,"v":2}', field);
  assert.equal(identities.repeats, 1);
  assert.deepEqual(
    rejections.map(({ ordinal, code }) => [ordinal, code]),
    [[3, 'identity_conflict']],
  );
  assert.deepEqual(
    identities.runs.map(({ from, row, count }) => [from, row, count]),
    [
      [0n, 0, 1],
      [0n, 1, 1],
    ],
  );
});

test('a record’s own text is its identity only where the pipeline says so, and equal texts are one record', async () => {
  const content: Changes = { identity: { kind: 'content' } };
  const { identities } = await identify('{"v":1}\n{"v":2}\n{"v":1}\n{"v": 1}', content);
  assert.deepEqual([identities.repeats, identities.runs.length], [1, 3]);
  assert.match(identities.runs[0]?.stream ?? '', /^r[0-9a-f]{32}$/);
  const streams = await Promise.all([
    streamOf('{"v":1}', content),
    streamOf('{"v":1}', content, { topic: 'other' }),
    streamOf('{"v":1}', content, { topic: undefined }),
    streamOf('{"v":1}', { ...content, name: 'q' }),
    streamOf('{"v":1}', { ...content, epoch: 1 }),
  ]);
  assert.equal(new Set(streams).size, streams.length);
  assert.equal(await streamOf('{"v":1}', content, { principal: 'someone' }), streams[0]);
});

test('without identity nothing is recognised, not even the same record twice in a request', async () => {
  const found = await identify(`${at(0, 1)}\n${at(0, 1)}\n${at(0, 1)}`, { identity: { kind: 'none' } }, { sent: { key: 'k' } });
  assert.deepEqual([placesOf(found), found.identities.repeats, found.identities.key?.digest], [[' 0-2 at 0'], 0, undefined]);
});

test('with auto coordinates win over the key, and records without them get the key', async () => {
  const auto: Changes = { identity: { kind: 'auto', fields: COORDINATES, keep: true } };
  const mixed = [at(0, 1), at(0, 2), '{"v":1}', '{"v":2}', at(0, 3)].join('\n');
  const { identities } = await identify(mixed, auto, { sent: { key: 'k' } });
  const stream = identities.runs[1]?.stream ?? '';
  assert.match(stream, /^d[0-9a-f]{32}$/);
  assert.deepEqual(placesOf({ identities, rejections: [] }), ['orders/0 1-2 at 0', `${stream} 2-3 at 2`, 'orders/0 3-3 at 4']);
  assert.match(identities.key?.digest ?? '', /^[0-9a-f]{64}$/);
  assert.equal(stream, await streamOf('{}', { identity: { kind: 'key' } }, { key: 'k' }));
  const all = await identify(at(0, 1), auto, { sent: { key: 'k' } });
  assert.deepEqual([placesOf(all), all.identities.key?.digest], [['orders/0 1-1 at 0'], undefined]);
  assert.deepEqual(placesOf(await identify('{"v":1}', auto)), [' 0-0 at 0']);
  const wrong = await identify(at(0, '"x"'), auto, { sent: { key: 'k' } });
  assert.deepEqual(
    wrong.rejections.map(({ code }) => code),
    ['invalid_identity'],
  );
});

test('a key means nothing where records are recognised in another way', async () => {
  for (const identity of [DEFAULT, { kind: 'field', field: 'id' }, { kind: 'content' }] as const) {
    const [with_, without] = await Promise.all([
      identify('{"v":1}', { identity }, { sent: { key: 'k' } }),
      identify('{"v":1}', { identity }),
    ]);
    assert.deepEqual(with_.identities, without.identities);
    assert.equal(with_.identities.key?.digest, undefined);
  }
});

test('a record the table does not take any more is a duplicate when it was written before, and a rejection otherwise', async () => {
  const asked: string[] = [];
  const isDone = (stream: string, position: bigint): boolean => {
    asked.push(`${stream.split('\0').slice(3).join('/')} ${position}`);
    return position === 5n;
  };
  const body = [at(0, 4), at(0, 5), at(0, 6), '{"v":1}', at(0, '"x"')].join('\n');
  const { identities, rejections } = await identify(body, {}, { rejected: [1, 2, 3, 4], isDone });
  assert.equal(identities.repeats, 1);
  assert.deepEqual(
    rejections.map(({ ordinal, code, column }) => [ordinal, code, column]),
    [
      [2, 'wrong_type', 'v'],
      [3, 'wrong_type', 'v'],
      [4, 'invalid_identity', '__offset'],
    ],
  );
  assert.deepEqual(asked, ['orders/0 5', 'orders/0 6']);
  assert.deepEqual(placesOf({ identities, rejections }), ['orders/0 4-4 at 0']);
});

test('rejections of all kinds are in the order of the records', async () => {
  const body = [at(0, '"x"'), '{"v":1}', at(0, 2, ',"v":1'), at(0, 2, ',"v":2'), at(0, 3)].join('\n');
  const { rejections } = await identify(body, { requireIdentity: true }, { rejected: [4] });
  assert.deepEqual(
    rejections.map(({ ordinal, code }) => [ordinal, code]),
    [
      [0, 'invalid_identity'],
      [1, 'identity_missing'],
      [3, 'identity_conflict'],
      [4, 'wrong_type'],
    ],
  );
});

test('no reason quotes a value', async () => {
  const bodies = [
    at('"s3cret"', 1),
    at(0, '"s3cret"'),
    at(0, 1, ',"__topic":"s3cret/"'),
    at(0, '{"s3cret":1}'),
    `${at(0, 1, ',"v":"s3cret"')}\n${at(0, 1, ',"v":1')}`,
    '{"v":"s3cret"}',
  ];
  for (const body of bodies) {
    const { rejections } = await identify(body, { requireIdentity: true });
    assert.equal(rejections.length, 1, body);
    assert.doesNotMatch(JSON.stringify(rejections), /s3cret/);
  }
});

test('pipelines whose records look the same are read by their own fields', async () => {
  const run = createIdentify({ isDone: () => false });
  const batch = await decoded('{"a":1,"b":2,"c":3}');
  const pipelines = [
    ['a', 'b'],
    ['b', 'c'],
    ['a', 'c'],
  ].map(([partition = '', offset = ''], i) =>
    pipelineOf(`p${i}`, { identity: { kind: 'coordinates', fields: [{ topic: '', partition, offset }], keep: true } }),
  );
  for (const round of [1, 2]) {
    const places = pipelines.map((pipeline) => placesOf(run(batch, rowSetOf(batch), pipeline))[0]);
    assert.deepEqual(places, ['cp0 orders/1 2-2 at 0', 'cp1 orders/2 3-3 at 0', 'cp2 orders/1 3-3 at 0'], `round ${round}`);
  }
});
