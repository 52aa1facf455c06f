import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors.ts';

/** Headers of which two would leave open which one counts. Node keeps one of them without a word. */
const ONCE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'x-api-key',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'idempotency-key',
  'webhook-id',
  'expect',
]);

/**
 * Refuses what Node lets pass: two headers that may be there once, transfer codings it does not undo, expectations nobody knows, no Host, too
 * many headers, and a path that cannot be decoded.
 * @throws GatewayError
 */
export function checkRequest(request: IncomingMessage, headerCount: number, keyHeader: string): void {
  const { rawHeaders } = request;
  if (rawHeaders.length > headerCount * 2) throw new GatewayError('headers_too_large', `The request has more than ${headerCount} headers`);
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!ONCE.has(name) && name !== keyHeader) continue;
    if (seen.has(name)) throw new GatewayError('malformed_request', `The header ${name} is there twice`);
    seen.add(name);
  }
  if (!seen.has('host') && request.httpVersion === '1.1') throw new GatewayError('malformed_request', 'The Host header is missing');
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new GatewayError('malformed_request', 'The Transfer-Encoding is not chunked: compress with Content-Encoding instead');
  if (expectationOf(request) !== CONTINUE)
    throw new GatewayError('expectation_failed', 'The Expect header asks for something else than 100-continue');
  checkPath(request.url ?? '');
}

const CONTINUE = '100-continue';

/** What the sender expects before it goes on; HTTP/1.0 has no expectations (RFC 9110, 10.1.1). */
function expectationOf({ headers, httpVersion }: IncomingMessage): string {
  return httpVersion === '1.0' ? CONTINUE : (headers.expect ?? CONTINUE).toLowerCase();
}

/** Whether the sender holds its body back until it is told to go on. */
export function waitsForContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion !== '1.0';
}

function checkPath(url: string): void {
  if (!url.startsWith('/')) throw new GatewayError('malformed_request', 'The request target is not a path');
  if (!url.includes('%')) return;
  const query = url.indexOf('?');
  try {
    decodeURIComponent(query === -1 ? url : url.slice(0, query));
  } catch {
    throw new GatewayError('malformed_request', 'The path has a percent sign that no two hexadecimal digits of UTF-8 follow');
  }
}

export type Coding = 'identity' | 'gzip' | 'deflate';

const CODINGS: Readonly<Record<string, Coding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
};

/**
 * How the body is compressed. Decided before a byte of it is decoded.
 * @throws GatewayError `unsupported_encoding` for anything but one of gzip, deflate and identity, or for a charset other than UTF-8.
 */
export function bodyCoding(request: IncomingMessage): Coding {
  const written = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const coding = Object.hasOwn(CODINGS, written) ? CODINGS[written] : undefined;
  if (coding === undefined) throw new GatewayError('unsupported_encoding', 'The Content-Encoding is not one of gzip, deflate and identity');
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    throw new GatewayError('unsupported_encoding', 'The charset of the Content-Type is not UTF-8: send the body in UTF-8');
  return coding;
}
