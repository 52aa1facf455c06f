import { GatewayError } from '../core/errors.ts';
import { LONGEST_KEY } from './keys.ts';

/** Headers of a request: names in lower case, values as Node gives them, one character a byte. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A key somebody sent, and the id it is said to belong to where the scheme tells one. */
export interface Credential {
  readonly key: Buffer;
  readonly id?: string;
}

/** A way to send a key. */
export interface Scheme {
  /** For messages, such as `X-API-KEY`. */
  readonly name: string;
  /**
   * The credential of a request that uses this scheme; undefined when it does not.
   * @throws GatewayError `unauthenticated` when it uses the scheme wrongly.
   */
  readonly read: (headers: Headers) => Credential | undefined;
}

/**
 * The bytes of a key, refused before anything is computed from them when they can't be one.
 * @throws GatewayError `unauthenticated`.
 */
export function keyBytes(scheme: string, key: Buffer): Buffer {
  if (key.length === 0) throw unauthenticated(`${scheme} holds no key`);
  if (key.length > LONGEST_KEY) throw unauthenticated(`The key in ${scheme} is longer than ${LONGEST_KEY} characters`);
  if (key.some((byte) => byte < 0x20 || byte === 0x7f)) throw unauthenticated(`The key in ${scheme} has control characters`);
  return key;
}

/** The one value of a header, or undefined when it is absent. */
export function headerValue(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined || typeof value === 'string') return value;
  if (value.length > 1) throw unauthenticated('The request has a credential header more than once');
  return value[0];
}

/** `what` without a full stop; what to do is added. */
export function unauthenticated(what: string): GatewayError {
  return new GatewayError('unauthenticated', `${what}: check the credential of the sender`);
}
