import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { type JsonTape, type Shape, TOKEN_WIDTH } from '../core/json-tape.ts';
import { refuseRecord, type Text } from './fault.ts';
import type { ShapeNode, ShapeTrie } from './shape-trie.ts';

export interface ScanLimits {
  /** Bytes of a record. */
  readonly record: number;
  /** Tokens of all records of a body. */
  readonly values: number;
  readonly depth: number;
}

/** A tape that is being written, and where the writing stands: a record can be left in its middle and taken up again. */
export interface Scan extends Text {
  bytes: Buffer;
  /** The whole text, to be read by the word. */
  readonly words: DataView;
  record: number;
  start: number;
  origin: number;
  stop: number;
  tokens: Int32Array;
  count: number;
  readonly shapes: Shape[];
  readonly tape: number;
  readonly trie: ShapeTrie;
  readonly limits: ScanLimits;
  /** The first newline that is not before the record, once it was looked for. */
  newline: number;
  /** The next byte to read, and the container it stands in. */
  at: number;
  readonly outside: Frame;
  frame: Frame;
  /** Whether the string read last has escapes. */
  escaped: boolean;
  /** Where others get a turn. */
  pauseAt: number;
}

/** A container that is open. One for each depth, used again and again. */
export interface Frame {
  readonly parent: Frame | undefined;
  readonly depth: number;
  child: Frame | undefined;
  isObject: boolean;
  /** `}` or `]`. */
  closer: number;
  /** Its token. */
  token: number;
  /** Elements of an array so far. */
  count: number;
  /** The key in whose value the container stands, or the root. */
  owner: ShapeNode;
  /** In an object the key read last, otherwise the owner. */
  node: ShapeNode;
  /** The key that comes next if the object is like the one before. */
  guess: ShapeNode | undefined;
  /** All keys of the object so far, once one of them was new. */
  seen: Set<string> | undefined;
  /** The same in order, once the object has a shape of its own. */
  own: string[] | undefined;
}

/** So many bytes are read before others get a turn. */
export const BYTES_A_TURN = 128 * 1024;

/** Tokens to a byte of small records. */
export const DENSITY = 1 / 16;

/** Integers; a tape grows as it needs. */
const MOST_ROOM_AT_FIRST = 1 << 20;

/**
 * Starts a tape over `text`, which must be valid UTF-8. `within` says what messages call it. `density` is about how many tokens there are to a byte: room
 * that is not used is made, and taken away, for nothing.
 */
export function startScan(text: Buffer, within: Text['within'], trie: ShapeTrie, limits: ScanLimits, density = DENSITY): Scan {
  const expected = Math.ceil(text.length * density) * TOKEN_WIDTH;
  const room = Math.min(Math.max(64, expected), MOST_ROOM_AT_FIRST, limits.values * TOKEN_WIDTH);
  const outside = createFrame(undefined, trie.root);
  return {
    whole: text,
    // Each record gets as much as it may reach.
    bytes: text.length <= limits.record ? text : text.subarray(0, limits.record),
    words: new DataView(text.buffer, text.byteOffset, text.length),
    within,
    record: 0,
    start: 0,
    origin: 0,
    stop: text.length,
    tokens: new Int32Array(room),
    count: 0,
    shapes: [],
    tape: trie.nextTape(),
    trie,
    limits,
    newline: -1,
    at: 0,
    outside,
    frame: outside,
    escaped: false,
    pauseAt: BYTES_A_TURN,
  };
}

/** Lets others have a turn, after which as much is read again. */
export async function nextTurn(scan: Scan): Promise<void> {
  await turnOfOthers();
  scan.pauseAt = scan.at + BYTES_A_TURN;
}

/** The tape of what was scanned. Nothing may be scanned after. */
export function tapeOf(scan: Scan): JsonTape {
  return { bytes: scan.whole, tokens: scan.tokens, shapes: scan.shapes };
}

/** The frame of a container that opens at byte `at` in `outer`. */
export function openFrame(scan: Scan, outer: Frame, at: number): Frame {
  const depth = outer.depth + 1;
  if (depth > scan.limits.depth) {
    refuseRecord('too_deep', scan, at, `is nested deeper than ${scan.limits.depth} levels`, 'send flatter records, or raise limits.depth');
  }
  outer.child ??= createFrame(outer, outer.node);
  const frame = outer.child;
  frame.owner = outer.node;
  frame.seen = undefined;
  frame.own = undefined;
  return frame;
}

function createFrame(parent: Frame | undefined, owner: ShapeNode): Frame {
  return {
    parent,
    depth: parent === undefined ? 0 : parent.depth + 1,
    child: undefined,
    isObject: false,
    closer: -1,
    token: 0,
    count: 0,
    owner,
    node: owner,
    guess: undefined,
    seen: undefined,
    own: undefined,
  };
}

/** Adds a token and returns its index. A container's end, extra and next are set when it closes. */
export function push(scan: Scan, head: number, start: number, end: number): number {
  const index = scan.count;
  const slot = index * TOKEN_WIDTH;
  if (slot + TOKEN_WIDTH > scan.tokens.length) grow(scan, start);
  const { tokens } = scan;
  tokens[slot] = head;
  tokens[slot + 1] = start;
  tokens[slot + 2] = end;
  tokens[slot + 3] = index + 1;
  scan.count = index + 1;
  return index;
}

function grow(scan: Scan, at: number): void {
  const most = scan.limits.values * TOKEN_WIDTH;
  if (scan.count >= scan.limits.values) {
    const what = `goes over the limit of ${scan.limits.values} JSON values in a body`;
    refuseRecord('too_many_records', scan, at, what, 'send fewer records a request, or raise limits.values');
  }
  const grown = new Int32Array(Math.min(scan.tokens.length * 2, most));
  grown.set(scan.tokens);
  scan.tokens = grown;
}
