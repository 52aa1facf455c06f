import type { FieldType } from '../core/schema.ts';
import { bytesTranslator } from './connect/connect-bytes.ts';
import { decimalTranslator } from './connect/connect-decimals.ts';
import { arrayTranslator, mapTranslator } from './connect/connect-lists.ts';
import { recordTranslator } from './connect/connect-records.ts';
import {
  enumTranslator,
  integerTranslator,
  timestampTranslator,
  timeTranslator,
  translateAny,
  translateBoolean,
  translateDate,
  translateFloat,
  translateNull,
  translateString,
  translateUuid,
} from './connect/connect-scalars.ts';
import { unionTranslator } from './connect/connect-unions.ts';
import type { Translate, Translators } from './connect/translate.ts';

/**
 * A function that writes what JSON of Kafka Connect's JsonConverter, of Avro's JSON encoding, or of no encoding at all stands for as a value of a type, in the
 * forms of `core/tape-builder.ts`, and returns its node. It throws Undecodable when the JSON is no such value, and TapeFull.
 */
export function createTranslator(type: FieldType): Translate {
  const known = new Map<FieldType, Translate>();
  const of: Translators = (one) => {
    let translate = known.get(one);
    if (translate === undefined) {
      translate = translatorOf(one, of);
      known.set(one, translate);
    }
    return translate;
  };
  return of(type);
}

function translatorOf(type: FieldType, of: Translators): Translate {
  switch (type.kind) {
    case 'null':
      return translateNull;
    case 'boolean':
      return translateBoolean;
    case 'int':
      return integerTranslator(type.bits, type.signed);
    case 'float':
      return translateFloat;
    case 'string':
      return translateString;
    case 'bytes':
      return bytesTranslator(type.size);
    case 'enum':
      return enumTranslator(type.names, type.fallback);
    case 'decimal':
      return decimalTranslator(type.scale);
    case 'date':
      return translateDate;
    case 'time':
      return timeTranslator(type.digits);
    case 'timestamp':
      return timestampTranslator(type.digits, type.local);
    case 'uuid':
      return translateUuid;
    case 'array':
      return arrayTranslator(of(type.items));
    case 'map':
      return mapTranslator(of(type.keys), of(type.values));
    case 'record':
      return recordTranslator(type, of);
    case 'union':
      return unionTranslator(type.branches, of);
    case 'any':
      return translateAny;
  }
}
