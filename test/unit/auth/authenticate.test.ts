import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Authenticator, createAuthenticator } from '../../../src/auth/authenticate.ts';
import { configured, refusal, store, temporaryKeyFile } from './auth-support.ts';

const KEY = 'sixteen-chars-ok';
const WITH_COLONS = 'a:b::c:';
const UMLAUTS = 'schlüssel-äöü';

function authenticator(t: TestContext, header = 'X-API-KEY'): Authenticator {
  const keys = [configured('connect', KEY), configured('colons', WITH_COLONS), configured('umlauts', UMLAUTS)];
  return createAuthenticator(store(t, { file: temporaryKeyFile(t), configured: keys }), header);
}

const basic = (text: string | Buffer): string => `Basic ${Buffer.from(text).toString('base64')}`;
/** As Node hands out a header: a character for each byte. */
const onTheWire = (text: string): string => Buffer.from(text).toString('latin1');

test('without a credential the answer says which ways there are', (t) => {
  const expected = "No credential: send an API key as X-Token, as Authorization: Bearer, or as Basic with the key's id as user name";
  assert.equal(
    refusal(() => authenticator(t, 'X-Token').authenticate({})),
    expected,
  );
  assert.equal(
    refusal(() => authenticator(t, 'X-Token').authenticate({ 'x-api-key': KEY, cookie: KEY })),
    expected,
  );
});

test('the challenge names both schemes of Authorization', (t) => {
  assert.equal(authenticator(t).challenge, 'Bearer realm="sluice", Basic realm="sluice", charset="UTF-8"');
});

test('the header of the key can have another name, in any case', (t) => {
  assert.equal(authenticator(t, 'X-Token').authenticate({ 'x-token': KEY }).id, 'connect');
});

test('Bearer in any case, with a colon, and with more blanks', (t) => {
  const { authenticate } = authenticator(t);
  for (const scheme of ['Bearer ', 'bearer ', 'BEARER ', 'Bearer: ', 'Bearer:', 'Bearer   '])
    assert.equal(authenticate({ authorization: `${scheme}${KEY}` }).id, 'connect', scheme);
});

test('Basic: colons in the password, UTF-8, and only for the id in the user name', (t) => {
  const { authenticate } = authenticator(t);
  assert.equal(authenticate({ authorization: basic(`connect:${KEY}`) }).id, 'connect');
  assert.equal(authenticate({ authorization: basic(`connect:${KEY}`).replace('Basic ', 'basic  ') }).id, 'connect');
  assert.equal(authenticate({ authorization: basic(`colons:${WITH_COLONS}`) }).id, 'colons');
  assert.equal(authenticate({ authorization: basic(`umlauts:${UMLAUTS}`) }).id, 'umlauts');
  const unknown = 'The credential in Authorization: Basic is not known or was revoked: check the credential of the sender';
  for (const text of [
    `colons:${KEY}`,
    `:${KEY}`,
    `connect:${KEY} `,
    `connect::${KEY}`,
    `CONNECT:${KEY}`,
    `__proto__:${KEY}`,
    `${KEY}:connect`,
  ])
    assert.equal(
      refusal(() => authenticate({ authorization: basic(text) })),
      unknown,
      text,
    );
});

test('a key with other characters than ASCII is the bytes that were sent', (t) => {
  const { authenticate } = authenticator(t);
  assert.equal(authenticate({ 'x-api-key': onTheWire(UMLAUTS) }).id, 'umlauts');
  assert.equal(authenticate({ authorization: `Bearer ${onTheWire(UMLAUTS)}` }).id, 'umlauts');
});

test('the first scheme decides: a wrong credential is not made up for by a right one', (t) => {
  const { authenticate } = authenticator(t);
  assert.equal(
    refusal(() => authenticate({ 'x-api-key': 'wrong', authorization: `Bearer ${KEY}` })),
    'The credential in X-API-KEY is not known or was revoked: check the credential of the sender',
  );
  assert.equal(
    refusal(() => authenticate({ 'x-api-key': '', authorization: `Bearer ${KEY}` })),
    'X-API-KEY holds no key: check the credential of the sender',
  );
  assert.equal(authenticate({ 'x-api-key': KEY, authorization: 'Bearer wrong' }).id, 'connect');
});

test('what is no credential is refused before anything is computed from it', (t) => {
  const { authenticate } = authenticator(t);
  const cases: ReadonlyArray<readonly [headers: Record<string, string | string[]>, what: string]> = [
    [{ 'x-api-key': 'x'.repeat(257) }, 'The key in X-API-KEY is longer than 256 characters'],
    [{ 'x-api-key': 'x'.repeat(2_000_000) }, 'The key in X-API-KEY is longer than 256 characters'],
    [{ 'x-api-key': [KEY, KEY] }, 'The request has a credential header more than once'],
    [{ 'x-api-key': `${KEY}\0` }, 'The key in X-API-KEY has control characters'],
    [{ 'x-api-key': `a\tb` }, 'The key in X-API-KEY has control characters'],
    [{ 'x-api-key': 'a\x7f' }, 'The key in X-API-KEY has control characters'],
    [{ authorization: 'Bearer' }, 'Authorization: Bearer holds no key'],
    [{ authorization: 'Bearer: ' }, 'Authorization: Bearer holds no key'],
    [{ authorization: `Bearer ${'x'.repeat(257)}` }, 'The key in Authorization: Bearer is longer than 256 characters'],
    [{ authorization: 'Bearer a\x1bb' }, 'The key in Authorization: Bearer has control characters'],
    [{ authorization: 'Basic' }, 'The credential in Authorization: Basic is not base64'],
    [{ authorization: 'Basic not base64' }, 'The credential in Authorization: Basic is not base64'],
    [{ authorization: 'Basic YTpi_-' }, 'The credential in Authorization: Basic is not base64'],
    [{ authorization: `Basic ${'A'.repeat(2_000_000)}` }, 'The credential in Authorization: Basic is too long'],
    [{ authorization: basic('connect') }, 'The credential in Authorization: Basic has no colon between user name and password'],
    [{ authorization: basic('connect:') }, 'Authorization: Basic holds no key'],
    [{ authorization: basic(`connect:${KEY}\n`) }, 'The key in Authorization: Basic has control characters'],
    [{ authorization: basic(`c:${'x'.repeat(257)}`) }, 'The key in Authorization: Basic is longer than 256 characters'],
    [{ authorization: basic(Buffer.from([0x61, 0x3a, 0xc3, 0x28])) }, 'The credential in Authorization: Basic is not UTF-8'],
    [{ authorization: basic(Buffer.from('umlauts:schlüssel-äöü', 'latin1')) }, 'The credential in Authorization: Basic is not UTF-8'],
    [
      { authorization: 'Digest username="x"' },
      'The Authorization header uses a scheme the gateway does not know, it takes Bearer and Basic',
    ],
    [{ authorization: KEY }, 'The Authorization header uses a scheme the gateway does not know, it takes Bearer and Basic'],
    [{ authorization: '' }, 'The Authorization header uses a scheme the gateway does not know, it takes Bearer and Basic'],
    [{ authorization: `BearerX ${KEY}` }, 'The Authorization header uses a scheme the gateway does not know, it takes Bearer and Basic'],
  ];
  for (const [headers, what] of cases)
    assert.equal(
      refusal(() => authenticate(headers)),
      `${what}: check the credential of the sender`,
    );
});

test('a key of 256 characters is looked up like any other', (t) => {
  const long = 'k'.repeat(256);
  const keys = store(t, { file: temporaryKeyFile(t), configured: [configured('long', long)] });
  const { authenticate } = createAuthenticator(keys, 'X-API-KEY');
  assert.equal(authenticate({ 'x-api-key': long }).id, 'long');
  assert.equal(authenticate({ authorization: basic(`long:${long}`) }).id, 'long');
});
