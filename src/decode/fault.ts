import { type DeliveryErrorCode, GatewayError } from '../core/errors.ts';

const JAVA =
  'The body is Java text, not JSON: set request.body.format=json in the connector (the default, string, sends {name=xyz} for maps and Struct{…} for structs)';

/** The text a record is read from, as far as messages need it. */
export interface Text {
  /** What messages call it: the body, or the string that holds the record. */
  readonly within: 'body' | 'string';
  readonly whole: Buffer;
  /** The part of `whole`, from its beginning, in which the record has to end by its size. */
  readonly bytes: Buffer;
  /** Index of the record that is being read, and its first byte. */
  readonly record: number;
  readonly start: number;
  /** Where the record's text begins, from which messages count, and ends. */
  readonly origin: number;
  readonly stop: number;
  readonly limits: { readonly record: number };
}

type RecordCode = Extract<DeliveryErrorCode, 'duplicate_key' | 'too_deep' | 'invalid_utf8' | 'too_many_records'>;

/**
 * Refuses the delivery because its text goes on otherwise than JSON, or ends, at byte `at`. Names record and byte, never content.
 * Where the record is Java's text of a map or struct, that is said instead.
 */
export function refuseSyntax(text: Text, at: number, expected: string): never {
  if (at >= text.bytes.length && text.bytes.length < text.whole.length) refuseSize(text);
  if (isJavaText(text)) throw new GatewayError('java_string_body', JAVA);
  const found = at >= text.stop ? ', but the text ends' : '';
  throw new GatewayError('malformed_json', `Record ${text.record} is not valid JSON at ${place(text, at)}: expected ${expected}${found}`);
}

/** Refuses the delivery for what its JSON says at byte `at`: `what` is wrong with the record. */
export function refuseRecord(code: RecordCode, text: Text, at: number, what: string, advice: string): never {
  throw new GatewayError(code, `Record ${text.record} ${what} at ${place(text, at)}: ${advice}`);
}

/** Refuses the delivery because the record, from its first byte on, is over the limit. */
export function refuseSize(text: Text): never {
  const { record } = text.limits;
  const advice = 'send it in parts, or raise limits.record';
  throw new GatewayError(
    'record_too_large',
    `Record ${text.record}, which begins at ${place(text, text.start)}, is larger than ${record} bytes: ${advice}`,
  );
}

function place({ origin, within }: Text, at: number): string {
  return within === 'body' ? `byte ${at}` : `byte ${at - origin} of its text`;
}

function isJavaText({ bytes, start }: Text): boolean {
  return /^(Struct\{|\{[^\s"'{}[\]:,=]+=)/.test(bytes.toString('utf8', start, start + 256));
}
