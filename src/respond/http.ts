import type { Rejection } from '../core/batch.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';

/** What goes over the wire. The body is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the log. Absent on success. */
  readonly code?: ErrorCode;
  readonly records?: number;
}

const PROBLEM = 'application/problem+json';

/** Senders copy the whole answer once per record into topics of their own: it stays short. */
const MOST_ERROR_BYTES = 1024;
const MOST_ERRORS = 20;

/** An outcome as an answer: total over {@link Outcome}. */
export function answerOf(outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'stored': {
      const { accepted, duplicate, quarantined, batch } = outcome;
      const body = JSON.stringify({ accepted, duplicate, quarantined, ...(batch === undefined ? {} : { batch }) });
      return { status: 200, headers: { 'Content-Type': 'application/json' }, body, records: accepted };
    }
    case 'refused':
      return refusal(outcome.rejections, outcome.total);
  }
}

/** An error as an answer. What is no GatewayError is a bug, and nothing of it is shown. */
export function answerOfError(error: unknown, extra: Readonly<Record<string, string>> = {}): Answer {
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

function problem(code: ErrorCode, detail: string, headers: Readonly<Record<string, string>>): Answer {
  return {
    status: ERRORS[code].status,
    headers: { 'Content-Type': PROBLEM, ...headers },
    body: JSON.stringify(problemBody(code, detail)),
    code,
  };
}

function problemBody(code: ErrorCode, detail: string): Record<string, unknown> {
  const { status, retryable, meaning } = ERRORS[code];
  return { type: `/errors/${code}`, title: meaning, status, detail, code, retryable };
}

function refusal(rejections: readonly Rejection[], total: number): Answer {
  const [first] = rejections;
  const where =
    first === undefined ? '' : `: record ${first.ordinal}${first.column === undefined ? '' : `, ${first.column}`}: ${first.reason}`;
  const count = rejections.length === 1 ? '1 record' : `${rejections.length} records`;
  const body = problemBody('records_rejected', `${count} of ${total} cannot be written, so nothing was${where}`);
  const errors: object[] = [];
  for (const { ordinal, column, code, reason } of rejections.slice(0, MOST_ERRORS)) {
    const next = { index: ordinal, ...(column === undefined ? {} : { column }), code, message: reason };
    if (errors.length > 0 && JSON.stringify({ ...body, errors: [...errors, next] }).length > MOST_ERROR_BYTES) break;
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
