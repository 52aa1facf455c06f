import { headerValue, keyBytes, type Scheme, unauthenticated } from './scheme.ts';

/** A key in a header of its own, such as `X-API-KEY: connect_…`. */
export function keyHeaderScheme(header: string): Scheme {
  const name = header.toLowerCase();
  return {
    name: header,
    read(headers) {
      const value = headerValue(headers, name);
      return value === undefined ? undefined : { key: keyBytes(header, Buffer.from(value, 'latin1')) };
    },
  };
}

/** A key as `Authorization: Bearer connect_…`. Some senders put a colon after `Bearer`. */
export const bearerScheme: Scheme = {
  name: 'Authorization: Bearer',
  read(headers) {
    const value = headerValue(headers, 'authorization');
    const prefix = /^bearer(?::| |$) */i.exec(value ?? '');
    if (value === undefined || prefix === null) return undefined;
    return { key: keyBytes('Authorization: Bearer', Buffer.from(value.slice(prefix[0].length), 'latin1')) };
  },
};

/** Refuses an Authorization header that no other scheme took. Must come last. */
export const otherAuthorization: Scheme = {
  name: '',
  read(headers) {
    if (headerValue(headers, 'authorization') === undefined) return undefined;
    throw unauthenticated('The Authorization header uses a scheme the gateway does not know, it takes Bearer and Basic');
  },
};
