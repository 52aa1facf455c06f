import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Shape } from '../../../src/core/json-tape.ts';
import { kindOf, nextOf, OBJECT, shapeOf } from '../../../src/core/json-tape.ts';
import { createShapeTrie } from '../../../src/decode/shape-trie.ts';
import { AUTO, batchOf, createJsonDecoder, type DecodeJson, deliveryOf, LIMITS } from '../../support/deliveries.ts';
import { valueOf } from '../../support/tape-values.ts';

/** The shapes of all objects of a body, in the order the objects begin. */
async function shapesOf(decode: DecodeJson, body: string): Promise<Shape[]> {
  const { records } = await decode(deliveryOf(body), AUTO);
  return records.flatMap(({ value: { tape, node } }) => {
    const shapes: Shape[] = [];
    for (let at = node; at < nextOf(tape, node); at++) if (kindOf(tape, at) === OBJECT) shapes.push(shapeOf(tape, at));
    return shapes;
  });
}

test('objects with the same keys in the same order share a shape, over bodies, places and spellings', async () => {
  const decode = createJsonDecoder(LIMITS);
  const [first] = await shapesOf(decode, '{"a":1,"b":2}');
  assert.deepEqual(first?.keys, ['a', 'b']);
  for (const body of [
    '[{"a":3,"b":4},{"a" :1 , "b": 2}]',
    '{"\\u0061":1,"b":2}',
    '["{\\"a\\":1,\\"b\\":2}"]',
    '{"a":1,"b":2}\n{"a":1,"\\u0062":2}',
  ]) {
    for (const shape of await shapesOf(decode, body)) assert.equal(shape, first, body);
  }
  const [outer, inner, element] = await shapesOf(decode, '{"x":{"a":1,"b":2},"y":[{"a":1,"b":2}]}');
  assert.deepEqual([outer?.keys, inner, element], [['x', 'y'], first, first]);
  const others = await shapesOf(decode, '[{"b":1,"a":2},{"a":1},{"a":1,"b":2,"c":3},{},{"a":1,"c":3}]');
  assert.deepEqual(
    others.map(({ keys }) => keys),
    [['b', 'a'], ['a'], ['a', 'b', 'c'], [], ['a', 'c']],
  );
  assert.ok(!others.includes(first));
});

test('a tape lists a shape once, however the objects alternate', async () => {
  const { records } = await createJsonDecoder(LIMITS)(deliveryOf(`[${'{"a":{"b":1}},{"c":[{},{"b":2}]},'.repeat(100)}]`), AUTO);
  const shapes = records[0]?.value.tape.shapes.map(({ keys }) => keys.join());
  assert.deepEqual(shapes?.toSorted(), ['', 'a', 'b', 'c']);
});

test('keys are told from each other by all their bytes', async () => {
  const keys = [
    'a',
    'ab',
    'abc',
    'b',
    'é',
    'e',
    '\\"',
    '\\\\',
    '\\\\"',
    'a"',
    '',
    ' ',
    'a ',
    '\u0000',
    '__proto__',
    'constructor',
    'toString',
    'length',
  ];
  const texts = keys.map((key) => `{${JSON.stringify(key)}:1,"x":{${JSON.stringify(key)}:2}}`);
  const decode = createJsonDecoder(LIMITS);
  for (let round = 0; round < 3; round++) {
    const { records } = await decode(deliveryOf(`[${texts.join(',')}]`), AUTO);
    assert.deepEqual(
      records.map(({ value: { tape, node } }) => valueOf(tape, node)),
      texts.map((text) => JSON.parse(text) as unknown),
    );
  }
});

test('what is kept of keys is bounded, and shapes stay right when it is forgotten', async () => {
  const decode = createJsonDecoder(LIMITS);
  const [before] = await shapesOf(decode, '{"id":1,"name":"x"}');
  for (let round = 0; round < 3; round++) {
    const texts = Array.from({ length: 9000 }, (_, i) => `{"id":1,"k${round}-${i}":{"id":${i},"${i}":[]},"name":"x"}`);
    const { records } = await decode(deliveryOf(texts.join('\n')), AUTO);
    const wrong = records.findIndex(
      ({ value: { tape, node } }, i) => JSON.stringify(valueOf(tape, node)) !== JSON.stringify(JSON.parse(texts[i] ?? '')),
    );
    assert.equal(wrong, -1);
  }
  const [after] = await shapesOf(decode, '{"id":1,"name":"x"}');
  assert.deepEqual(after, before);
  assert.notEqual(after, before, 'the first was forgotten');
});

test('the trie begins anew when it has too many nodes, or too many keys in its shapes', () => {
  const byNodes = createShapeTrie();
  const { root } = byNodes;
  for (let i = 0; i < 20_000; i++) byNodes.add(root, `k${i}`);
  assert.equal(byNodes.root, root);
  assert.equal(byNodes.find(root, 'k19999')?.key, 'k19999');
  byNodes.add(root, 'one more');
  assert.notEqual(byNodes.root, root);
  assert.equal(byNodes.find(byNodes.root, 'k0'), undefined);

  const byShapes = createShapeTrie();
  let node = byShapes.root;
  let listed = 0;
  while (byShapes.find(byShapes.root, 'k0') !== undefined || node.length === 0) {
    node = byShapes.add(node, `k${node.length}`);
    assert.equal(byShapes.shapeAt(node).keys.length, node.length);
    listed += node.length;
  }
  assert.ok(listed > 1_000_000 && listed < 1_010_000, `${listed}`);
});

test('bodies that are read side by side do not mix their shapes', async () => {
  const decode = createJsonDecoder(LIMITS);
  const body = (seed: number): string =>
    `[${Array.from({ length: 4000 }, (_, i) => `{"n":${i},"${'common'.repeat(10)}":{"k${(i * seed) % 3000}":${seed},"z":[{"s${i % 7}":null}]}}`).join(',')}]`;
  const bodies = [7, 11, 13, 17].map(body);
  const batches = await Promise.all(bodies.map(async (text) => await decode(deliveryOf(text), AUTO)));
  for (const [i, { records }] of batches.entries()) {
    const values = records.map(({ value: { tape, node } }) => valueOf(tape, node));
    assert.equal(JSON.stringify(values), JSON.stringify(JSON.parse(bodies[i] ?? '')));
  }
});

test('a key that is an escape is not taken for a key with a backslash that came before it', async () => {
  const { records } = await batchOf('[{"a":1,"\\\\":2},{"a":1,"\\u0041":2},{"a":1,"\\\\u0041":2},{"a":1,"\\u0041":2}]');
  assert.deepEqual(
    records.map(({ value: { tape, node } }) => shapeOf(tape, node).keys[1]),
    ['\\', 'A', '\\u0041', 'A'],
  );
});
