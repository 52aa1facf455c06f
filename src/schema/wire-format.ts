import type { SchemaReference } from '../core/schema.ts';
import { Undecodable } from './undecodable.ts';

/** Which schema bytes are of, and where the value begins in them. */
export interface Framed {
  readonly schema: SchemaReference;
  readonly from: number;
}

const BY_ID = 0;
const BY_GUID = 1;
const ID_BYTES = 4;
const GUID_BYTES = 16;

/**
 * The registry's wire format: a magic byte, then 0 and a schema id of four bytes, or 1 and a GUID of sixteen as newer serializers write it.
 * @throws Undecodable
 */
export function readWireFormat(bytes: Buffer, from: number, to: number): Framed {
  const magic = to > from ? bytes[from] : undefined;
  if (magic !== BY_ID && magic !== BY_GUID) throw new Undecodable('does not begin with the magic byte of the Schema Registry, 0 or 1');
  const end = from + 1 + (magic === BY_ID ? ID_BYTES : GUID_BYTES);
  if (end > to) throw new Undecodable('ends within its schema id');
  if (magic === BY_GUID) return { schema: { guid: bytes.toString('hex', from + 1, end) }, from: end };
  const id = bytes.readInt32BE(from + 1);
  if (id <= 0) throw new Undecodable('has a schema id that no registry gives');
  return { schema: { id }, from: end };
}
