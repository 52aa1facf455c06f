import { ARRAY, FALSE, NULL, OBJECT, STRING, STRING_ESCAPED, STRING_PLAIN, TOKEN_WIDTH, TRUE } from '../core/json-tape.ts';
import { refuseSize, refuseSyntax } from './fault.ts';
import { isBlank, scanNumber, scanString, skipBlank } from './json-text.ts';
import { scanKey } from './object-keys.ts';
import { type Frame, openFrame, push, type Scan } from './scan.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Begins record `record` at `scan.at`. Its first token will be the one at `scan.count`. */
export function beginRecord(scan: Scan, record: number): void {
  const { at, whole, limits } = scan;
  scan.record = record;
  scan.start = at;
  scan.frame = scan.outside;
  // The trie may have begun anew.
  scan.outside.node = scan.trie.root;
  if (scan.bytes.length <= at + limits.record && scan.bytes.length < whole.length) {
    // For twice the limit, so that not every record needs a view of its own.
    scan.bytes = whole.subarray(0, at + 2 * limits.record + 1);
  }
}

/**
 * Reads on in the record, by RFC 8259 to the letter. Returns true when the record is complete, with `scan.at` the byte after it, and
 * false where others should have a turn first.
 * @throws GatewayError naming the record and byte.
 */
export function scanOn(scan: Scan): boolean {
  const isComplete = scanTokens(scan);
  if (scan.at - scan.start > scan.limits.record) refuseSize(scan);
  return isComplete;
}

/** Goes past blanks, outside of records. Returns false where others should have a turn first. */
export function skipOn(scan: Scan): boolean {
  const { whole, pauseAt } = scan;
  let p = scan.at;
  while (p <= pauseAt && isBlank(whole[p])) p++;
  scan.at = p;
  return p <= pauseAt;
}

/** Each round of the loop reads a value, or opens a container; the inner one closes containers, until a comma leads to the next value. */
function scanTokens(scan: Scan): boolean {
  const { bytes } = scan;
  let { at: p, frame } = scan;
  for (;;) {
    const c = bytes[p]!;
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      frame = open(scan, frame, c === OPEN_OBJECT, p);
      p = skipBlank(bytes, p + 1);
      if (bytes[p] !== frame.closer) {
        if (frame.isObject) p = scanKey(scan, frame, p);
        else frame.count = 1;
        continue;
      }
    } else {
      p = scanScalar(scan, p, c);
    }
    for (;;) {
      if (frame.depth === 0) {
        scan.at = p;
        return true;
      }
      if (isBlank(bytes[p])) p = skipBlank(bytes, p);
      const d = bytes[p];
      p++;
      if (d === COMMA) {
        if (isBlank(bytes[p])) p = skipBlank(bytes, p);
        if (frame.isObject) p = scanKey(scan, frame, p);
        else frame.count++;
        break;
      }
      if (d !== frame.closer) refuseSyntax(scan, p - 1, frame.isObject ? "',' or '}' after the value" : "',' or ']' after the value");
      close(scan, frame, p);
      frame = frame.parent!;
    }
    if (p > scan.pauseAt) {
      scan.at = p;
      scan.frame = frame;
      return false;
    }
  }
}

function scanScalar(scan: Scan, at: number, c: number): number {
  if (c === QUOTE) {
    const end = scanString(scan, at);
    push(scan, scan.escaped ? STRING | (STRING_ESCAPED << 4) : STRING | (STRING_PLAIN << 4), at, end);
    return end;
  }
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return scanNumber(scan, at);
  if (c === 0x74) return scanWord(scan, at, TRUE, 'true');
  if (c === 0x66) return scanWord(scan, at, FALSE, 'false');
  if (c === 0x6e) return scanWord(scan, at, NULL, 'null');
  return refuseSyntax(scan, at, 'a JSON value');
}

function scanWord(scan: Scan, at: number, kind: number, word: string): number {
  const end = at + word.length;
  for (let i = 1; i < word.length; i++) if (scan.bytes[at + i] !== word.charCodeAt(i)) refuseSyntax(scan, at + i, word);
  push(scan, kind, at, end);
  return end;
}

function open(scan: Scan, outer: Frame, isObject: boolean, at: number): Frame {
  const frame = openFrame(scan, outer, at);
  frame.token = push(scan, isObject ? OBJECT : ARRAY, at, at);
  frame.isObject = isObject;
  frame.closer = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
  frame.count = 0;
  frame.node = isObject ? scan.trie.root : frame.owner;
  frame.guess = frame.owner.inner;
  return frame;
}

function close(scan: Scan, frame: Frame, end: number): void {
  const slot = frame.token * TOKEN_WIDTH;
  const { tokens } = scan;
  tokens[slot] = frame.isObject ? OBJECT | (shapeSlot(scan, frame) << 4) : ARRAY | (frame.count << 4);
  tokens[slot + 2] = end;
  tokens[slot + 3] = scan.count;
}

/** Where the object's shape stands in the shapes of the tape. */
function shapeSlot(scan: Scan, { own, node }: Frame): number {
  if (own !== undefined) return scan.shapes.push({ keys: own }) - 1;
  if (node.tape !== scan.tape) {
    node.slot = scan.shapes.push(scan.trie.shapeAt(node)) - 1;
    node.tape = scan.tape;
  }
  return node.slot;
}
