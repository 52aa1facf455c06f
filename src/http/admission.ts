import { GatewayError } from '../core/errors.ts';

/** Bytes of bodies that are in the gateway. */
export interface Admission {
  /**
   * Takes room for so many bytes. Taken before they are read, so that what is promised is never more than what there is.
   * @throws GatewayError `overloaded` when there is no room.
   */
  reserve(bytes: number): Reservation;
}

export interface Reservation {
  /** Takes more. @throws GatewayError `overloaded`, with what was taken before still taken. */
  grow(bytes: number): void;
  /** Gives all of it back; harmless when called again. */
  release(): void;
}

/** A gate for `capacity` bytes. */
export function createAdmission(capacity: number): Admission {
  let used = 0;
  const take = (bytes: number): void => {
    if (used + bytes > capacity) {
      const detail = 'The gateway holds as many bytes of requests as it may: send the request again';
      throw new GatewayError('overloaded', detail, { retryAfterSeconds: 2 });
    }
    used += bytes;
  };
  return {
    reserve(bytes) {
      take(bytes);
      let held = bytes;
      return {
        grow(more) {
          take(more);
          held += more;
        },
        release() {
          used -= held;
          held = 0;
        },
      };
    },
  };
}
