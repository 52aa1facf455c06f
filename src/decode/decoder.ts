import type { Decoded, Delivery, RecordEnvelope } from '../core/batch.ts';
import type { FramingConfig, Limits } from '../core/config.ts';
import { kindOf, STRING } from '../core/json-tape.ts';
import { checkSize, isBinary, notBinary, splitDelimited } from './binary.ts';
import { checkFraming, emptyBody, findInside } from './framing.ts';
import { type Found, findRecords } from './records.ts';
import { restRecords } from './rest-records.ts';
import { DENSITY, startScan, tapeOf } from './scan.ts';
import { createShapeTrie } from './shape-trie.ts';
import { holdsRecord, readStrings } from './strings.ts';
import { checkUtf8 } from './utf8.ts';

/** Smaller bodies say little of others. */
const ENOUGH_BYTES = 4096;

/** A stage that finds the records of a body and reads them without loss. */
export type Decode = (delivery: Delivery, framing: FramingConfig) => Promise<Decoded>;

/**
 * A decoder. It keeps the shapes of objects over all bodies, bounded, and lets others have a turn while it reads a large body.
 * @throws (the stage) GatewayError when the body as a whole can't be read: the message names the record and byte, never content.
 */
export function createDecoder(limits: Pick<Limits, 'record' | 'records' | 'values' | 'depth'>): Decode {
  const trie = createShapeTrie();
  /** That of the bodies before; the densest of them counts most. */
  let density = DENSITY;
  return async (delivery, framing) => {
    const { body } = delivery;
    if (framing.kind === 'delimited') return { delivery, framing: 'delimited', frames: splitDelimited(body, limits) };
    if (delivery.bare === true) {
      if (body.length === 0) throw emptyBody();
      return { delivery, framing: 'binary', frames: [checkSize(body, limits)] };
    }
    if (isBinary(body)) {
      checkFraming('binary', 1, framing);
      return { delivery, framing: 'binary', frames: [checkSize(body, limits)] };
    }
    if (framing.kind === 'binary') throw notBinary();
    await checkUtf8(body);
    const { from, stop, wrapped } = await findInside(body, framing);
    // Of these the whole body is one value.
    const isRest = framing.kind === 'records';
    const bounds = isRest ? { ...limits, record: Number.MAX_SAFE_INTEGER } : limits;
    const scan = startScan(stop === body.length ? body : body.subarray(0, stop), 'body', trie, bounds, density * 1.1);
    scan.at = from;
    const found = await findRecords(scan, limits.records);
    if (body.length > ENOUGH_BYTES) density = Math.max(scan.count / body.length, density * 0.9);
    if (found.nodes.length === 0 && found.framing !== 'array' && !wrapped) throw emptyBody();
    if (isRest) {
      const records = restRecords(found, limits);
      return { delivery, framing: 'records', records: envelopes(records) };
    }
    const inStrings = areStrings(found, framing);
    const kind = inStrings ? 'strings' : found.framing;
    if (found.nodes.length > 0 || found.framing === 'array') checkFraming(kind, found.nodes.length, framing);
    return { delivery, framing: kind, records: envelopes(inStrings ? await readStrings(found, trie, limits) : found) };
  };
}

/** Whether all records are strings that hold the records. Of a string alone, that is certain only by what is in it. */
function areStrings({ scan, nodes, framing }: Found, { kind }: FramingConfig): boolean {
  const tape = tapeOf(scan);
  const [first] = nodes;
  if (first === undefined || !nodes.every((node) => kindOf(tape, node) === STRING)) return false;
  return nodes.length > 1 || framing === 'array' || kind === 'strings' || holdsRecord(tape, first);
}

function envelopes({ scan, nodes, singleLine }: Found): RecordEnvelope[] {
  const tape = tapeOf(scan);
  return nodes.map((node, ordinal) => ({ ordinal, value: { tape, node }, singleLine: singleLine[ordinal] === true }));
}
