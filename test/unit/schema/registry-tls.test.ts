/** TLS to a registry that wants a certificate, with real handshakes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RegistryConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { loadConfig } from '../../../src/ops/config/load.ts';
import { createRegistry } from '../../../src/schema/registry.ts';
import { AUTHORITY, CLIENT_CERTIFICATE, CLIENT_KEY, OTHER_AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from '../../support/certificates.ts';

let server: Server;
let url: string;
/** Names in the certificates of those who were answered. */
const callers: string[] = [];

before(async () => {
  server = createServer(
    { key: SERVER_KEY, cert: SERVER_CERTIFICATE, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const { subject } = (request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate();
      callers.push(subject.CN);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"schema":"\\"int\\""}');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(tls: RegistryConfig['tls'], address = url): Promise<string> {
  const registry = createRegistry({ urls: [address], timeoutMs: 2000, ttlMs: 60_000, ...(tls === undefined ? {} : { tls }) });
  const began = performance.now();
  try {
    return (await registry.byId(1))?.text ?? 'none';
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.ok(performance.now() - began < 10_000);
    return `${error.code}: ${error.message}`;
  } finally {
    registry.close();
  }
}

const OWN = { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };

test('the gateway shows its certificate, and trusts the authority it was told', async () => {
  callers.length = 0;
  assert.equal(await ask({ ca: AUTHORITY, ...OWN }), '"int"');
  assert.deepEqual(callers, ['client']);
});

test('without a certificate, with another authority, or for another name there is no answer, and why is told', async () => {
  callers.length = 0;
  const port = new URL(url).port;
  const cases: ReadonlyArray<readonly [name: string, answer: Promise<string>, says: RegExp]> = [
    ['no certificate of its own', ask({ ca: AUTHORITY }), /certificate|connection/],
    ['an authority that is not trusted', ask({ ca: OTHER_AUTHORITY, ...OWN }), /certificate/],
    ['the usual authorities', ask(OWN), /certificate/],
    ['no TLS configured', ask(undefined), /certificate/],
    ['plain HTTP to the TLS port', ask(undefined, `http://127.0.0.1:${port}`), /connection|HTTP/],
  ];
  for (const [name, answer, says] of cases) {
    const told = await answer;
    assert.match(told, /^registry_unavailable: The Schema Registry /, name);
    assert.match(told, says, name);
    assert.doesNotMatch(told, /127\.0\.0\.1/, name);
  }
  assert.deepEqual(callers, []);
});

test('certificates come from the files that the configuration names', async () => {
  const directory = mkdtempSync('/tmp/sluice-tls-');
  const texts = { ca: AUTHORITY, cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text);
  const of = (name: string): string => `"\${file:${join(directory, name)}}"`;
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, `registry: { url: "${url}", tls: { ca: ${of('ca')}, cert: ${of('cert')}, key: ${of('key')} } }\n`);
  const { registry } = loadConfig({ file, env: {}, cwd: directory });
  rmSync(directory, { recursive: true });
  assert.equal(await ask(registry?.tls), '"int"');
});
