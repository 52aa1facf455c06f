import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARRAY, FALSE, NULL, NUMBER, NUMBER_REAL, OBJECT, STRING, STRING_ESCAPED, TRUE } from '../../../src/core/json-tape.ts';
import { beginRecord, scanOn } from '../../../src/decode/json-scanner.ts';
import { startScan } from '../../../src/decode/scan.ts';
import { createShapeTrie } from '../../../src/decode/shape-trie.ts';
import { LIMITS } from '../../support/deliveries.ts';

const TEXT = '{"a":[1,-2.5e3,"x","\\n",true,false,null,[],{}],"b":{"c":{"d":[[{"e":1}]]},"f" : 2 },"g":0}';

/** Tokens as `[kind, extra, start, end, next]`. */
function scan(text: string, pauseAlways: boolean): { tokens: number[][]; keys: string[][]; pauses: number; end: number } {
  const state = startScan(Buffer.from(text), 'body', createShapeTrie(), LIMITS);
  if (pauseAlways) state.pauseAt = -1;
  beginRecord(state, 0);
  let pauses = 0;
  while (!scanOn(state)) pauses++;
  const tokens = Array.from({ length: state.count }, (_, i) => {
    const [head = 0, start = 0, end = 0, next = 0] = state.tokens.subarray(i * 4, i * 4 + 4);
    return [head & 15, head >>> 4, start, end, next];
  });
  return { tokens, keys: state.shapes.map(({ keys }) => [...keys]), pauses, end: state.at };
}

test('a tape lists each value with its kind, its bytes and what follows it', () => {
  const { tokens, keys, end } = scan('[1,-2.5,{"k":"\\n","l":[]},true,false,null,"x",{}]', false);
  assert.deepEqual(tokens, [
    [ARRAY, 8, 0, 49, 11],
    [NUMBER, 0, 1, 2, 2],
    [NUMBER, NUMBER_REAL, 3, 7, 3],
    [OBJECT, 0, 8, 25, 6],
    [STRING, STRING_ESCAPED, 13, 17, 5],
    [ARRAY, 0, 22, 24, 6],
    [TRUE, 0, 26, 30, 7],
    [FALSE, 0, 31, 36, 8],
    [NULL, 0, 37, 41, 9],
    [STRING, 0, 42, 45, 10],
    [OBJECT, 1, 46, 48, 11],
  ]);
  assert.deepEqual(keys, [['k', 'l'], []]);
  assert.equal(end, 49);
});

test('a record that is left at every value and taken up again gives the same tape', () => {
  const whole = scan(TEXT, false);
  const paused = scan(TEXT, true);
  assert.equal(whole.pauses, 0);
  assert.equal(paused.pauses, 11);
  assert.deepEqual({ ...paused, pauses: 0 }, whole);
});

test('a number at the very end of the text ends there', () => {
  for (const text of ['0', '-0', '12', '1.5', '1e5', '1E-5']) assert.equal(scan(text, false).end, text.length, text);
});

test('in a string of any length every byte is judged, wherever it stands', () => {
  // Every ASCII byte, and characters of two to four bytes.
  const characters = [...Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)), 'ü', '☃', '😀', '\u0080', '\u00a2', '\u07ff'];
  for (let length = 28; length <= 76; length += 3) {
    for (let at = 0; at < length; at++) {
      const character = characters[(at * 31 + length * 7) % characters.length]!;
      for (const one of new Set([character, '"', '\\', '\u001f', ' ', '!', '#', '[', ']', '\u007f', '😀'])) {
        const text = `["${'a'.repeat(at)}${one}${'z'.repeat(length - at)}","é"]`;
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          assert.throws(() => scan(text, false), { name: 'GatewayError' }, JSON.stringify(text));
          continue;
        }
        const [, [, , start, end] = []] = scan(text, false).tokens;
        assert.equal(JSON.parse(Buffer.from(text).toString('utf8', start, end)), (expected as string[])[0], JSON.stringify(text));
      }
    }
  }
});
