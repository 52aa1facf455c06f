import {
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  NUMBER_BINARY,
  NUMBER_INTEGER,
  STRING,
  STRING_PLAIN,
  stringOf,
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import { addScalar, addStringText, copyValue } from '../../core/tape-builder.ts';
import { dateText, floatText, timeOfDayText, timestampText } from '../texts.ts';
import { Undecodable } from '../undecodable.ts';
import { mismatch, type Translate } from './translate.ts';

const INTEGER = NUMBER | (NUMBER_INTEGER << 4);
const REAL = NUMBER | (NUMBER_BINARY << 4);
const PLAIN = STRING | (STRING_PLAIN << 4);
const DIGITS = /^-?(?:0|[1-9]\d*)$/;

/** Integers of 64 bits have 20 characters at most. */
const LONGEST = 20;
/** No double is larger than a number of 309 digits. */
const LONGEST_DOUBLE = 310;

/** Any JSON, as it is. */
export const translateAny: Translate = (source, node, tape) => copyValue(tape, source, node);

export const translateNull = verbatim('null', (source, node) => kindOf(source, node) === NULL);
export const translateString = verbatim('text', isText);
export const translateUuid = verbatim('a UUID', isText);
export const translateBoolean = verbatim('a boolean', (source, node) => {
  const kind = kindOf(source, node);
  return kind === TRUE || kind === FALSE;
});

function verbatim(wanted: string, fits: (source: JsonTape, node: number) => boolean): Translate {
  return (source, node, tape) => {
    if (!fits(source, node)) throw mismatch(source, node, wanted);
    return copyValue(tape, source, node);
  };
}

function isText(source: JsonTape, node: number): boolean {
  return kindOf(source, node) === STRING;
}

/** Whether it is a number without point and exponent. */
export function isInteger(source: JsonTape, node: number): boolean {
  return kindOf(source, node) === NUMBER && extraOf(source, node) === NUMBER_INTEGER;
}

/** Whether digits are in the range of so many bits. */
export function isInRange(digits: string, bits: number, signed: boolean): boolean {
  if (digits.length > LONGEST) return false;
  const value = BigInt(digits);
  return signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
}

/** Whole numbers digit for digit; those of 64 bits also as text, for those who would lose some. */
export function integerTranslator(bits: 8 | 16 | 32 | 64, signed: boolean): Translate {
  return (source, node, tape) => {
    const isDigits = isInteger(source, node) || (bits === 64 && isText(source, node));
    if (!isDigits) throw mismatch(source, node, 'a whole number');
    const digits = isText(source, node) ? stringOf(source, node) : textOf(source, node);
    if (!DIGITS.test(digits)) throw new Undecodable('is text where its schema has a whole number');
    if (!isInRange(digits, bits, signed)) throw new Undecodable(`is outside of ${signed ? '' : 'unsigned '}${bits} bits`);
    return addScalar(tape, INTEGER, digits);
  };
}

/** Whether text stands for a number JSON has no digits for. */
export function isFloatWord(text: string): boolean {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity';
}

/** Binary numbers. What has no point is a whole number, which has to be one of them. */
export const translateFloat: Translate = (source, node, tape) => {
  if (isInteger(source, node)) {
    const digits = textOf(source, node);
    const value = Number(digits);
    const isHeld = digits.length < 16 || (digits.length <= LONGEST_DOUBLE && Number.isFinite(value) && BigInt(value) === BigInt(digits));
    if (!isHeld) throw new Undecodable('is a whole number that no binary number of 64 bits is');
    return addScalar(tape, REAL, `${digits}.0`);
  }
  const isWord = isText(source, node) && isFloatWord(stringOf(source, node));
  if (isWord) return addScalar(tape, PLAIN, floatText(Number(stringOf(source, node))));
  if (kindOf(source, node) !== NUMBER) throw mismatch(source, node, 'a number');
  return copyValue(tape, source, node);
};

/** One of the names; another one is the fallback, if there is one. */
export function enumTranslator(names: readonly string[], fallback: string | undefined): Translate {
  const known = new Set(names);
  return (source, node, tape) => {
    if (!isText(source, node)) throw mismatch(source, node, 'a name');
    if (known.has(stringOf(source, node))) return copyValue(tape, source, node);
    if (fallback === undefined) throw new Undecodable('is none of the names of its schema');
    return addStringText(tape, fallback);
  };
}

/** Days since 1970-01-01, or text. */
export const translateDate = countTranslator('a date', 32, (days) => dateText(Number(days)));

/** Units since midnight, or text. */
export function timeTranslator(digits: 3 | 6 | 9): Translate {
  return countTranslator('a time of day', 64, (units) => timeOfDayText(BigInt(units), digits));
}

/** Units since 1970-01-01, or text. */
export function timestampTranslator(digits: 3 | 6 | 9, local: boolean): Translate {
  return countTranslator('a timestamp', 64, (units) => timestampText(units, digits, local));
}

function countTranslator(wanted: string, bits: number, toText: (count: number | bigint) => string | undefined): Translate {
  return (source, node, tape) => {
    if (isText(source, node)) return copyValue(tape, source, node);
    if (!isInteger(source, node)) throw mismatch(source, node, wanted);
    const digits = textOf(source, node);
    const text = isInRange(digits, bits, true) ? toText(digits.length < 16 ? Number(digits) : BigInt(digits)) : undefined;
    if (text === undefined) throw new Undecodable(`is a number where its schema has ${wanted}, and outside of those`);
    return addScalar(tape, PLAIN, `"${text}"`);
  };
}
