import type { Rejection } from '../core/batch.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';

/** What goes over the wire. A body of bytes is passed on as it is. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** For the log. Absent on success. */
  readonly code?: ErrorCode;
  readonly records?: number;
}

/** What outcomes and errors become: JSON. */
export interface TextAnswer extends Answer {
  readonly body: string;
}

const PROBLEM = 'application/problem+json';

/** Senders copy the whole answer once per record into topics of their own: it stays short. */
const MOST_ERROR_BYTES = 1024;
const MOST_ERRORS = 20;

/** Bytes of JSON that texts may take. A column can be a field's name, and that is as long as its sender likes. */
const MOST_DETAIL_BYTES = 360;
const MOST_COLUMN_BYTES = 100;
const MOST_REASON_BYTES = 180;

/** An outcome as an answer: total over {@link Outcome}. */
export function answerOf(outcome: Outcome): TextAnswer {
  switch (outcome.kind) {
    case 'stored': {
      const { accepted, duplicate, quarantined, batch, lossy } = outcome;
      const told = lossy === undefined ? {} : { lossy: Object.fromEntries([...lossy].slice(0, MOST_ERRORS)) };
      const body = JSON.stringify({ accepted, duplicate, quarantined, ...(batch === undefined ? {} : { batch }), ...told });
      return { status: 200, headers: { 'Content-Type': 'application/json' }, body, records: accepted };
    }
    case 'replayed': {
      const { accepted, batch } = outcome;
      const body = JSON.stringify({ accepted, duplicate: accepted, quarantined: 0, ...(batch === undefined ? {} : { batch }) });
      return { status: 200, headers: { 'Content-Type': 'application/json', 'Idempotent-Replayed': 'true' }, body, records: accepted };
    }
    case 'refused':
      return refusal(outcome.rejections, outcome.total);
  }
}

/** An error as an answer. What is no GatewayError is a bug, and nothing of it is shown. */
export function answerOfError(error: unknown, extra: Readonly<Record<string, string>> = {}): TextAnswer {
  if (!(error instanceof GatewayError))
    return problem('internal', 'The gateway failed in a way it should not: the log has the details under this request id', extra);
  const { retryAfterSeconds } = error;
  const retryAfter = retryAfterSeconds ?? (ERRORS[error.code].status === 503 ? 5 : undefined);
  return problem(error.code, error.message, {
    ...extra,
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(jittered(retryAfter)) }),
  });
}

/** Senders that were refused together should not come back together. */
function jittered(seconds: number): number {
  return Math.max(1, Math.round(seconds * (0.5 + Math.random())));
}

function problem(code: ErrorCode, detail: string, headers: Readonly<Record<string, string>>): TextAnswer {
  return {
    status: ERRORS[code].status,
    headers: { 'Content-Type': PROBLEM, ...headers },
    body: JSON.stringify(problemBody(code, detail)),
    code,
  };
}

function problemBody(code: ErrorCode, detail: string): Record<string, unknown> {
  const { status, retryable, meaning } = ERRORS[code];
  return { type: `/errors/${code}`, title: meaning, status, detail: clip(detail, MOST_DETAIL_BYTES), code, retryable };
}

interface Entry {
  readonly index: number;
  readonly column?: string;
  readonly code: ErrorCode;
  readonly message: string;
}

function entryOf({ ordinal: index, column, code, reason }: Rejection): Entry {
  const message = clip(reason, MOST_REASON_BYTES);
  return column === undefined ? { index, code, message } : { index, column: clip(column, MOST_COLUMN_BYTES), code, message };
}

function refusal(rejections: readonly Rejection[], total: number): TextAnswer {
  const listed = rejections.slice(0, MOST_ERRORS).map(entryOf);
  const [first] = listed;
  const where =
    first === undefined ? '' : `: record ${first.index}${first.column === undefined ? '' : `, ${first.column}`}: ${first.message}`;
  const count = rejections.length === 1 ? '1 record' : `${rejections.length} records`;
  const body = problemBody('records_rejected', `${count} of ${total} cannot be written, so nothing was${where}`);
  const errors: Entry[] = [];
  for (const next of listed) {
    if (errors.length > 0 && Buffer.byteLength(JSON.stringify({ ...body, errors: [...errors, next] })) > MOST_ERROR_BYTES) break;
    errors.push(next);
  }
  return {
    status: ERRORS.records_rejected.status,
    headers: { 'Content-Type': PROBLEM },
    body: JSON.stringify({ ...body, errors }),
    code: 'records_rejected',
    records: total,
  };
}

/** The text, cut so that it takes at most so many bytes as JSON, its quotes not counted. */
function clip(text: string, mostBytes: number): string {
  if (text.length <= mostBytes && sizeAsJson(text) <= mostBytes) return text;
  let cut = text.slice(0, mostBytes);
  while (sizeAsJson(`${cut}…`) > mostBytes) cut = cut.slice(0, -Math.ceil(cut.length / 16));
  // Not half a pair.
  return `${cut.replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function sizeAsJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - '""'.length;
}
