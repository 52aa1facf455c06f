/**
 * Who sends this request.
 *
 * Invariant: the first scheme a request uses decides. A wrong credential is never made up for by another one.
 */
import type { Principal } from '../core/batch.ts';
import { GatewayError } from '../core/errors.ts';
import { bearerScheme, keyHeaderScheme, otherAuthorization } from './api-keys.ts';
import { basicScheme } from './basic.ts';
import type { KeyStore } from './key-store.ts';
import { type Headers, unauthenticated } from './scheme.ts';

export interface Authenticator {
  /**
   * Takes headers as Node's `request.headers`. One SHA-256 a call.
   * @throws GatewayError `unauthenticated` without a credential, or with a wrong one.
   */
  readonly authenticate: (headers: Headers) => Principal;
  /** Value of `WWW-Authenticate` on every 401. */
  readonly challenge: string;
}

/** An authenticator for the keys of `store`, with the header of `keyHeader`, Bearer and Basic, in this order. */
export function createAuthenticator(store: KeyStore, keyHeader: string): Authenticator {
  const schemes = [keyHeaderScheme(keyHeader), bearerScheme, basicScheme, otherAuthorization];
  const missing = `No credential: send an API key as ${keyHeader}, as Authorization: Bearer, or as Basic with the key's id as user name`;
  return {
    challenge: 'Bearer realm="sluice", Basic realm="sluice", charset="UTF-8"',
    authenticate(headers) {
      for (const scheme of schemes) {
        const credential = scheme.read(headers);
        if (credential === undefined) continue;
        const principal = store.find(credential.key, credential.id);
        if (principal === undefined) throw unauthenticated(`The credential in ${scheme.name} is not known or was revoked`);
        return principal;
      }
      throw new GatewayError('unauthenticated', missing);
    },
  };
}
