/** What the ledger writes down reads back the same, and bytes that are not what was written are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_POSITION, type Run } from '../../src/core/identity.ts';
import { type BegunBatch, LedgerError } from '../../src/core/ledger.ts';
import { createReader, createWriter, seal, unseal } from '../../src/dedupe/ledgers/codec.ts';
import * as records from '../../src/dedupe/ledgers/records.ts';

const MOST = 2 ** 53 - 1;
const number = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 53 - 2, MOST));
const position = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX_POSITION }),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }),
  fc.constantFrom(0n, 1n, 127n, 128n, 2n ** 56n - 1n, 2n ** 56n, MAX_POSITION - 1n, MAX_POSITION),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom('', '\0', 'corders\0default\x000\0orders\x000'),
);
const hex = (maxBytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength: maxBytes }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bytes = fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some));

/** Objects as any other, with the prototype of all. */
function objectOf<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

type Item = { kind: 'number'; value: number } | { kind: 'big'; value: bigint } | { kind: 'text' | 'hex'; value: string };

const item: fc.Arbitrary<Item> = fc.oneof(
  number.map((value): Item => ({ kind: 'number', value })),
  position.map((value): Item => ({ kind: 'big', value })),
  text.map((value): Item => ({ kind: 'text', value })),
  hex(300).map((value): Item => ({ kind: 'hex', value })),
);

function write(items: readonly Item[]): Buffer {
  const writer = createWriter();
  for (const one of items) {
    if (one.kind === 'number') writer.number(one.value);
    else if (one.kind === 'big') writer.big(one.value);
    else if (one.kind === 'text') writer.text(one.value);
    else writer.hex(one.value);
  }
  return writer.bytes();
}

/** Items of these kinds, and whether nothing was left. */
function read(buffer: Buffer, kinds: ReadonlyArray<Item['kind']>): readonly [items: Item[], isAtEnd: boolean] {
  const reader = createReader(buffer);
  const items = kinds.map((kind): Item => ({ kind, value: reader[kind]() }) as Item);
  return [items, reader.isAtEnd()];
}

test('numbers, positions, texts and hex read back as they were written, one after the other', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) => {
      const kinds = items.map(({ kind }) => kind);
      assert.deepEqual(read(write(items), kinds), [items, true]);
    }),
    { numRuns: 1500 },
  );
});

test('numbers and positions are exact at every power of two', () => {
  for (let bit = 0n; bit <= 63n; bit++) {
    const around = [2n ** bit - 1n, 2n ** bit, 2n ** bit + 1n];
    assert.deepEqual(
      read(write(around.map((value) => ({ kind: 'big', value }))), ['big', 'big', 'big'])[0].map(({ value }) => value),
      around,
    );
    const small = around.filter((value) => value <= 2n ** 53n).map(Number);
    assert.deepEqual(
      read(
        write(small.map((value) => ({ kind: 'number', value }))),
        small.map(() => 'number'),
      )[0].map(({ value }) => value),
      small,
    );
  }
});

test('a position that is a number is stored as one', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.deepEqual(write([{ kind: 'big', value: BigInt(value) }]), write([{ kind: 'number', value }]));
    }),
    { numRuns: 500 },
  );
});

test('bytes that end early are an error of the ledger, wherever they end', () => {
  const items: Item[] = [
    { kind: 'number', value: 70_000 },
    { kind: 'text', value: 'tëxt' },
    { kind: 'hex', value: 'abcdef' },
    { kind: 'big', value: MAX_POSITION },
  ];
  const whole = write(items);
  const kinds = items.map(({ kind }) => kind);
  assert.deepEqual(read(whole, kinds), [items, true]);
  for (let size = 0; size < whole.length; size++)
    assert.throws(
      () => read(whole.subarray(0, size), kinds),
      (error) => error instanceof LedgerError && error.kind === 'broken',
      `${size} bytes`,
    );
});

test('a sealed value opens under its key, and with any one bit changed it does not', () => {
  fc.assert(
    fc.property(bytes, bytes, (key, value) => {
      const sealed = seal(key, value);
      assert.deepEqual(unseal(key, sealed), value);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = Buffer.from(sealed);
        flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
        assert.throws(() => unseal(key, flipped), LedgerError, `bit ${bit}`);
      }
      for (let size = 0; size < 4; size++) assert.throws(() => unseal(key, sealed.subarray(0, size)), LedgerError, `${size} bytes`);
    }),
    { numRuns: 120 },
  );
});

test('a sealed value does not open under the key of another', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (key, other, value) => {
      fc.pre(!key.equals(other));
      assert.throws(() => unseal(other, seal(key, value)), LedgerError);
    }),
    { numRuns: 1000 },
  );
  // Keys that differ in one bit, as the chunks of neighbours do.
  const value = Buffer.from('value');
  for (let bit = 0; bit < 64; bit++)
    assert.throws(() => unseal(records.chunkKey(1, 2n ** BigInt(bit)), seal(records.chunkKey(1, 0n), value)), LedgerError, `bit ${bit}`);
});

const uuid = fc.uuid({ version: 7 });
const hashOf = (size: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((some) => Buffer.from(some).toString('hex'));
const digest = fc.option(hashOf(32), { nil: undefined });
const hash = hashOf(16);
const stream = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(40))
    .map(([topic, partition]) => `cp\0default\x000\0${topic}\0${partition}`),
  hash.map((value) => `d${value}`),
  hash.map((value) => `r${value}`),
);

const batch: fc.Arbitrary<BegunBatch> = objectOf({
  id: uuid,
  table: objectOf({ database: text, table: text }),
  rowCount: number,
  begunAt: number,
  runs: fc.array(objectOf({ stream, from: position, row: number, count: number }), { maxLength: 12 }),
  digests: fc.array(hashOf(32), { maxLength: 12 }),
}).map(({ id, table, rowCount, begunAt, runs, digests }) => {
  const names = [...new Set(runs.map(({ stream: name }) => name))].filter((name) => name.startsWith('d'));
  const all = names.flatMap((name, i) => (digests[i] === undefined ? [] : [[name, digests[i]] as const]));
  return { id, table, rowCount, begunAt, runs, digests: new Map(all) };
});

test('a batch reads back with everything that is in it', () => {
  fc.assert(
    fc.property(batch, (one) => {
      const key = records.batchKey(one.id);
      assert.deepEqual(records.decodeBatch(key, seal(key, records.encodeBatch(one))), one);
    }),
    { numRuns: 600 },
  );
});

test('a batch of many runs of few streams names each stream once', () => {
  const name = `cp\0default\x000\0${'t'.repeat(200)}\x000`;
  const runs = Array.from({ length: 500 }, (_, i): Run => ({ stream: name, from: BigInt(i) * 2n, row: i, count: 1 }));
  const one = {
    id: '0198c5a0-0000-7000-8000-000000000001',
    table: { database: 'd', table: 't' },
    rowCount: 500,
    begunAt: 0,
    runs,
    digests: new Map<string, string>(),
  };
  const encoded = records.encodeBatch(one);
  assert.ok(encoded.length < 500 * 6 + 300, `${encoded.length} bytes`);
  const key = records.batchKey(one.id);
  assert.deepEqual(records.decodeBatch(key, seal(key, encoded)), one);
});

test('a keyed entry reads back with everything that is in it', () => {
  const entry = objectOf({
    digest,
    batch: uuid,
    committedAt: number,
    expiresAt: number,
    done: fc.array(objectOf({ from: position, to: position }), { maxLength: 8 }),
  });
  fc.assert(
    fc.property(hash, entry, (name, one) => {
      const key = records.keyedKey(`d${name}`);
      assert.deepEqual(records.decodeKeyed(key, seal(key, records.encodeKeyed(one))), one);
    }),
    { numRuns: 600 },
  );
});

test('a partition’s entry reads back with everything that is in it', () => {
  fc.assert(
    fc.property(stream, objectOf({ number, chunks: number, count: position }), (name, one) => {
      const key = records.streamKey(name);
      assert.deepEqual(records.decodeStream(key, seal(key, records.encodeStream(one))), one);
    }),
    { numRuns: 600 },
  );
});

test('the key of a chunk says where it is, and chunks of a stream are in the order of their positions', () => {
  const chunk = objectOf({ stream: fc.integer({ min: 0, max: 2 ** 32 - 1 }), from: position });
  fc.assert(
    fc.property(chunk, chunk, (a, b) => {
      const [keyA, keyB] = [records.chunkKey(a.stream, a.from), records.chunkKey(b.stream, b.from)];
      assert.deepEqual([records.chunkPlace(keyA), records.chunkPlace(keyB)], [a, b]);
      const order = a.stream === b.stream ? (a.from < b.from ? -1 : a.from > b.from ? 1 : 0) : a.stream < b.stream ? -1 : 1;
      assert.equal(Buffer.compare(keyA, keyB), order);
    }),
    { numRuns: 1000 },
  );
});

test('keys of different kinds and streams are different, and batches are in the order of their ids', () => {
  fc.assert(
    fc.property(hash, hash, uuid, uuid, (one, two, a, b) => {
      fc.pre(one !== two && a !== b);
      const keys = [
        records.keyedKey(`d${one}`),
        records.keyedKey(`r${one}`),
        records.keyedKey(`d${two}`),
        records.batchKey(a),
        records.streamKey(`d${one}`),
      ];
      assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, keys.length);
      assert.equal(Buffer.compare(records.batchKey(a), records.batchKey(b)), a < b ? -1 : 1);
    }),
    { numRuns: 500 },
  );
});
