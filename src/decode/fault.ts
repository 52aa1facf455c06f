import { type DeliveryErrorCode, GatewayError } from '../core/errors.ts';

const HINT =
  'The body is Java text, not JSON: set request.body.format=json in the connector (the default, string, sends {name=xyz} for maps and Struct{…} for structs)';

/**
 * A delivery refused at byte `at`, in record `record`, which starts at `start`: the message counts from there. When what stands at `start` looks like Java's text of a map or struct, that is
 * said instead.
 */
export function refuse(code: DeliveryErrorCode, what: string, where: { bytes: Buffer; start: number; at: number; record: number }): never {
  if (code === 'malformed_json' && isJavaText(where.bytes, where.start)) throw new GatewayError('java_string_body', HINT);
  throw new GatewayError(code, `Record ${where.record}, byte ${where.at - where.start}: ${what}`);
}

function isJavaText(bytes: Buffer, start: number): boolean {
  const head = bytes.toString('latin1', start, start + 256);
  return /^\s*\[?\s*(Struct\{|\{[A-Za-z_][\w.$-]*=)/.test(head);
}
