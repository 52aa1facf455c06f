import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Delivery, RecordEnvelope } from '../core/batch.ts';
import type { FramingConfig, Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { kindOf, STRING, stringOf } from '../core/json-tape.ts';
import { refuse } from './fault.ts';
import { checkFraming, type Framing, unwrap } from './framing.ts';
import { type Scan, type ScanLimits, scanRecord, skipBlank, startScan, tapeOf } from './json-scanner.ts';
import { createShapeTrie, type ShapeTrie } from './shape-trie.ts';

/** So much is read before other requests get a turn. */
const BYTES_A_TURN = 1024 * 1024;

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** Between texts that are read from one buffer, so that one never runs into the next. */
const GAP = Buffer.from('\n');

type DecodeLimits = ScanLimits & Pick<Limits, 'records'>;

/** A stage that finds the records of a body and reads them without loss. */
export type Decode = (delivery: Delivery, framing: FramingConfig) => Promise<Batch>;

/**
 * A decoder. It keeps the shapes of objects over all bodies, bounded.
 * @throws (the stage) GatewayError when the body as a whole can't be read: the message names the record and byte, never content.
 */
export function createDecoder(limits: DecodeLimits): Decode {
  const trie = createShapeTrie();
  return async (delivery, framing) => {
    const bytes = unwrap(delivery.body, framing);
    if (!isUtf8(bytes)) throw new GatewayError('invalid_utf8', 'The body is not valid UTF-8: send it in UTF-8');
    const found = await findRecords(bytes, trie, limits);
    if (found.nodes.length > 0 && found.nodes.every((node) => kindOf(tapeOf(found.scan), node) === STRING)) {
      const inner = await readStrings(found, trie, limits);
      checkFraming('strings', framing);
      return { delivery, records: envelopes(inner) };
    }
    if (found.nodes.length > 0) checkFraming(found.framing, framing);
    return { delivery, records: envelopes(found) };
  };
}

/** Records by the token each begins with. */
interface Found {
  readonly scan: Scan;
  readonly nodes: number[];
  readonly framing: Framing;
}

async function findRecords(bytes: Buffer, trie: ShapeTrie, limits: DecodeLimits): Promise<Found> {
  const scan = startScan(bytes, trie, limits);
  const at = skipBlank(bytes, 0);
  return bytes[at] === 0x5b ? await readArray(scan, at + 1, limits) : await readSequence(scan, at, limits);
}

/** The elements of the one array a body is. A comma after the last is a template's habit and means nothing. */
async function readArray(scan: Scan, from: number, limits: DecodeLimits): Promise<Found> {
  const { bytes } = scan;
  const nodes: number[] = [];
  let turn = from;
  let p = skipBlank(bytes, from);
  while (bytes[p] !== 0x5d) {
    p = skipBlank(bytes, readOne(scan, p, nodes, limits));
    if (bytes[p] === COMMA) p = skipBlank(bytes, p + 1);
    else if (bytes[p] !== 0x5d) misplaced(scan, p, nodes, "',' or ']' after the record");
    if (p - turn > BYTES_A_TURN) {
      turn = p;
      await nextTurn();
    }
  }
  if (skipBlank(bytes, p + 1) < bytes.length) misplaced(scan, p + 1, nodes, 'nothing after the array');
  return { scan, nodes, framing: 'array' };
}

/** Values with blanks, newlines or commas between them. A comma anywhere makes it comma-joined. */
async function readSequence(scan: Scan, from: number, limits: DecodeLimits): Promise<Found> {
  const { bytes } = scan;
  const nodes: number[] = [];
  let commas = 0;
  let gapsWithoutNewline = 0;
  let turn = from;
  let p = from;
  while (p < bytes.length) {
    const end = readOne(scan, p, nodes, limits);
    p = skipBlank(bytes, end);
    if (bytes[p] === COMMA) {
      commas += 1;
      p = skipBlank(bytes, p + 1);
    } else if (p < bytes.length && !bytes.subarray(end, p).includes(NEWLINE)) {
      gapsWithoutNewline += 1;
    }
    if (p - turn > BYTES_A_TURN) {
      turn = p;
      await nextTurn();
    }
  }
  const several = gapsWithoutNewline === 0 ? 'ndjson' : 'concatenated';
  const framing = nodes.length === 1 ? 'object' : commas > 0 ? 'comma' : several;
  return { scan, nodes, framing };
}

function readOne(scan: Scan, at: number, nodes: number[], limits: DecodeLimits): number {
  if (nodes.length >= limits.records) throw tooMany(limits.records);
  const node = scan.count;
  const end = scanRecord(scan, at, nodes.length);
  nodes.push(node);
  return end;
}

/** Strings that each hold a JSON text: unescaped one after the other into a buffer of their own, and read from there. */
async function readStrings({ scan, nodes }: Found, trie: ShapeTrie, limits: DecodeLimits): Promise<Found> {
  const tape = tapeOf(scan);
  const texts = nodes.map((node) => Buffer.from(stringOf(tape, node)));
  const inner = startScan(Buffer.concat(texts.flatMap((text) => [text, GAP])), trie, limits);
  const found: number[] = [];
  let turn = 0;
  let start = 0;
  for (const text of texts) {
    const stop = start + text.length;
    const end = readOne(inner, Math.min(skipBlank(inner.bytes, start), stop), found, limits);
    if (Math.min(skipBlank(inner.bytes, end), stop) !== stop || end > stop) misplaced(inner, end, found, 'one JSON text in the string');
    start = stop + GAP.length;
    if (start - turn > BYTES_A_TURN) {
      turn = start;
      await nextTurn();
    }
  }
  return { scan: inner, nodes: found, framing: 'strings' };
}

function misplaced(scan: Scan, at: number, nodes: number[], expected: string): never {
  return refuse('malformed_json', `expected ${expected}`, {
    bytes: scan.bytes,
    start: scan.start,
    at,
    record: Math.max(0, nodes.length - 1),
  });
}

function tooMany(limit: number): GatewayError {
  return new GatewayError('too_many_records', `The body has more than ${limit} records: send fewer a request`);
}

function envelopes({ scan, nodes }: Found): RecordEnvelope[] {
  const tape = tapeOf(scan);
  const { bytes, tokens } = tape;
  let newline = -1;
  return nodes.map((node, ordinal) => {
    const start = tokens[node * 4 + 1]!;
    // One search for each newline, not for each record.
    if (newline < start && newline !== bytes.length) {
      const found = bytes.indexOf(NEWLINE, start);
      newline = found === -1 ? bytes.length : found;
    }
    return { ordinal, value: { tape, node }, singleLine: newline >= tokens[node * 4 + 2]! };
  });
}
