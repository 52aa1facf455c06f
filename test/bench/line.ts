import { connect, type Socket } from 'node:net';
import { type Answer, createAnswerReader } from './answers.ts';

/** A connection that carries one request at a time. */
export interface Line {
  /** Sends the bytes of a request. Rejects when the connection ends without an answer. */
  send(parts: readonly Buffer[]): Promise<Answer>;
  /** Whether it can carry another request. */
  isOpen(): boolean;
  close(): void;
}

/** Connections that are made at the same time: fewer than a server lets wait. */
const CONNECT_AT_ONCE = 128;

/** All connections read into this one buffer: what arrives is used up before the next one reads. */
const shared = Buffer.allocUnsafe(64 * 1024);

/** Connects to `port` of this machine. Raw sockets: the bench and what it measures share the processors. */
export async function openLine(port: number): Promise<Line> {
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  let isOpen = true;
  const fail = (error: Error): void => {
    isOpen = false;
    waiting?.reject(error);
    waiting = undefined;
  };
  const read = createAnswerReader((answer) => {
    const { resolve } = waiting ?? {};
    waiting = undefined;
    // A server that answers before it has read everything reads no more.
    if (answer.closes || socket.writableLength > 0) {
      isOpen = false;
      socket.destroy();
    }
    resolve?.(answer);
  });
  const socket: Socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer: shared,
      callback(bytes, buffer) {
        read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    },
  });
  socket.on('close', () => fail(new Error('the connection was closed without an answer')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.on('error', (error) => {
      fail(error);
      reject(error);
    });
  });
  return {
    send: (parts) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (!isOpen) return fail(new Error('the connection was closed'));
        if (parts.length > 1) socket.cork();
        for (const part of parts) socket.write(part);
        if (parts.length > 1) socket.uncork();
      }),
    isOpen: () => isOpen,
    close() {
      isOpen = false;
      socket.destroy();
    },
  };
}

/** So many connections, all of them made before it resolves. */
export async function openLines(port: number, count: number): Promise<Line[]> {
  const lines: Line[] = [];
  while (lines.length < count) {
    const next = Math.min(CONNECT_AT_ONCE, count - lines.length);
    lines.push(...(await Promise.all(Array.from({ length: next }, async () => await openLine(port)))));
  }
  return lines;
}
