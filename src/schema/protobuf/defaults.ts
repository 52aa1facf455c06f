import { FALSE, NUMBER, NUMBER_BINARY, NUMBER_INTEGER, STRING, STRING_ESCAPED, STRING_PLAIN, TRUE } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import { addString, builtTape, createTapeBuilder } from '../../core/tape-builder.ts';
import { floatText } from '../texts.ts';
import { Undecodable } from '../undecodable.ts';
import type { Constant } from './plan.ts';

/** A default that a schema of proto2 writes down, as a value of its type. @throws Undecodable `unusable_schema` */
export function defaultConstant(type: FieldType, written: unknown): Constant {
  switch (type.kind) {
    case 'boolean':
      return written === true ? word(TRUE, 'true') : word(FALSE, 'false');
    case 'int':
      // The parser of schemas reads numbers as JavaScript does.
      if (!Number.isSafeInteger(written)) throw new Undecodable('has a default of more digits than can be read', 'unusable_schema');
      return word(NUMBER | (NUMBER_INTEGER << 4), String(written));
    case 'float': {
      const digits = floatText(type.bits === 32 ? Math.fround(Number(written)) : Number(written));
      return word(digits.startsWith('"') ? STRING | (STRING_PLAIN << 4) : NUMBER | (NUMBER_BINARY << 4), digits);
    }
    case 'enum':
    case 'string':
      return text(Buffer.from(String(written)));
    case 'bytes': {
      const characters = String(written);
      if (/[^\0-\u00ff]/.test(characters)) throw new Undecodable('has a default of bytes that are none', 'unusable_schema');
      return text(Buffer.from(characters, 'latin1'));
    }
    default:
      throw new Undecodable('has a default for a field that can have none', 'unusable_schema');
  }
}

function word(head: number, value: string): Constant {
  return { head, text: Buffer.from(value) };
}

function text(source: Buffer): Constant {
  const tape = createTapeBuilder(source.length * 2, 16);
  addString(tape, source, 0, source.length);
  const { bytes } = builtTape(tape);
  return { head: STRING | ((bytes.includes(0x5c) ? STRING_ESCAPED : STRING_PLAIN) << 4), text: bytes };
}
