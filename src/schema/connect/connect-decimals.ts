import { type JsonTape, kindOf, NUMBER, NUMBER_DECIMAL, NUMBER_INTEGER, STRING, stringOf, textOf } from '../../core/json-tape.ts';
import { addScalar } from '../../core/tape-builder.ts';
import { bigEndian, decimalText } from '../texts.ts';
import { Undecodable } from '../undecodable.ts';
import { binaryOf, STRICT_BASE64 } from './connect-bytes.ts';
import { mismatch, type Translate } from './translate.ts';

const NUMERAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Bytes, digits and zeros of a decimal: no type of a column has room for more, and arithmetic on them is not free. */
const MOST_BYTES = 64;
const MOST_DIGITS = 200;

/** Decimals of so many digits after the point: a number, its digits as text, or its unscaled bytes. */
export function decimalTranslator(scale: number): Translate {
  const head = NUMBER | ((scale > 0 ? NUMBER_DECIMAL : NUMBER_INTEGER) << 4);
  return (source, node, tape) => addScalar(tape, head, decimalText(unscaledOf(source, node, scale), scale));
}

function unscaledOf(source: JsonTape, node: number, scale: number): bigint {
  const kind = kindOf(source, node);
  if (kind === NUMBER) return scaled(textOf(source, node), scale);
  if (kind !== STRING) throw mismatch(source, node, 'a decimal');
  const text = stringOf(source, node);
  const isBase64 = STRICT_BASE64.test(text);
  if (!isBase64 && isNumeral(text)) return scaled(text, scale);
  const bytes = isBase64 ? Buffer.from(text, 'base64') : binaryOf(text);
  if (bytes === undefined) throw new Undecodable('is text that is neither a decimal nor its bytes');
  if (bytes.length > MOST_BYTES) throw new Undecodable(`has a decimal of more than ${MOST_BYTES} bytes`);
  return bigEndian(bytes, 0, bytes.length);
}

function isNumeral(text: string): boolean {
  return NUMERAL.test(text) && /\d/.test(text);
}

/** @throws Undecodable when it has digits the scale has no room for. */
function scaled(text: string, scale: number): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMERAL.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return 0n;
  const shift = Number(exponent) - fraction.length + scale;
  if (text.length > MOST_DIGITS || digits.length + Math.max(0, shift) > MOST_DIGITS) {
    throw new Undecodable(`has a decimal of more than ${MOST_DIGITS} digits`);
  }
  // Zeros at the end are no digits that would be lost.
  if (shift < 0 && /[^0]/.test(digits.slice(shift))) {
    throw new Undecodable(`has more digits after the point than the ${scale} of its schema`);
  }
  const unscaled = BigInt(shift < 0 ? digits.slice(0, shift) : `${digits}${'0'.repeat(shift)}`);
  return sign === '-' ? -unscaled : unscaled;
}
