import assert from 'node:assert/strict';
import { endOf, extraOf, type JsonTape, kindOf, NUMBER, NUMBER_REAL, nextOf, OBJECT, shapeOf, startOf } from '../../src/core/json-tape.ts';
import { builtTape, createTapeBuilder, type TapeBuilder } from '../../src/core/tape-builder.ts';
import { beginRecord, scanOn } from '../../src/decode/json-scanner.ts';
import { startScan, tapeOf } from '../../src/decode/scan.ts';
import { createShapeTrie } from '../../src/decode/shape-trie.ts';
import type { Codec } from '../../src/schema/codec.ts';

/** Room for what tests write. */
export function roomyTape(): TapeBuilder {
  return createTapeBuilder(64, 100_000);
}

/** The JSON text of a value as a codec reads it, after its tape was compared with that of reading the text. */
export function textRead(codec: Codec, bytes: Buffer): string {
  const tape = roomyTape();
  const node = codec.read({ bytes, from: 0, to: bytes.length }, tape);
  const built = builtTape(tape);
  assertSameAsScanned(built, node);
  return built.bytes.toString('utf8', startOf(built, node), endOf(built, node));
}

/** The bytes of a value that need not be UTF-8. */
export function bytesRead(codec: Codec, bytes: Buffer, bare = false): Buffer {
  const tape = roomyTape();
  const node = codec.read({ bytes, from: 0, to: bytes.length, bare }, tape);
  const built = builtTape(tape);
  return built.bytes.subarray(startOf(built, node), endOf(built, node));
}

/** That a tape says of its text, which must be UTF-8 and one value, what reading the text says. */
export function assertSameAsScanned(built: JsonTape, node: number): void {
  const text = Buffer.from(built.bytes.subarray(startOf(built, node), endOf(built, node)));
  const limits = { record: 1 << 24, records: 1, values: 1_000_000, depth: 64 };
  const scan = startScan(text, 'body', createShapeTrie(), limits);
  beginRecord(scan, 0);
  while (!scanOn(scan));
  assert.deepEqual(tokensOf(built, node), tokensOf(tapeOf(scan), 0));
}

function tokensOf(tape: JsonTape, root: number): unknown[] {
  const from = startOf(tape, root);
  return Array.from({ length: nextOf(tape, root) - root }, (_, i) => {
    const node = root + i;
    // Reading the text does not say what a schema does of a number with a fraction.
    const extra = kindOf(tape, node) === NUMBER ? Math.min(extraOf(tape, node), NUMBER_REAL) : extraOf(tape, node);
    const what = kindOf(tape, node) === OBJECT ? shapeOf(tape, node).keys : extra;
    return [kindOf(tape, node), what, startOf(tape, node) - from, endOf(tape, node) - from, nextOf(tape, node) - root];
  });
}
