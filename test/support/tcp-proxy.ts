import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createLink, type Link, type ProxyMode, type ReplyVerdict } from './tcp-proxy-link.ts';

export interface TcpProxy {
  readonly port: number;
  /** Decides on every byte from now on, also on connections that are open. */
  mode: ProxyMode;
  /** Asked about each chunk of a reply that `mode` would let pass. A dropped reply is left hanging. */
  onReply: ((chunk: Buffer) => ReplyVerdict) | undefined;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections on which a reply, or a part of one, was kept from the client. */
  readonly repliesDropped: number;
  /** Resolves when the listening socket is as `mode` wants it: closed for `refuse`, open on the same port otherwise. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port that stands before 127.0.0.1:`targetPort` and spoils the traffic on demand. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  const counts = { connections: 0, repliesDropped: 0 };
  let mode: ProxyMode = { kind: 'pass' };
  let onReply: TcpProxy['onReply'];
  const rules = {
    mode: () => mode,
    onReply: (chunk: Buffer): ReplyVerdict => onReply?.(chunk) ?? 'pass',
    dropped: () => void counts.repliesDropped++,
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client: Socket) => {
    if (mode.kind === 'refuse') return void client.resetAndDestroy();
    counts.connections++;
    const link = createLink(client, targetPort, rules);
    links.add(link);
    void link.ended.then(() => links.delete(link));
  });
  const listen = async (port: number): Promise<void> =>
    await new Promise((resolve, reject) => {
      server.once('error', reject).listen({ port, host: '127.0.0.1' }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  let settled: Promise<void> = Promise.resolve();

  const cutAll = (): void => {
    for (const link of links) link.reset();
  };
  const follow = async (last: Promise<void>, listening: boolean): Promise<void> => {
    await last;
    if (listening && !server.listening) await listen(port);
    // Only the listening socket: what was accepted is reset already.
    if (!listening && server.listening) server.close();
  };
  return {
    port,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      if (next.kind === 'refuse') cutAll();
      settled = follow(settled, next.kind !== 'refuse');
      // Told by settled(); nobody has to ask.
      settled.catch(() => undefined);
    },
    get onReply() {
      return onReply;
    },
    set onReply(next) {
      onReply = next;
    },
    get connections() {
      return counts.connections;
    },
    get repliesDropped() {
      return counts.repliesDropped;
    },
    settled: async () => await settled,
    async close() {
      await settled.catch(() => undefined);
      const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
      cutAll();
      await closed;
    },
  };
}
