/**
 * The right to write records: each position belongs to one delivery at a time.
 *
 * Invariant: what a claim holds as fresh is neither done nor held by another claim, until it is released; it is released only after its batches
 * are settled, and then the ledger says what became of them.
 * Proved by `test/unit/dedupe/claims.test.ts` and `test/simulation/`.
 */
import { GatewayError } from '../core/errors.ts';
import { ANONYMOUS, type Claim, type DeliveryKey, type Identities, type Run, streamKind } from '../core/identity.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Timers } from '../core/ports.ts';
import { createInFlight } from './in-flight.ts';
import { planRuns } from './plan.ts';

export interface Claims {
  /**
   * Claims rows that nobody has written. Where somebody is writing some of them, waits for that to end and looks again, so that a delivery is written
   * whole or not at all.
   * @throws GatewayError `idempotency_conflict` for another payload under the same key; `in_flight` or `commit_in_doubt` when the wait was longer
   * than `deadline`, in milliseconds of the clock.
   */
  readonly claim: (identities: Identities, deadline: number) => Promise<Claim>;
  /** Holds positions of batches whose fate is not known, until the returned function is called. */
  readonly hold: (runs: readonly Run[]) => () => void;
}

interface Holder {
  readonly key: DeliveryKey | undefined;
  readonly ended: Promise<void>;
}

const NOTHING = (): void => undefined;

/** Claims over `ledger`. */
export function createClaims({ ledger, timers }: { ledger: Pick<Ledger, 'done' | 'keyed' | 'failure'>; timers: Timers }): Claims {
  const inFlight = createInFlight<Holder>();
  const known = { done: ledger.done.bind(ledger), busy: inFlight.busy.bind(inFlight) };

  const hold = (runs: readonly Run[], key: DeliveryKey | undefined): (() => void) => {
    let end: () => void = NOTHING;
    const holder: Holder = {
      key,
      ended: new Promise<void>((resolve) => {
        end = resolve;
      }),
    };
    inFlight.take(runs, holder);
    return () => {
      inFlight.release(holder);
      end();
    };
  };

  return {
    async claim({ runs, repeats, key }, deadline) {
      for (;;) {
        // What is known from memory alone is not acknowledged when the disk has failed.
        const failure = ledger.failure();
        if (failure !== undefined) throw new GatewayError('ledger_unavailable', failure.message, { cause: failure, retryAfterSeconds: 10 });
        const entry = key === undefined ? undefined : ledger.keyed(key.stream);
        if (entry !== undefined && entry.digest !== key?.digest) throw otherPayload();
        // From here to `hold` nothing may wait: two deliveries must not see the same position free.
        const plan = planRuns(runs, known);
        if (plan.owners.size === 0) {
          const duplicates = plan.done + repeats;
          const replayed = plan.fresh.length === 0 ? entry : undefined;
          const release = plan.fresh.every(({ stream }) => stream === ANONYMOUS) ? NOTHING : hold(plan.fresh, key);
          return { fresh: plan.fresh, duplicates, replayed, digest: key?.digest, release };
        }
        for (const owner of plan.owners)
          if (key !== undefined && owner.key?.stream === key.stream && owner.key.digest !== key.digest) throw otherPayload();
        const ended = Promise.all([...plan.owners].map(async (owner) => await owner.ended));
        if (!(await timers.before(ended, deadline))) throw stillBusy(runs);
      }
    },
    hold: (runs) => hold(runs, undefined),
  };
}

function otherPayload(): GatewayError {
  return new GatewayError(
    'idempotency_conflict',
    'Another payload was sent under this delivery key before: send it under a key of its own',
  );
}

function stillBusy([first]: readonly Run[]): GatewayError {
  return first !== undefined && streamKind(first.stream) === 'delivery'
    ? new GatewayError('in_flight', 'A request with this delivery key is still being written: send it again later', {
        retryAfterSeconds: 5,
      })
    : new GatewayError(
        'commit_in_doubt',
        'Records of the request are still being written for another one: send it again, nothing is written twice',
        {
          retryAfterSeconds: 5,
        },
      );
}
