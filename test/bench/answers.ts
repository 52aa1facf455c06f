/** One HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The server closes the connection after it. */
  readonly closes: boolean;
}

/**
 * Reads answers from the bytes of a connection, however they are cut. Just enough of HTTP/1.1 for the servers of the bench: every answer must have a
 * Content-Length.
 */
export function createAnswerReader(onAnswer: (answer: Answer) => void): (chunk: Buffer) => void {
  let held = '';
  return (chunk) => {
    held += chunk.toString('latin1');
    for (;;) {
      const headEnd = held.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = held.slice(0, headEnd);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      if (length === undefined) throw new Error(`an answer without Content-Length: ${head.slice(0, 200)}`);
      const end = headEnd + 4 + Number(length);
      if (held.length < end) return;
      const answer = {
        status: Number(head.slice(9, 12)),
        body: held.slice(headEnd + 4, end),
        closes: /\r\nconnection: *close/i.test(head),
      };
      held = held.slice(end);
      onAnswer(answer);
    }
  };
}
