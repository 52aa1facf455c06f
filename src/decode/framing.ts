import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Framing } from '../core/batch.ts';
import type { FramingConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { isBlank } from './json-text.ts';

const NAMES: Readonly<Record<Framing, string>> = {
  object: 'one object',
  array: 'an array of objects',
  ndjson: 'one object a line',
  concatenated: 'objects one after the other',
  comma: 'objects joined by commas',
  strings: 'strings that hold JSON',
  records: 'an object with records in an array "records"',
  binary: 'one record in the wire format of the Schema Registry',
  delimited: 'records in that format, each after its length',
};

/** Framings that a body found to be `found` satisfies: a single object is a sequence of one, lines are a sequence too. */
const SATISFIES: Readonly<Record<Framing, readonly Framing[]>> = {
  object: ['object', 'ndjson', 'concatenated', 'comma'],
  array: ['array'],
  ndjson: ['ndjson', 'concatenated'],
  concatenated: ['concatenated'],
  comma: ['comma'],
  strings: ['strings'],
  records: ['records'],
  binary: ['binary'],
  delimited: ['delimited'],
};

/**
 * @param count Records found: an array without any can be one of strings too.
 * @throws GatewayError `wrong_framing` when the pipeline wants another framing than was found.
 */
export function checkFraming(found: Framing, count: number, { kind }: FramingConfig): void {
  if (kind === 'auto' || SATISFIES[found].includes(kind) || (kind === 'strings' && found === 'array' && count === 0)) return;
  throw new GatewayError(
    'wrong_framing',
    `The body is ${NAMES[found]}, but the pipeline's framing.kind is ${kind} (${NAMES[kind]}): change one or the other`,
  );
}

/** The part of a body that holds records. */
export interface Inside {
  readonly from: number;
  readonly stop: number;
  /** Whether a prefix or suffix was taken off, which can leave nothing. */
  readonly wrapped: boolean;
}

/**
 * Finds the part of the body between byte order mark and the configured prefix and suffix, around which blanks may stand.
 * @throws GatewayError `wrong_framing` when prefix or suffix is missing.
 */
export async function findInside(body: Buffer, framing: FramingConfig): Promise<Inside> {
  const prefix = Buffer.from(framing.prefix.replace(/^[ \t\r\n]+/, ''));
  const suffix = Buffer.from(framing.suffix.replace(/[ \t\r\n]+$/, ''));
  const wrapped = prefix.length + suffix.length > 0;
  let from = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  let stop = body.length;
  if (wrapped) {
    from = await pastBlanks(body, from, 1);
    stop = (await pastBlanks(body, stop - 1, -1)) + 1;
    if (stop <= from) throw emptyBody();
    if (!body.subarray(from, stop).subarray(0, prefix.length).equals(prefix)) throw missing('begin', 'prefix');
    from += prefix.length;
    stop -= suffix.length;
    if (stop < from || !body.subarray(stop, stop + suffix.length).equals(suffix)) throw missing('end', 'suffix');
  }
  return { from, stop, wrapped };
}

/** The body has nothing but blanks. */
export function emptyBody(): GatewayError {
  return new GatewayError('empty_body', 'The body is empty: send at least one record');
}

function missing(where: 'begin' | 'end', what: 'prefix' | 'suffix'): GatewayError {
  return new GatewayError('wrong_framing', `The body does not ${where} with the pipeline's framing.${what}: set it as the sender has it`);
}

/** Past the blanks at `at`, forwards or backwards. Others have a turn in between. */
async function pastBlanks(bytes: Buffer, at: number, step: 1 | -1): Promise<number> {
  let p = at;
  while (isBlank(bytes[p])) {
    p += step;
    if (p % 1_000_000 === 0) await turnOfOthers();
  }
  return p;
}
