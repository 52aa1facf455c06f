import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which bytes are sent as they are. */
export interface RawConnection {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** The next whole answer; undefined when the server closed the connection before one. */
  next(): Promise<RawAnswer | undefined>;
  closed(): Promise<void>;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received = Buffer.alloc(0);
  const state = { ended: false };
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resume of waiting) resume();
    waiting.clear();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.ended = true;
    wake();
  });
  const change = async (): Promise<void> => await new Promise<void>((resolve) => waiting.add(resolve));
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    async next() {
      for (;;) {
        const found = parse(received);
        if (found !== undefined) {
          received = received.subarray(found.length);
          if (found.answer.status === 100) continue;
          return found.answer;
        }
        if (state.ended) return undefined;
        await change();
      }
    },
    async closed() {
      while (!state.ended) await change();
    },
  };
}

function parse(bytes: Buffer): { answer: RawAnswer; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const size = Number(headers['content-length'] ?? 0);
  const length = end + 4 + size;
  if (bytes.length < length) return undefined;
  return { answer: { status: Number(first.split(' ')[1]), headers, body: bytes.toString('utf8', end + 4, length) }, length };
}
