import {
  ARRAY,
  FALSE,
  type JsonTape,
  NULL,
  NUMBER,
  NUMBER_INTEGER,
  NUMBER_REAL,
  OBJECT,
  type Shape,
  STRING,
  STRING_ESCAPED,
  STRING_PLAIN,
  TOKEN_WIDTH,
  TRUE,
} from '../core/json-tape.ts';
import { refuse } from './fault.ts';
import { keysUpTo, MOST_SHARED_KEYS, type ShapeNode, type ShapeTrie, shapeAt } from './shape-trie.ts';

export interface ScanLimits {
  /** Bytes of a record. */
  readonly record: number;
  /** Tokens of all records of a body. */
  readonly values: number;
  readonly depth: number;
}

/** A tape that is being written. Only `end` of the last token is read back by the functions here. */
export interface Scan {
  readonly bytes: Buffer;
  tokens: Int32Array;
  count: number;
  readonly shapes: Shape[];
  readonly trie: ShapeTrie;
  readonly limits: ScanLimits;
  /** Index of the record that is being read, and where it starts: for messages. */
  record: number;
  start: number;
  /** Keys of this record that no known shape has. */
  newKeys: number;
  /** Whether the string read last has escapes. */
  escaped: boolean;
}

/** Integers; a tape grows as it needs. */
const MOST_ROOM_AT_FIRST = 1 << 20;

/** A new key costs a thousand times what a known one does. Between records others get a turn, inside one they don't. */
const MOST_NEW_KEYS = 150_000;

/** Starts a tape over `bytes`, which must be valid UTF-8. */
export function startScan(bytes: Buffer, trie: ShapeTrie, limits: ScanLimits): Scan {
  const room = Math.min(Math.max(64, bytes.length >> 3), MOST_ROOM_AT_FIRST);
  return { bytes, tokens: new Int32Array(room), count: 0, shapes: [], trie, limits, record: 0, start: 0, newKeys: 0, escaped: false };
}

/** The tape of what was scanned. It stays valid while more is scanned only if no more is: call it at the end. */
export function tapeOf(scan: Scan): JsonTape {
  return { bytes: scan.bytes, tokens: scan.tokens, shapes: scan.shapes };
}

/**
 * Reads the value that starts at byte `at` as record `record` and returns the byte after it; its first token is the one at `scan.count`
 * before the call. RFC 8259 to the letter.
 * @throws GatewayError naming the record and byte.
 */
export function scanRecord(scan: Scan, at: number, record: number): number {
  scan.record = record;
  scan.start = at;
  scan.newKeys = 0;
  const end = scanValue(scan, at, 0);
  if (end - at > scan.limits.record) return fault(scan, at, 'record_too_large', `it is larger than ${scan.limits.record} bytes`);
  return end;
}

/** The first byte from `at` on that is no JSON whitespace. */
export function skipBlank(bytes: Buffer, at: number): number {
  let p = at;
  for (;;) {
    const c = bytes[p];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return p;
    p++;
  }
}

function fault(scan: Scan, at: number, code: Parameters<typeof refuse>[0], what: string): never {
  return refuse(code, what, { bytes: scan.bytes, start: scan.start, at, record: scan.record });
}

function unexpected(scan: Scan, at: number, expected: string): never {
  const what = at >= scan.bytes.length ? 'the text ends' : 'there is something else';
  return fault(scan, at, 'malformed_json', `expected ${expected}, but ${what}`);
}

/** Adds a token and returns its index. Its `next` is set by the caller once it is known. */
function push(scan: Scan, kind: number, extra: number, start: number, end: number): number {
  const index = scan.count++;
  const slot = index * TOKEN_WIDTH;
  if (slot + TOKEN_WIDTH > scan.tokens.length) grow(scan, start);
  const { tokens } = scan;
  tokens[slot] = kind | (extra << 4);
  tokens[slot + 1] = start;
  tokens[slot + 2] = end;
  tokens[slot + 3] = index + 1;
  return index;
}

function grow(scan: Scan, at: number): void {
  if (scan.count > scan.limits.values) fault(scan, at, 'too_many_records', `the body has more than ${scan.limits.values} JSON values`);
  const grown = new Int32Array(Math.min(scan.tokens.length * 2, (scan.limits.values + 1) * TOKEN_WIDTH));
  grown.set(scan.tokens);
  scan.tokens = grown;
}

function close(scan: Scan, index: number, kind: number, extra: number, end: number): number {
  const slot = index * TOKEN_WIDTH;
  scan.tokens[slot] = kind | (extra << 4);
  scan.tokens[slot + 2] = end;
  scan.tokens[slot + 3] = scan.count;
  return end;
}

function scanValue(scan: Scan, at: number, depth: number): number {
  const c = scan.bytes[at]!;
  if (c === 0x22) {
    const end = scanString(scan, at);
    push(scan, STRING, scan.escaped ? STRING_ESCAPED : STRING_PLAIN, at, end);
    return end;
  }
  if (c === 0x7b) return scanObject(scan, at, depth + 1);
  if (c === 0x5b) return scanArray(scan, at, depth + 1);
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return scanNumber(scan, at);
  if (c === 0x74) return scanWord(scan, at, TRUE, 'true');
  if (c === 0x66) return scanWord(scan, at, FALSE, 'false');
  if (c === 0x6e) return scanWord(scan, at, NULL, 'null');
  return unexpected(scan, at, 'a JSON value');
}

function scanWord(scan: Scan, at: number, kind: number, word: string): number {
  const end = at + word.length;
  for (let i = 1; i < word.length; i++) if (scan.bytes[at + i] !== word.charCodeAt(i)) unexpected(scan, at + i, word);
  push(scan, kind, 0, at, end);
  return end;
}

function skipDigits(bytes: Buffer, at: number): number {
  let p = at;
  for (;;) {
    const c = bytes[p]!;
    if (!(c >= 0x30 && c <= 0x39)) return p;
    p++;
  }
}

function scanNumber(scan: Scan, at: number): number {
  const { bytes } = scan;
  let p = bytes[at] === 0x2d ? at + 1 : at;
  const first = p;
  p = skipDigits(bytes, p);
  if (p === first) unexpected(scan, p, 'a digit');
  if (bytes[first] === 0x30 && p > first + 1) fault(scan, first, 'malformed_json', 'a number starts with 0 and goes on');
  let extra = NUMBER_INTEGER;
  if (bytes[p] === 0x2e) {
    extra = NUMBER_REAL;
    const fraction = p + 1;
    p = skipDigits(bytes, fraction);
    if (p === fraction) unexpected(scan, p, 'a digit after the point');
  }
  if (bytes[p] === 0x65 || bytes[p] === 0x45) {
    extra = NUMBER_REAL;
    const sign = bytes[p + 1];
    const exponent = sign === 0x2b || sign === 0x2d ? p + 2 : p + 1;
    p = skipDigits(bytes, exponent);
    if (p === exponent) unexpected(scan, p, 'a digit of the exponent');
  }
  push(scan, NUMBER, extra, at, p);
  return p;
}

/** Returns the byte after the closing quote and notes in `scan.escaped` whether there are escapes. */
function scanString(scan: Scan, at: number): number {
  const { bytes } = scan;
  scan.escaped = false;
  let p = at + 1;
  for (;;) {
    const c = bytes[p]!;
    if (c === 0x22) return p + 1;
    if (c === 0x5c) {
      scan.escaped = true;
      p = scanEscape(scan, p);
    } else if (c >= 0x20) {
      p++;
    } else {
      unexpected(scan, p, p >= bytes.length ? 'the end of a string' : 'a control character to be escaped');
    }
  }
}

/** `at` is the backslash; returns the byte after the escape. Half a surrogate pair is no character. */
function scanEscape(scan: Scan, at: number): number {
  const c = scan.bytes[at + 1];
  if (c !== 0x75) {
    if (c === 0x22 || c === 0x5c || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74) return at + 2;
    return unexpected(scan, at + 1, 'an escape');
  }
  const unit = hex4(scan, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const isPair = unit < 0xdc00 && scan.bytes[at + 6] === 0x5c && scan.bytes[at + 7] === 0x75;
  const low = isPair ? hex4(scan, at + 8) : 0;
  if (low < 0xdc00 || low > 0xdfff) fault(scan, at, 'invalid_utf8', 'a string has half a surrogate pair');
  return at + 12;
}

function hex4(scan: Scan, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const c = scan.bytes[at + i]!;
    if (c >= 0x30 && c <= 0x39) value = value * 16 + c - 0x30;
    else if (c >= 0x61 && c <= 0x66) value = value * 16 + c - 0x57;
    else if (c >= 0x41 && c <= 0x46) value = value * 16 + c - 0x37;
    else unexpected(scan, at + i, 'four hexadecimal digits');
  }
  return value;
}

function checkDepth(scan: Scan, at: number, depth: number): void {
  if (depth > scan.limits.depth) fault(scan, at, 'too_deep', `the JSON is nested deeper than ${scan.limits.depth} levels`);
}

function scanArray(scan: Scan, at: number, depth: number): number {
  checkDepth(scan, at, depth);
  const { bytes } = scan;
  const index = push(scan, ARRAY, 0, at, at);
  let count = 0;
  let p = skipBlank(bytes, at + 1);
  if (bytes[p] === 0x5d) return close(scan, index, ARRAY, 0, p + 1);
  for (;;) {
    p = skipBlank(bytes, scanValue(scan, p, depth));
    count++;
    const c = bytes[p];
    if (c === 0x5d) return close(scan, index, ARRAY, count, p + 1);
    if (c !== 0x2c) unexpected(scan, p, "',' or ']'");
    p = skipBlank(bytes, p + 1);
  }
}

function scanObject(scan: Scan, at: number, depth: number): number {
  checkDepth(scan, at, depth);
  const { bytes, trie } = scan;
  const index = push(scan, OBJECT, 0, at, at);
  let node = trie.root;
  let keys: ObjectKeys | undefined;
  let p = skipBlank(bytes, at + 1);
  if (bytes[p] === 0x7d) return close(scan, index, OBJECT, shapeIndex(scan, shapeAt(node)), p + 1);
  for (;;) {
    if (bytes[p] !== 0x22) unexpected(scan, p, 'a key in double quotes');
    const likely = node.likely;
    let end = likely === undefined ? 0 : matchKey(bytes, p + 1, likely.spelling);
    if (end === 0) {
      end = scanString(scan, p);
      keys ??= { seen: undefined, all: undefined };
      node = takeKey(scan, node, keys, p, end);
    } else {
      node = likely!;
      keys?.seen?.add(node.key);
    }
    p = skipBlank(bytes, end);
    if (bytes[p] !== 0x3a) unexpected(scan, p, "':' after a key");
    p = skipBlank(bytes, scanValue(scan, skipBlank(bytes, p + 1), depth));
    const c = bytes[p];
    if (c === 0x7d) {
      const shape = keys?.all === undefined ? shapeAt(node) : { keys: keys.all };
      return close(scan, index, OBJECT, shapeIndex(scan, shape), p + 1);
    }
    if (c !== 0x2c) unexpected(scan, p, "',' or '}'");
    p = skipBlank(bytes, p + 1);
  }
}

/** The byte after the closing quote if the key at `at` is spelled so, otherwise 0. */
function matchKey(bytes: Buffer, at: number, spelling: Buffer): number {
  const { length } = spelling;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== spelling[i]) return 0;
  return at + length;
}

/** The keys of an object that left the known shapes. */
interface ObjectKeys {
  /** All keys so far, once one of them was new. */
  seen: Set<string> | undefined;
  /** The same in order, once there are too many for a shared shape. */
  all: string[] | undefined;
}

/** The node after the key at [at, end), which is not the likely one. Linear over an object, whatever its keys. */
function takeKey(scan: Scan, node: ShapeNode, keys: ObjectKeys, at: number, end: number): ShapeNode {
  const key = scan.escaped ? (JSON.parse(scan.bytes.toString('utf8', at, end)) as string) : scan.bytes.toString('utf8', at + 1, end - 1);
  if (keys.all === undefined) {
    const known = scan.trie.find(node, key);
    if (known !== undefined) {
      keys.seen?.add(key);
      return known;
    }
  }
  if (++scan.newKeys > MOST_NEW_KEYS)
    fault(scan, at, 'too_many_records', `it has more than ${MOST_NEW_KEYS} keys that were not seen before`);
  keys.seen ??= new Set(keysUpTo(node));
  if (keys.seen.has(key)) fault(scan, at, 'duplicate_key', 'an object has the same key twice');
  keys.seen.add(key);
  if (keys.all === undefined && node.length < MOST_SHARED_KEYS) {
    return scan.trie.add(node, key, Buffer.from(scan.bytes.subarray(at + 1, end)));
  }
  keys.all ??= keysUpTo(node);
  keys.all.push(key);
  return NO_GUESS;
}

/** Where an object with too many keys stays: nothing is likely after it. */
const NO_GUESS: ShapeNode = {
  parent: undefined,
  key: '',
  spelling: Buffer.alloc(0),
  length: 0,
  likely: undefined,
  children: undefined,
  shape: undefined,
};

function shapeIndex(scan: Scan, shape: Shape): number {
  const { shapes } = scan;
  const last = shapes.length - 1;
  return last >= 0 && shapes[last] === shape ? last : shapes.push(shape) - 1;
}
