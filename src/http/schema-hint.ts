import type { IncomingHttpHeaders } from 'node:http';
import type { Delivery } from '../core/batch.ts';
import { GatewayError } from '../core/errors.ts';
import type { SchemaReference } from '../core/schema.ts';

/** Media types of bodies that are one value in a schema's own encoding, without magic byte. */
const BARE = /^(application\/(octet-stream|avro|x-protobuf|protobuf|vnd\.google\.protobuf|x-avro)|avro\/(binary|bytes))\s*(;|$)/i;

const GUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/**
 * What the URL says of the schema of all records of a request: `?schema_id=`, `?schema_guid=` or `?subject=`. Only the URL: headers can come from Kafka
 * records, which any producer writes.
 * @throws GatewayError `malformed_request`
 */
export function schemaHint(url: string, headers: IncomingHttpHeaders): Pick<Delivery, 'schema' | 'bare'> {
  const query = url.indexOf('?');
  if (query === -1) return {};
  const schema = referenceIn(new URLSearchParams(url.slice(query)));
  if (schema === undefined) return {};
  return { schema, ...(BARE.test(headers['content-type'] ?? '') ? { bare: true } : {}) };
}

function referenceIn(params: URLSearchParams): SchemaReference | undefined {
  const [id, guid, subject] = ['schema_id', 'schema_guid', 'subject'].map((name) => params.get(name));
  const given = [id, guid, subject].filter((one) => one !== null && one !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw refuse('names a schema in more than one way: give one of schema_id, schema_guid and subject');
  if (typeof id === 'string') {
    if (!/^[1-9]\d{0,9}$/.test(id) || Number(id) > 0x7fffffff) throw refuse('has a schema_id that is no number a registry gives');
    return { id: Number(id) };
  }
  if (typeof guid === 'string') {
    if (!GUID.test(guid)) throw refuse('has a schema_guid that is no UUID');
    return { guid: guid.replaceAll('-', '').toLowerCase() };
  }
  if (subject === '' || subject === undefined || subject === null || subject.length > 400)
    throw refuse('has a subject that is empty or longer than 400 characters');
  return { subject };
}

function refuse(what: string): GatewayError {
  return new GatewayError('malformed_request', `The query of the URL ${what}`);
}
