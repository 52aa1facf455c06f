import { isUtf8 } from 'node:buffer';
import { KEY_ID, LONGEST_KEY } from './keys.ts';
import { headerValue, keyBytes, type Scheme, unauthenticated } from './scheme.ts';

const NAME = 'Authorization: Basic';
/** Base64 of the longest id, a colon and the longest key. */
const LONGEST_ENCODED = Math.ceil((64 + 1 + LONGEST_KEY) / 3) * 4;

/**
 * A key as HTTP Basic (RFC 7617): the user name is the key's id, the password the key. UTF-8; the first colon ends the user name,
 * so a password may hold more of them.
 */
export const basicScheme: Scheme = {
  name: NAME,
  read(headers) {
    const value = headerValue(headers, 'authorization');
    const prefix = /^basic(?: |$) */i.exec(value ?? '');
    if (value === undefined || prefix === null) return undefined;
    const encoded = value.slice(prefix[0].length);
    if (encoded.length > LONGEST_ENCODED) throw unauthenticated(`The credential in ${NAME} is too long`);
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw unauthenticated(`The credential in ${NAME} is not base64`);
    const bytes = Buffer.from(encoded, 'base64');
    if (!isUtf8(bytes)) throw unauthenticated(`The credential in ${NAME} is not UTF-8`);
    const colon = bytes.indexOf(':');
    if (colon < 0) throw unauthenticated(`The credential in ${NAME} has no colon between user name and password`);
    const id = bytes.toString('utf8', 0, colon);
    // The name of no key takes the same way as a wrong key: the store finds nobody.
    return { id: KEY_ID.test(id) ? id : '', key: keyBytes(NAME, bytes.subarray(colon + 1)) };
  },
};
