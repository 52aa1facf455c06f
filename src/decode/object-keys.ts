import { refuseRecord, refuseSyntax } from './fault.ts';
import { isBlank, scanString, skipBlank } from './json-text.ts';
import type { Frame, Scan } from './scan.ts';
import { keysUpTo, LONGEST_SHARED_KEY, MOST_SHARED_KEYS, type ShapeNode, UNKNOWN } from './shape-trie.ts';

const COLON = 0x3a;

/** Reading pauses inside an object, but what is made of its shape later is made in one go. */
const MOST_KEYS = 150_000;

/** Reads the key at `at`, and the colon after it, and returns the first byte of its value. A key as guessed makes no string. */
export function scanKey(scan: Scan, frame: Frame, at: number): number {
  const { bytes } = scan;
  if (bytes[at] !== 0x22) refuseSyntax(scan, at, 'a key in double quotes');
  const { guess } = frame;
  let p = guess === undefined ? 0 : matchKey(bytes, at + 1, guess.spelling);
  if (p === 0) {
    p = takeKey(scan, frame, at);
  } else {
    frame.node = guess!;
    frame.guess = guess!.likely;
  }
  if (bytes[p] !== COLON) {
    p = skipBlank(bytes, p);
    if (bytes[p] !== COLON) refuseSyntax(scan, p, "':' after the key");
  }
  p++;
  return isBlank(bytes[p]) ? skipBlank(bytes, p) : p;
}

/** The byte after the closing quote if the key at `at` is spelled so, otherwise 0; always 0 for {@link UNKNOWN}. */
function matchKey(bytes: Buffer, at: number, spelling: Uint8Array): number {
  const { length } = spelling;
  if (length === 0) return 0;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== spelling[i]) return 0;
  return at + length;
}

/** Takes the key at `at`, which is not the guessed one, and returns the byte after it. Linear over an object, whatever its keys. */
function takeKey(scan: Scan, frame: Frame, at: number): number {
  if (frame.seen === undefined) {
    for (const child of frame.node.few) {
      const end = matchKey(scan.bytes, at + 1, child.spelling);
      if (end !== 0) {
        follow(frame, child);
        return end;
      }
    }
  }
  const end = scanString(scan, at);
  const text = scan.bytes.toString('utf8', at + 1, end - 1);
  const key = scan.escaped ? (JSON.parse(`"${text}"`) as string) : text;
  const known = frame.seen === undefined ? scan.trie.find(frame.node, key) : undefined;
  if (known === undefined) {
    addKey(scan, frame, key, at, end);
  } else {
    if (known.spelling === UNKNOWN && !scan.escaped) known.spelling = new Uint8Array(scan.bytes.subarray(at + 1, end));
    follow(frame, known);
  }
  return end;
}

function follow(frame: Frame, child: ShapeNode): void {
  if (frame.node.parent === undefined) frame.owner.inner = child;
  else frame.node.likely = child;
  frame.node = child;
  frame.guess = child.likely;
}

/** A key no object had after the same keys: from here on this object's keys are compared with each other. */
function addKey(scan: Scan, frame: Frame, key: string, at: number, end: number): void {
  frame.seen ??= new Set(keysUpTo(frame.node));
  if (frame.seen.has(key)) refuseRecord('duplicate_key', scan, at, 'has a key twice in an object, the second time', 'send each key once');
  frame.seen.add(key);
  if (frame.own === undefined && frame.node.length < MOST_SHARED_KEYS && end - at <= LONGEST_SHARED_KEY) {
    // Another body may have brought the key while this one paused.
    follow(frame, scan.trie.find(frame.node, key) ?? scan.trie.add(frame.node, key));
  } else {
    frame.own ??= keysUpTo(frame.node);
    if (frame.own.push(key) > MOST_KEYS) {
      refuseRecord('too_many_records', scan, at, `has an object with more than ${MOST_KEYS} keys`, 'send what it holds as several records');
    }
  }
  frame.guess = undefined;
}
