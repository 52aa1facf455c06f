import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientOutcome, createClientLog, NOTHING_WRONG } from '../../support/client-log.ts';

/** A log of one record a line: its key and the outcomes of its attempts; `-` is an attempt that never ended. */
function logOf(attempts: Record<string, ReadonlyArray<ClientOutcome | '-'>>) {
  const log = createClientLog();
  for (const [key, outcomes] of Object.entries(attempts)) {
    for (const outcome of outcomes) {
      const settle = log.begin([key]);
      if (outcome !== '-') settle(outcome);
    }
  }
  return log;
}

const row = (key: string, copies = 1, value = `value of ${key}`) => ({ key, value, copies });
const values = new Map(['ok', 'late', 'refused', 'unknown', 'pending'].map((key) => [key, `value of ${key}`]));
const log = logOf({
  ok: ['ok'],
  late: ['unknown', 'refused', 'ok', 'unknown'],
  refused: ['refused', 'refused'],
  unknown: ['refused', 'unknown'],
  pending: ['-'],
});

test('the outcome of a record is the strongest of all its attempts', () => {
  assert.deepEqual(
    ['ok', 'late', 'refused', 'unknown', 'pending', 'none'].map((key) => log.outcomeOf(key)),
    ['ok', 'ok', 'refused', 'unknown', 'unknown', undefined],
  );
  assert.deepEqual(log.counts(), { ok: 2, refused: 1, unknown: 2 });
});

test('acknowledged records must be there once, refused ones not, unknown ones may', () => {
  assert.deepEqual(log.check({ rows: [row('ok'), row('late')] }, values), NOTHING_WRONG);
  assert.deepEqual(log.check({ rows: [row('ok'), row('late'), row('unknown'), row('pending')] }, values), NOTHING_WRONG);
});

test('every kind of fault is found', () => {
  const rows = [row('late', 1, 'bent'), row('refused'), row('unknown', 2), row('pending'), row('pending'), row('stranger', 3)];
  assert.deepEqual(log.check({ rows }, values), {
    lost: ['ok'],
    duplicated: ['unknown', 'pending'],
    refusedButThere: ['refused'],
    wrongValue: ['late'],
    neverSent: ['stranger'],
  });
});

test('a row counted zero times is not there', () => {
  const rows = [row('ok', 0), row('late'), row('refused', 0, 'bent')];
  assert.deepEqual(log.check({ rows }, values), { ...NOTHING_WRONG, lost: ['ok'] });
});

test('an attempt covers all records of its batch', () => {
  const log = createClientLog();
  const settle = log.begin(['a', 'b']);
  log.begin(['b', 'c'])('refused');
  settle('ok');
  assert.deepEqual([log.outcomeOf('a'), log.outcomeOf('b'), log.outcomeOf('c')], ['ok', 'ok', 'refused']);
});
