/**
 * Every way a delivery or a record can fail, in one table. No handler chooses a status: it throws a code and the table says the
 * rest. `openapi.yaml` and the README list the same codes; a test keeps the three in step.
 *
 * - `fault`: who can end it. `sender` (the request), `operator` (configuration, table, rights), `upstream` (ClickHouse, disk),
 *   `overload` (come back later), `bug` (ours).
 * - `scope`: what fails, the whole delivery or single records of it.
 * - `retryable`: sending the same bytes again can succeed.
 * - `meaning`: the README's line.
 *
 * A transient state is always 429 or 503: some senders drop what they were told 4xx for.
 */
export const ERRORS = {
  // the request as HTTP
  malformed_request: entry('sender', 400, 'delivery', false, 'The request is not valid HTTP, or its URL or headers are not acceptable.'),
  unauthenticated: entry('sender', 401, 'delivery', false, 'No credential, or one that is not known, revoked or expired.'),
  forbidden: entry('sender', 403, 'delivery', false, 'The credential is known but has no grant for this operation.'),
  not_found: entry('sender', 404, 'delivery', false, 'No such route or pipeline, or it is not yours.'),
  method_not_allowed: entry('sender', 405, 'delivery', false, 'The route does not take this method.'),
  request_timeout: entry('sender', 408, 'delivery', true, 'The headers or the body did not arrive in time.'),
  body_too_large: entry('sender', 413, 'delivery', false, 'The body is over a limit, as sent or after decompression.'),
  too_many_records: entry('sender', 413, 'delivery', false, 'The body holds more records, or more values, than one request may.'),
  record_too_large: entry('sender', 413, 'delivery', false, 'One record is over the record limit.'),
  unsupported_encoding: entry(
    'sender',
    415,
    'delivery',
    false,
    'The Content-Encoding or charset is not one the gateway reads: send gzip, deflate or identity, and UTF-8.',
  ),
  expectation_failed: entry('sender', 417, 'delivery', false, 'The Expect header asks for something else than 100-continue.'),
  headers_too_large: entry('sender', 431, 'delivery', false, 'The header block is too large or has too many fields.'),
  // the body as bytes and JSON
  bad_compression: entry('sender', 400, 'delivery', false, 'The compressed body is cut short, corrupt, or followed by other bytes.'),
  empty_body: entry('sender', 400, 'delivery', false, 'The body is empty.'),
  invalid_utf8: entry('sender', 400, 'delivery', false, 'The body is not valid UTF-8, or a string has half a surrogate pair.'),
  malformed_json: entry('sender', 400, 'delivery', false, 'The body is not JSON in any framing the gateway knows.'),
  duplicate_key: entry('sender', 400, 'delivery', false, 'An object has the same key twice, so its value is ambiguous.'),
  too_deep: entry('sender', 400, 'delivery', false, 'The JSON is nested deeper than the limit.'),
  java_string_body: entry(
    'sender',
    400,
    'delivery',
    false,
    'The body is Java text such as {a=b} or Struct{…}: set request.body.format=json in the connector.',
  ),
  wrong_framing: entry('sender', 400, 'delivery', false, 'The body is framed otherwise than the pipeline says.'),
  topic_required: entry('sender', 400, 'delivery', false, "The pipeline's table depends on the topic: post to /v1/topics/{topic}."),
  invalid_topic: entry('sender', 400, 'delivery', false, 'The topic is not a valid Kafka topic name, or no table name can be made of it.'),
  invalid_delivery_key: entry(
    'sender',
    400,
    'delivery',
    false,
    'The Idempotency-Key or webhook-id is no text of 1 to 255 visible characters, or the pipeline needs one and there is none.',
  ),
  in_flight: entry('sender', 409, 'delivery', true, 'A request with the same delivery key is still being written.'),
  idempotency_conflict: entry('sender', 422, 'delivery', false, 'The delivery key was used for another payload before.'),
  invalid_query: entry('sender', 400, 'delivery', false, 'The query is not one read-only statement, or ClickHouse refused it.'),
  // what a record can be refused for; a delivery with such records answers 422
  records_rejected: entry('sender', 422, 'delivery', false, 'Some records cannot be written; nothing was. The answer lists them.'),
  record_not_object: entry('sender', 422, 'record', false, 'The record is not a JSON object, so it has no columns.'),
  unknown_field: entry('sender', 422, 'record', false, 'The record has a field the table has no column for.'),
  missing_value: entry('sender', 422, 'record', false, 'A column that is neither Nullable nor has a DEFAULT has no value, or null.'),
  wrong_type: entry('sender', 422, 'record', false, "The value's JSON type cannot be stored in the column."),
  invalid_value: entry('sender', 422, 'record', false, "The text is not a value of the column's type, such as a date that does not exist."),
  out_of_range: entry('sender', 422, 'record', false, 'The value is outside what the column can hold.'),
  precision_loss: entry('sender', 422, 'record', false, 'The column would cut digits off the value.'),
  ambiguous_value: entry(
    'sender',
    422,
    'record',
    false,
    'The value has more than one reading in the column, such as a number in DateTime64 without a unit.',
  ),
  column_conflict: entry('sender', 422, 'record', false, 'Two fields of the record lead to the same column.'),
  identity_missing: entry('sender', 422, 'record', false, 'The record does not say which one it is, and the pipeline requires it.'),
  invalid_identity: entry(
    'sender',
    422,
    'record',
    false,
    'What should say which record it is cannot be used: an offset is a whole number from 0 to 2^63 − 1, a partition one below 2^31.',
  ),
  identity_conflict: entry('sender', 422, 'record', false, 'Two records of the request claim to be the same one and differ.'),
  unknown_schema: entry('sender', 422, 'record', false, 'The record names a schema the registry does not have.'),
  unusable_schema: entry(
    'sender',
    422,
    'record',
    false,
    "The record's schema cannot be used: it is not valid, or not of the kind the record says.",
  ),
  undecodable: entry('sender', 422, 'record', false, "The record's bytes are not a value of its schema."),
  schema_mismatch: entry('sender', 422, 'record', false, 'The record breaks a rule of its JSON Schema, and the pipeline validates.'),
  refused_by_clickhouse: entry('sender', 422, 'record', false, 'ClickHouse refused the row, for example by a constraint of the table.'),
  plan_changed: entry('sender', 409, 'delivery', false, 'The plan that is approved is not the plan of a table any more.'),
  // states that pass
  table_change_pending: entry(
    'operator',
    503,
    'delivery',
    true,
    'The records need changes of the table that somebody has to approve: see the drift of the pipeline.',
  ),
  overloaded: entry('overload', 503, 'delivery', true, 'The gateway is at its limit of bytes in flight.'),
  parts_pressure: entry(
    'overload',
    503,
    'delivery',
    true,
    'The table has nearly as many parts as ClickHouse allows; merges have to catch up.',
  ),
  commit_in_doubt: entry(
    'upstream',
    503,
    'delivery',
    true,
    'It is not known yet whether the records are stored. Send them again: nothing is written twice.',
  ),
  ledger_unavailable: entry('upstream', 503, 'delivery', true, 'The ledger of what was written cannot be written to.'),
  draining: entry('overload', 503, 'delivery', true, 'The gateway is shutting down.'),
  target_unavailable: entry('upstream', 503, 'delivery', true, 'ClickHouse is not reachable, or its answer was lost.'),
  target_overloaded: entry(
    'upstream',
    503,
    'delivery',
    true,
    'ClickHouse asks to slow down: too many parts, queries or too little memory.',
  ),
  storage_full: entry('upstream', 503, 'delivery', true, 'A disk the rows need is full.'),
  // the data is fine, so the sender must keep it
  registry_unavailable: entry('upstream', 503, 'delivery', true, 'The Schema Registry is not reachable, or its answer cannot be used.'),
  registry_missing: entry('operator', 503, 'delivery', true, 'The records need a Schema Registry, and the configuration names none.'),
  table_missing: entry('operator', 503, 'delivery', true, 'The table does not exist and may not be made, or not without a schema.'),
  table_unsuitable: entry('operator', 503, 'delivery', true, 'The table cannot be written as the pipeline is set up.'),
  target_refused: entry('operator', 503, 'delivery', true, 'ClickHouse refused the statement for a reason an operator has to mend.'),
  internal: entry('bug', 500, 'delivery', true, 'A bug in the gateway. The log has the details under the request id.'),
} as const satisfies Record<string, ErrorEntry>;

export interface ErrorEntry {
  readonly fault: 'sender' | 'operator' | 'upstream' | 'overload' | 'bug';
  readonly status: number;
  readonly scope: 'delivery' | 'record';
  readonly retryable: boolean;
  readonly meaning: string;
}

export type ErrorCode = keyof typeof ERRORS;
type CodesOf<S extends ErrorEntry['scope']> = { [C in ErrorCode]: (typeof ERRORS)[C]['scope'] extends S ? C : never }[ErrorCode];
/** Codes a single record can be rejected with. */
export type RecordErrorCode = CodesOf<'record'>;
/** Codes a whole delivery can fail with. */
export type DeliveryErrorCode = CodesOf<'delivery'>;

function entry<S extends ErrorEntry['scope']>(
  fault: ErrorEntry['fault'],
  status: number,
  scope: S,
  retryable: boolean,
  meaning: string,
): ErrorEntry & { readonly scope: S } {
  return { fault, status, scope, retryable, meaning };
}

/**
 * A delivery that failed as a whole. `detail` is the one public sentence: what, where, what to change; never a value, SQL text,
 * host or secret. What caused it stays off enumeration, so that no serializer prints it.
 */
export class GatewayError extends Error {
  readonly code: DeliveryErrorCode;
  readonly retryAfterSeconds: number | undefined;
  /** What the delivery left running and still holds its body; undefined when nothing does. */
  readonly until: Promise<unknown> | undefined;

  constructor(
    code: DeliveryErrorCode,
    detail: string,
    options: { cause?: unknown; retryAfterSeconds?: number; until?: Promise<unknown> } = {},
  ) {
    super(detail);
    this.name = 'GatewayError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.until = options.until;
    Object.defineProperty(this, 'cause', { value: options.cause, enumerable: false });
  }
}
