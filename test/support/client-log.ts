/** What a client knows about a record: it is stored; it is not; nobody told. */
export type ClientOutcome = 'ok' | 'refused' | 'unknown';

/** A row of the table, or of a query that groups by `key` and `value`. */
export interface StoredRow {
  readonly key: string;
  readonly value: string;
  readonly copies: number;
}

/** Keys, in the order in which they were sent or, of rows nobody sent, stored. */
export interface Verdict {
  /** Acknowledged, and not there. */
  readonly lost: string[];
  /** There more than once. */
  readonly duplicated: string[];
  /** Refused each time, and there all the same. */
  readonly refusedButThere: string[];
  /** There, with another value than was sent. */
  readonly wrongValue: string[];
  /** There, and never sent. */
  readonly neverSent: string[];
}

/** The checker's record of what was sent and what came back. */
export interface ClientLog {
  /** Before an attempt is sent. Call the result with what came of it; an attempt that is never settled counts as unknown. */
  begin(keys: readonly string[]): (outcome: ClientOutcome) => void;
  /** Of all attempts with the record so far; undefined when there was none. */
  outcomeOf(key: string): ClientOutcome | undefined;
  counts(): Record<ClientOutcome, number>;
  check(stored: { readonly rows: readonly StoredRow[] }, expected: ReadonlyMap<string, string>): Verdict;
}

/** The verdict on a table in which all is well. */
export const NOTHING_WRONG: Verdict = { lost: [], duplicated: [], refusedButThere: [], wrongValue: [], neverSent: [] };

export function createClientLog(): ClientLog {
  const attempts = new Map<string, Array<{ outcome: ClientOutcome }>>();
  const outcomeOf = (key: string): ClientOutcome | undefined => {
    const all = attempts.get(key)?.map(({ outcome }) => outcome);
    if (all === undefined) return undefined;
    // One that was stored is stored, whatever else was said; a refusal tells nothing about the attempts that nobody answered.
    return (['ok', 'unknown'] as const).find((outcome) => all.includes(outcome)) ?? 'refused';
  };
  return {
    outcomeOf,
    begin(keys) {
      const attempt: { outcome: ClientOutcome } = { outcome: 'unknown' };
      for (const key of keys) attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
      return (outcome) => {
        attempt.outcome = outcome;
      };
    },
    counts() {
      const counts = { ok: 0, refused: 0, unknown: 0 };
      for (const key of attempts.keys()) counts[outcomeOf(key) ?? 'unknown']++;
      return counts;
    },
    check({ rows }, expected) {
      const copies = new Map<string, number>();
      const wrong = new Set<string>();
      for (const { key, value, copies: more } of rows) {
        copies.set(key, (copies.get(key) ?? 0) + more);
        if (more > 0 && attempts.has(key) && expected.get(key) !== value) wrong.add(key);
      }
      const there = (key: string): number => copies.get(key) ?? 0;
      const sent = [...attempts.keys()];
      return {
        lost: sent.filter((key) => outcomeOf(key) === 'ok' && there(key) === 0),
        duplicated: sent.filter((key) => there(key) > 1),
        refusedButThere: sent.filter((key) => outcomeOf(key) === 'refused' && there(key) > 0),
        wrongValue: sent.filter((key) => wrong.has(key)),
        neverSent: [...copies.keys()].filter((key) => there(key) > 0 && !attempts.has(key)),
      };
    },
  };
}
