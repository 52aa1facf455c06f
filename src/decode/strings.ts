import { endOf, extraOf, type JsonTape, STRING_PLAIN, startOf } from '../core/json-tape.ts';
import { scanOn, skipOn } from './json-scanner.ts';
import { beginNext, endRecord, type Found, refuseBetween } from './records.ts';
import { BYTES_A_TURN, nextTurn, type ScanLimits, startScan, tapeOf } from './scan.ts';
import type { ShapeTrie } from './shape-trie.ts';
import { unescapeInto } from './unescape.ts';

/** Stands after each text: no JSON text goes on over it. */
const GAP = 0;

/** The texts of strings, one after the other, each with a gap after it. */
interface Texts {
  readonly bytes: Buffer;
  /** Where each text begins, and where one more would. */
  readonly starts: number[];
}

/** Reads the records of which each is the text of one of the strings that were found. */
export async function readStrings(outer: Found, trie: ShapeTrie, limits: ScanLimits): Promise<Found> {
  const { bytes, starts } = await unescapeAll(outer);
  const scan = startScan(bytes, 'string', trie, limits);
  const found: Found = { scan, framing: 'strings', nodes: [], singleLine: [] };
  for (let i = 0; i + 1 < starts.length; i++) {
    scan.origin = scan.at = starts[i]!;
    scan.stop = starts[i + 1]! - 1;
    while (!skipOn(scan)) await nextTurn(scan);
    beginNext(found, outer.nodes.length);
    while (!scanOn(scan)) await nextTurn(scan);
    endRecord(found);
    while (!skipOn(scan)) await nextTurn(scan);
    if (scan.at !== scan.stop) refuseBetween(scan, 'nothing after the JSON text in the string');
  }
  return found;
}

/** Whether the only string of a body is meant to hold a record, as JSON or as Java text, rather than to be one. */
export function holdsRecord(tape: JsonTape, node: number): boolean {
  return /^"(\s|\\[tnr])*([{[]|Struct\{)/.test(
    tape.bytes.toString('latin1', startOf(tape, node), Math.min(endOf(tape, node), startOf(tape, node) + 256)),
  );
}

/** No text is longer than its string, and the two quotes leave room for the gap. */
async function unescapeAll({ scan, nodes }: Found): Promise<Texts> {
  const tape = tapeOf(scan);
  const room = nodes.reduce((sum, node) => sum + endOf(tape, node) - startOf(tape, node), 0);
  const bytes = Buffer.allocUnsafe(room);
  const starts = [0];
  let at = 0;
  let pauseAt = BYTES_A_TURN;
  for (const node of nodes) {
    const from = startOf(tape, node) + 1;
    const to = endOf(tape, node) - 1;
    at += extraOf(tape, node) === STRING_PLAIN ? tape.bytes.copy(bytes, at, from, to) : unescapeInto(tape.bytes, from, to, bytes, at);
    bytes[at++] = GAP;
    starts.push(at);
    if (at > pauseAt) {
      await nextTurn(scan);
      pauseAt = at + BYTES_A_TURN;
    }
  }
  return { bytes: bytes.subarray(0, at), starts };
}
