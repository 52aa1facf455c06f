import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type ProxyMode =
  | { readonly kind: 'pass' }
  /** The request passes and is carried out; its reply is swallowed. The client is reset `afterMs` later, or left hanging. */
  | { readonly kind: 'drop-reply'; readonly afterMs?: number }
  /** Nothing passes either way, and everything stays open. */
  | { readonly kind: 'hang' }
  /** Both sides are reset at the next byte. */
  | { readonly kind: 'reset' }
  /** Nobody listens, and open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Each way takes so much longer. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The first `bytes` of a request pass, then both sides are reset. A request starts after a reply. */
  | { readonly kind: 'cut-request'; readonly bytes: number };

export type ReplyVerdict = 'pass' | 'drop' | 'reset';

export interface LinkRules {
  mode(): ProxyMode;
  onReply(chunk: Buffer): ReplyVerdict;
  /** A reply was kept from the client. */
  dropped(): void;
}

/** A connection of a client and, from its first byte that passes on, the one to the target that belongs to it. */
export interface Link {
  readonly ended: Promise<void>;
  reset(): void;
}

/** Joins an accepted connection (half-open allowed) to a port on loopback. */
export function createLink(client: Socket, targetPort: number, rules: LinkRules): Link {
  let target: Socket | undefined;
  // Nothing that is still on its way may open a target for a client that is gone.
  let over = false;
  let requestBytes = 0;
  // A stream with a hole in it is never continued: what follows would be taken for something else.
  const muted = { request: false, reply: false };
  const mute = (): void => void Object.assign(muted, { request: true, reply: true });
  const reset = (): void => {
    over = true;
    client.resetAndDestroy();
    target?.resetAndDestroy();
  };
  const dial = (): Socket | undefined => {
    if (!over) target ??= openTarget();
    return target;
  };
  const toTarget = createLane(() => client, dial);
  const toClient = createLane(dial, () => client);

  const withhold = (afterMs?: number): void => {
    if (!muted.reply) rules.dropped();
    muted.reply = true;
    if (afterMs !== undefined) setTimeout(() => client.resetAndDestroy(), afterMs);
  };

  const onRequest = (chunk: Buffer): void => {
    const mode = rules.mode();
    if (mode.kind === 'reset') return reset();
    if (mode.kind === 'hang') mute();
    if (muted.request) return;
    requestBytes += chunk.length;
    if (mode.kind === 'cut-request' && requestBytes > mode.bytes) {
      muted.request = true;
      // A little later: a target on Node takes a reset that comes together with bytes for an orderly end.
      toTarget.send(chunk.subarray(0, Math.max(0, chunk.length - (requestBytes - mode.bytes))), 0, () => setTimeout(reset, 10));
      return;
    }
    toTarget.send(chunk, latencyOf(mode));
  };

  const onReply = (chunk: Buffer): void => {
    const mode = rules.mode();
    requestBytes = 0;
    if (muted.reply) return;
    if (mode.kind === 'hang') return withhold();
    if (mode.kind === 'drop-reply') return withhold(mode.afterMs);
    const verdict = mode.kind === 'reset' ? 'reset' : rules.onReply(chunk);
    if (verdict === 'pass') return toClient.send(chunk, latencyOf(mode));
    withhold();
    if (verdict === 'reset') reset();
  };

  client.on('data', onRequest).on('error', () => undefined);
  client.on('end', () => {
    if (rules.mode().kind === 'hang') mute();
    // Nothing can be told it any more.
    if (muted.reply) client.destroy();
    else toTarget.end(latencyOf(rules.mode()));
  });
  const clientClosed = new Promise<void>((resolve) => {
    client.on('close', (failed) => {
      resolve();
      over ||= target === undefined;
      // Where requests are swallowed the target does not hear that the client went away either.
      if (muted.request || target === undefined) return;
      if (failed && !muted.reply) target.resetAndDestroy();
      else target.end();
    });
  });

  function openTarget(): Socket {
    const socket = connect({ port: targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    socket.on('data', onReply).on('error', () => undefined);
    socket.on('end', () => {
      if (rules.mode().kind === 'hang') mute();
      if (muted.reply) socket.end();
      else toClient.end(latencyOf(rules.mode()));
    });
    socket.on('close', (failed) => {
      if (failed && !muted.reply) client.resetAndDestroy();
    });
    return socket;
  }

  const bothClosed = async (): Promise<void> => {
    await clientClosed;
    if (target !== undefined && !target.closed) await new Promise((resolve) => target?.once('close', resolve));
  };
  return { ended: bothClosed(), reset };
}

function latencyOf(mode: ProxyMode): number {
  return mode.kind === 'delay' ? mode.ms : 0;
}

interface Lane {
  send(chunk: Buffer, latencyMs: number, then?: () => void): void;
  end(latencyMs: number): void;
}

/** One direction. What is sent later arrives later, whatever the latencies. */
function createLane(from: () => Socket | undefined, to: () => Socket | undefined): Lane {
  let tail: Promise<void> = Promise.resolve();
  const enqueue = (latencyMs: number, act: () => void): void => {
    const due = performance.now() + latencyMs;
    const before = tail;
    const run = async (): Promise<void> => {
      await before;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      act();
    };
    tail = run();
  };
  return {
    send(chunk, latencyMs, then) {
      enqueue(latencyMs, () => {
        const socket = to();
        if (socket === undefined || socket.destroyed || socket.write(chunk, () => then?.())) return;
        from()?.pause();
        socket.once('drain', () => from()?.resume());
      });
    },
    end: (latencyMs) => enqueue(latencyMs, () => void to()?.end()),
  };
}
