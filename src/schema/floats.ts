import { NUMBER, NUMBER_BINARY, STRING, STRING_PLAIN } from '../core/json-tape.ts';
import { addScalar, addToken, reserve, type TapeBuilder } from '../core/tape-builder.ts';
import { floatText } from './texts.ts';

const REAL = NUMBER | (NUMBER_BINARY << 4);
const PLAIN = STRING | (STRING_PLAIN << 4);

/** Digits after the point of what most numbers are. */
const FEW = 4;
const SIZE = 10 ** FEW;
/** With so many in all a decimal is the shortest that is read as its number. */
const MOST = 10 ** 15;

/** A binary number as the text that is read as it again: {@link floatText}, of which this is the short way for numbers of few digits. */
export function addFloat(tape: TapeBuilder, value: number): void {
  const scaled = Math.round(value * SIZE);
  if (scaled / SIZE !== value || scaled >= MOST || scaled <= -MOST || scaled === 0) {
    const text = floatText(value);
    addScalar(tape, text.startsWith('"') ? PLAIN : REAL, text);
    return;
  }
  const start = tape.length;
  reserve(tape, 24);
  const { bytes } = tape;
  let at = start;
  if (scaled < 0) bytes[at++] = 0x2d;
  let rest = Math.abs(scaled);
  let size = FEW + 1;
  for (let power = SIZE * 10; rest >= power; power *= 10) size += 1;
  // Zeros at the end say nothing, but for the first one after the point.
  let fraction = FEW;
  while (fraction > 1 && rest % 10 === 0) {
    rest /= 10;
    size -= 1;
    fraction -= 1;
  }
  const end = at + size + 1;
  let p = end - 1;
  for (let digit = 0; digit < size; digit++) {
    if (digit === fraction) bytes[p--] = 0x2e;
    const next = Math.floor(rest / 10);
    bytes[p--] = 0x30 + rest - next * 10;
    rest = next;
  }
  tape.length = end;
  addToken(tape, REAL, start, end);
}
