import { type Agent, type IncomingMessage, request } from 'node:http';
import type { ClientOutcome } from './client-log.ts';

export interface SinkRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

export interface SinkAnswer {
  readonly status: number;
  readonly body: string;
}

/** Posts and reads the whole answer; undefined when there was none: a reset, a timeout, nobody there, or the signal. */
export async function post({ url, headers, body, timeoutMs, agent, signal }: SinkRequest): Promise<SinkAnswer | undefined> {
  const cut = new AbortController();
  const abort = (): void => cut.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  try {
    if (signal.aborted) return undefined;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { method: 'POST', agent, signal: cut.signal, headers: { 'Content-Length': body.length, ...headers } })
        .on('response', resolve)
        .on('error', reject)
        .end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** What an answer says about its records. Where the server may still be at work, or may have finished without knowing, nothing is known. */
export function outcomeOf(answer: SinkAnswer | undefined): ClientOutcome {
  if (answer === undefined) return 'unknown';
  if (answer.status >= 200 && answer.status < 300) return 'ok';
  const isRefusal = answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 409;
  return isRefusal ? 'refused' : 'unknown';
}
