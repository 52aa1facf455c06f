import type { Answer } from '../respond/http.ts';

export const JSON_TYPE = { 'Content-Type': 'application/json' };

/** An answer in JSON. */
export function json(value: unknown, status = 200): Answer {
  return { status, headers: JSON_TYPE, body: JSON.stringify(value) };
}
