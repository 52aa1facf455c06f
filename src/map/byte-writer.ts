/** A buffer that grows: rewritten rows are appended to it and addressed by byte position. */
export interface ByteWriter {
  /** Bytes written so far. */
  readonly length: number;
  /** Appends text that is ASCII, such as digits and punctuation. */
  ascii(text: string): void;
  /** Appends any text as UTF-8. */
  utf8(text: string): void;
  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void;
  /**
   * Makes the JSON text from byte `from` on one line. A newline byte can only stand between tokens: inside strings it is escaped.
   */
  joinLines(from: number): void;
  /** The bytes written so far; valid until the next append. */
  bytes(): Buffer;
}

/** An empty writer that starts with room for `capacity` bytes. */
export function createByteWriter(capacity = 4096): ByteWriter {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;
  const reserve = (extra: number): void => {
    if (length + extra <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + extra));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  return {
    get length() {
      return length;
    },
    ascii(text) {
      reserve(text.length);
      length += buffer.write(text, length, 'latin1');
    },
    utf8(text) {
      reserve(text.length * 3);
      length += buffer.write(text, length, 'utf8');
    },
    copy(source, start, end) {
      reserve(end - start);
      length += source.copy(buffer, length, start, end);
    },
    joinLines(from) {
      for (let p = from; p < length; p++) if (buffer[p] === 0x0a || buffer[p] === 0x0d) buffer[p] = 0x20;
    },
    bytes() {
      return buffer.subarray(0, length);
    },
  };
}
