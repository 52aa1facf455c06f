import type { IncomingHttpHeaders } from 'node:http';
import type { PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';

/**
 * The key a sender gave the delivery, where the pipeline recognises deliveries by one: `Idempotency-Key`, as a quoted string (RFC 9651) or without the
 * quotes, or else `webhook-id`. Everywhere else the headers mean nothing: connectors forward headers of Kafka records, which any producer can set.
 * @throws GatewayError `invalid_delivery_key`.
 */
export function deliveryKey(headers: IncomingHttpHeaders, { identity }: PipelineConfig): string | undefined {
  if (identity.kind !== 'key' && identity.kind !== 'auto') return undefined;
  const written = headers['idempotency-key'] ?? headers['webhook-id'];
  if (written === undefined) return undefined;
  const key = typeof written === 'string' ? unquoted(written.trim()) : undefined;
  if (key === undefined || !/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key))
    throw new GatewayError(
      'invalid_delivery_key',
      'The Idempotency-Key or webhook-id must be 1 to 255 visible ASCII characters, in double quotes or without',
    );
  return key;
}

/** Undefined when the quotes do not match. */
function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text.includes('"') ? undefined : text;
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  return inner?.replaceAll(/\\(["\\])/g, '$1');
}
