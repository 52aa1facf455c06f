import type { JsonValue } from '../../core/batch.ts';
import { GatewayError } from '../../core/errors.ts';
import type { RegisteredSchema } from '../../core/ports.ts';
import type { Codec } from '../codec.ts';
import { createTranslator } from '../connect-json.ts';
import { Undecodable } from '../undecodable.ts';
import { readJsonSchema } from './json-schema.ts';

/** Reads one JSON text. @throws GatewayError */
export type ReadJson = (text: Buffer) => JsonValue;

/**
 * A codec for a JSON Schema, whose values are JSON texts.
 * @throws Undecodable `unusable_schema`
 */
export function compileJson(schema: Pick<RegisteredSchema, 'text' | 'references'>, readJson: ReadJson): Codec {
  const type = readJsonSchema(schema);
  const translate = createTranslator(type);
  return {
    type,
    read({ bytes, from, to }, tape) {
      const { tape: source, node } = read(bytes.subarray(from, to), readJson);
      return translate(source, node, tape);
    },
  };
}

function read(text: Buffer, readJson: ReadJson): JsonValue {
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const why: Partial<Record<GatewayError['code'], string>> = {
      too_deep: 'is nested deeper than limits.depth',
      duplicate_key: 'has a key twice in an object',
      too_many_records: 'has more values than limits.values',
    };
    throw new Undecodable(why[error.code] ?? 'is not valid JSON');
  }
}
