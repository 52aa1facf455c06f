import { kindOf, STRING, stringOf } from '../../core/json-tape.ts';
import { addString } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { mismatch, type Translate } from './translate.ts';

/** As Kafka Connect writes it: the standard alphabet, filled up. What is less may be text of Avro. */
export const STRICT_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of Avro's JSON encoding: each is the character of that number. */
export function binaryOf(text: string): Buffer | undefined {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return undefined;
  return Buffer.from(text, 'latin1');
}

/** Bytes: base64, or Avro's JSON encoding; where a size is known, whichever has it. */
export function bytesTranslator(size: number | undefined): Translate {
  const fits = (bytes: Buffer | undefined): bytes is Buffer => bytes !== undefined && (size === undefined || bytes.length === size);
  return (source, node, tape) => {
    if (kindOf(source, node) !== STRING) throw mismatch(source, node, 'bytes');
    const text = stringOf(source, node);
    const decoded = STRICT_BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
    const bytes = fits(decoded) ? decoded : binaryOf(text);
    if (bytes === undefined) throw new Undecodable('is text that is neither base64 nor one byte a character');
    if (!fits(bytes)) throw new Undecodable(`has not the ${size} bytes of its schema`);
    return addString(tape, bytes, 0, bytes.length);
  };
}
