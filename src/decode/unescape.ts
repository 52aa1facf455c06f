const BACKSLASH = 0x5c;

const ESCAPES = '"\\/bfnrt';
const ESCAPED = '"\\/\b\f\n\r\t';

/** The byte for the letter of an escape other than `u`. */
const LETTERS = new Uint8Array(128);
for (let i = 0; i < ESCAPES.length; i++) LETTERS[ESCAPES.charCodeAt(i)] = ESCAPED.charCodeAt(i);

/**
 * Writes the text between the quotes of a scanned string, unescaped and as UTF-8, to `target` from `to` on. It is never longer than
 * the escapes. Returns the bytes written.
 */
export function unescapeInto(bytes: Buffer, start: number, end: number, target: Buffer, to: number): number {
  let at = to;
  let p = start;
  while (p < end) {
    const c = bytes[p]!;
    if (c !== BACKSLASH) {
      target[at++] = c;
      p++;
    } else if (bytes[p + 1] !== 0x75) {
      target[at++] = LETTERS[bytes[p + 1]!]!;
      p += 2;
    } else {
      const unit = unitAt(bytes, p + 2);
      // The scanner lets no half of a pair through.
      const isHigh = unit >= 0xd800 && unit <= 0xdfff;
      const point = isHigh ? 0x10000 + ((unit - 0xd800) << 10) + (unitAt(bytes, p + 8) - 0xdc00) : unit;
      at = writePoint(target, at, point);
      p += isHigh ? 12 : 6;
    }
  }
  return at - to;
}

function unitAt(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
}

function writePoint(target: Buffer, to: number, point: number): number {
  let at = to;
  if (point < 0x80) {
    target[at++] = point;
    return at;
  }
  if (point < 0x800) {
    target[at++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      target[at++] = 0xe0 | (point >> 12);
    } else {
      target[at++] = 0xf0 | (point >> 18);
      target[at++] = 0x80 | ((point >> 12) & 0x3f);
    }
    target[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  target[at++] = 0x80 | (point & 0x3f);
  return at;
}
