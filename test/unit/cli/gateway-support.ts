import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A server that answers as a gateway would. */
export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  readonly requests: Array<{ readonly url: string; readonly authorization: string | undefined }>;
  status: number;
  /** What is answered, as JSON unless it is text. */
  body: unknown;
}

export async function fakeGateway(t: TestContext, body: unknown): Promise<FakeGateway> {
  const gateway: FakeGateway = { url: '', port: 0, requests: [], status: 200, body };
  const server = createServer((request: IncomingMessage, response) => {
    gateway.requests.push({ url: request.url ?? '', authorization: request.headers.authorization });
    response.statusCode = gateway.status;
    if (gateway.status === 302) response.setHeader('Location', '/elsewhere');
    response.end(typeof gateway.body === 'string' ? gateway.body : JSON.stringify(gateway.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(gateway, { url: `http://127.0.0.1:${port}`, port });
}

export const KEY = 'a-key-for-tests-only';
