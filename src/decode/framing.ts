import type { FramingConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';

/** How the records of a body stand in it. One object alone is `object`, whatever else it could be the first of. */
export type Framing = Exclude<FramingConfig['kind'], 'auto'>;

const NAMES: Readonly<Record<Framing, string>> = {
  object: 'one object',
  array: 'an array of objects',
  ndjson: 'one object a line',
  concatenated: 'objects one after the other',
  comma: 'objects joined by commas',
  strings: 'strings that hold JSON',
};

/** Framings that a body found to be `found` satisfies: a single object is a sequence of one, lines are a sequence too. */
const SATISFIES: Readonly<Record<Framing, readonly Framing[]>> = {
  object: ['object', 'ndjson', 'concatenated', 'comma'],
  array: ['array'],
  ndjson: ['ndjson', 'concatenated'],
  concatenated: ['concatenated'],
  comma: ['comma'],
  strings: ['strings'],
};

/** @throws GatewayError `wrong_framing` when the pipeline wants another framing than was found. */
export function checkFraming(found: Framing, { kind }: FramingConfig): void {
  if (kind === 'auto' || SATISFIES[found].includes(kind)) return;
  throw new GatewayError('wrong_framing', `The body is ${NAMES[found]}, but the pipeline takes ${NAMES[kind]}: change one or the other`);
}

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The body without byte order mark and without the configured prefix and suffix, around which blanks may stand.
 * @throws GatewayError `empty_body`, or `wrong_framing` when prefix or suffix is missing.
 */
export function unwrap(body: Buffer, { prefix, suffix }: FramingConfig): Buffer {
  const marked = body.subarray(0, 3).equals(MARK);
  let inner = trim(marked ? body.subarray(3) : body);
  if (inner.length === 0) throw new GatewayError('empty_body', 'The body is empty: send at least one record');
  if (prefix !== '') {
    const text = Buffer.from(prefix.trimStart());
    if (!inner.subarray(0, text.length).equals(text))
      throw new GatewayError('wrong_framing', "The body does not begin with the pipeline's framing.prefix");
    inner = inner.subarray(text.length);
  }
  if (suffix !== '') {
    const text = Buffer.from(suffix.trimEnd());
    const at = inner.length - text.length;
    if (at < 0 || !inner.subarray(at).equals(text))
      throw new GatewayError('wrong_framing', "The body does not end with the pipeline's framing.suffix");
    inner = inner.subarray(0, at);
  }
  return inner;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function trim(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}
