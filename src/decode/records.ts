import type { Framing } from '../core/batch.ts';
import { GatewayError } from '../core/errors.ts';
import { refuseSyntax } from './fault.ts';
import { beginRecord, scanOn, skipOn } from './json-scanner.ts';
import { nextTurn, type Scan } from './scan.ts';

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** The records of a text. */
export interface Found {
  readonly scan: Scan;
  readonly framing: Framing;
  /** The token each record begins with. */
  readonly nodes: number[];
  /** Whether each record is without a newline. */
  readonly singleLine: boolean[];
}

/**
 * Finds the records from `scan.at` to the end. One array holds its elements; otherwise values follow each other, with blanks, newlines
 * or a comma between any two of them, and what stands between all of them names the framing.
 */
export async function findRecords(scan: Scan, most: number): Promise<Found> {
  while (!skipOn(scan)) await nextTurn(scan);
  return scan.whole[scan.at] === OPEN_ARRAY ? await readArray(scan, most) : await readSequence(scan, most);
}

/** The elements of the one array a body is. A comma after the last is a template's habit and means nothing. */
async function readArray(scan: Scan, most: number): Promise<Found> {
  const { whole } = scan;
  const found: Found = { scan, framing: 'array', nodes: [], singleLine: [] };
  scan.at += 1;
  while (!skipOn(scan)) await nextTurn(scan);
  while (whole[scan.at] !== CLOSE_ARRAY) {
    beginNext(found, most);
    while (!scanOn(scan)) await nextTurn(scan);
    endRecord(found);
    while (!skipOn(scan)) await nextTurn(scan);
    if (whole[scan.at] === COMMA) {
      scan.at += 1;
      while (!skipOn(scan)) await nextTurn(scan);
    } else if (whole[scan.at] !== CLOSE_ARRAY) {
      refuseBetween(scan, "',' or ']' after the record");
    }
  }
  scan.at += 1;
  while (!skipOn(scan)) await nextTurn(scan);
  if (scan.at < whole.length) refuseBetween(scan, 'nothing after the array');
  return found;
}

/** Values one after the other. A comma anywhere makes the body comma-joined, a gap without newline makes it concatenated. */
async function readSequence(scan: Scan, most: number): Promise<Found> {
  const { whole } = scan;
  const found: Found = { scan, framing: 'object', nodes: [], singleLine: [] };
  let commas = 0;
  let gapsWithoutNewline = 0;
  while (scan.at < whole.length) {
    beginNext(found, most);
    while (!scanOn(scan)) await nextTurn(scan);
    endRecord(found);
    const end = scan.at;
    while (!skipOn(scan)) await nextTurn(scan);
    if (whole[scan.at] === COMMA) {
      commas += 1;
      scan.at += 1;
      while (!skipOn(scan)) await nextTurn(scan);
    } else if (scan.at < whole.length && newlineFrom(scan, end) >= scan.at) {
      gapsWithoutNewline += 1;
    }
  }
  if (commas > 0) return { ...found, framing: 'comma' };
  if (found.nodes.length <= 1) return found;
  return { ...found, framing: gapsWithoutNewline === 0 ? 'ndjson' : 'concatenated' };
}

/** Refuses what stands at `scan.at`, which is not inside a record. */
export function refuseBetween(scan: Scan, expected: string): never {
  scan.bytes = scan.whole;
  return refuseSyntax(scan, scan.at, expected);
}

/** Begins the next record at `scan.at`. */
export function beginNext({ scan, nodes }: Found, most: number): void {
  if (nodes.length >= most) throw new GatewayError('too_many_records', `The body has more than ${most} records: send fewer a request`);
  beginRecord(scan, nodes.length);
  nodes.push(scan.count);
}

/** Ends the record at `scan.at`. */
export function endRecord({ scan, singleLine }: Found): void {
  singleLine.push(newlineFrom(scan, scan.start) >= scan.at);
}

/** The first newline from `at` on. Each is looked for once, so a text without any is gone through once. */
function newlineFrom(scan: Scan, at: number): number {
  if (scan.newline < at) {
    const found = scan.whole.indexOf(NEWLINE, at);
    scan.newline = found === -1 ? Number.MAX_SAFE_INTEGER : found;
  }
  return scan.newline;
}
