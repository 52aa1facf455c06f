import type { Log } from './log.ts';

/** One answered request, without anything of its content. */
export interface RequestDone {
  readonly id: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly code?: string;
  readonly records?: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Everything the gateway reports, as typed functions: the only source of its log. */
export interface Events {
  started(facts: { url: string; destination: string; version: string; configuration: object }): void;
  /** Quiet at the default level while requests succeed. */
  requestDone(event: RequestDone): void;
  bug(error: unknown, requestId: string): void;
  targetUnavailable(reason: string): void;
  stopping(reason: string): void;
  stopped(): void;
}

/** Events that go to `log`. */
export function createEvents(log: Log): Events {
  return {
    started: (facts) => log.info(facts, 'listening'),
    requestDone(event) {
      if (event.status >= 500) log.warn(event, 'request failed');
      else if (event.status >= 400) log.info(event, 'request refused');
      else log.debug(event, 'request done');
    },
    bug: (error, requestId) => log.error({ requestId, stack: stackOf(error) }, 'bug'),
    targetUnavailable: (reason) => log.warn({ reason }, 'ClickHouse is not available yet'),
    stopping: (reason) => log.info({ reason }, 'stopping'),
    stopped: () => log.info('stopped'),
  };
}

/** Where it happened. The first line of a stack is the message, which may quote data: only the error's name stays of it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join('\n');
}
