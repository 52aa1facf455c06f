import type { IncomingHttpHeaders } from 'node:http';
import type { Delivery } from '../core/batch.ts';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { SchemaReference } from '../core/schema.ts';

/** Media types of bodies that are one value in a schema's own encoding, without magic byte. */
const BARE = /^(application\/(octet-stream|avro|x-protobuf|protobuf|vnd\.google\.protobuf|x-avro)|avro\/(binary|bytes))\s*(;|$)/i;

const ID = /^[1-9]\d{0,9}$/;
const MOST_ID = 0x7fffffff;
const GUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/**
 * What a request says of the schema of all its records: in the header of the pipeline, or in the URL as `?schema_id=`, `?schema_guid=` or `?subject=`. Other
 * headers count for nothing: they can come from Kafka records, which any producer writes.
 * @throws GatewayError `malformed_request`
 */
export function schemaHint(
  url: string,
  headers: IncomingHttpHeaders,
  { schemaHeader }: Pick<PipelineConfig, 'schemaHeader'>,
): Pick<Delivery, 'schema' | 'bare'> {
  const query = url.indexOf('?');
  const named = schemaHeader === undefined ? undefined : headers[schemaHeader.toLowerCase()];
  const schema =
    named === undefined ? (query === -1 ? undefined : referenceIn(new URLSearchParams(url.slice(query)))) : referenceOf(String(named));
  if (schema === undefined) return {};
  return { schema, ...(BARE.test(headers['content-type'] ?? '') ? { bare: true } : {}) };
}

function referenceIn(params: URLSearchParams): SchemaReference | undefined {
  const [id, guid, subject] = ['schema_id', 'schema_guid', 'subject'].map((name) => params.get(name));
  const given = [id, guid, subject].filter((one) => one !== null && one !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw refuse('names a schema in more than one way: give one of schema_id, schema_guid and subject');
  if (typeof id === 'string') {
    if (!ID.test(id) || Number(id) > MOST_ID) throw refuse('has a schema_id that is no number a registry gives');
    return { id: Number(id) };
  }
  if (typeof guid === 'string') {
    if (!GUID.test(guid)) throw refuse('has a schema_guid that is no UUID');
    return { guid: plainGuid(guid) };
  }
  if (subject === '' || subject === undefined || subject === null || subject.length > 400)
    throw refuse('has a subject that is empty or longer than 400 characters');
  return { subject };
}

/**
 * A schema in a header: its id, its GUID, or the bytes that newer serializers write into the Kafka header `__value_schema_id` (0 and an id of four bytes, or 1
 * and a GUID of sixteen) as hex or base64, which is how bytes get into headers of HTTP.
 */
function referenceOf(text: string): SchemaReference {
  if (ID.test(text) && Number(text) <= MOST_ID) return { id: Number(text) };
  if (GUID.test(text)) return { guid: plainGuid(text) };
  const bytes = /^(?:[0-9a-f]{10}|[0-9a-f]{34})$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (bytes.length === 5 && bytes[0] === 0 && bytes.readInt32BE(1) > 0) return { id: bytes.readInt32BE(1) };
  if (bytes.length === 17 && bytes[0] === 1) return { guid: bytes.toString('hex', 1) };
  throw new GatewayError('malformed_request', 'The header of the schema has neither an id nor a GUID, nor their bytes as hex or base64');
}

function plainGuid(text: string): string {
  return text.replaceAll('-', '').toLowerCase();
}

function refuse(what: string): GatewayError {
  return new GatewayError('malformed_request', `The query of the URL ${what}`);
}
