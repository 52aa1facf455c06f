import { LRUCache } from 'lru-cache';
import { GatewayError } from '../core/errors.ts';
import type { RegisteredSchema, SchemaSource } from '../core/ports.ts';
import type { SchemaLanguage } from '../core/schema.ts';
import { compileAvro } from './avro/avro-schema.ts';
import type { Codec, CodecLimits } from './codec.ts';
import { Undecodable } from './undecodable.ts';
import type { Framed } from './wire-format.ts';

/** Compiled schemas that are kept. What is compiled is several times its text. */
const MOST_CODECS = 1000;

/** Codecs of schemas, by where their number stands. */
export interface Codecs {
  /**
   * The codec of a schema and the number that names it in messages.
   * @throws GatewayError when the registry cannot be asked; Undecodable when it has no such schema, or the schema cannot be used.
   */
  of(reference: Framed['schema']): Promise<{ readonly codec: Codec; readonly name: string }>;
}

/** The registry has no such schema. */
export class UnknownSchema extends Error {
  constructor() {
    super('is of a schema the registry does not have');
    this.name = 'UnknownSchema';
  }
}

const COMPILERS: Readonly<Partial<Record<SchemaLanguage, (schema: RegisteredSchema, limits: CodecLimits) => Codec>>> = {
  AVRO: compileAvro,
};

/** Codecs over `source`; without one every schema is a reason to refuse the delivery. */
export function createCodecs(source: SchemaSource | undefined, limits: CodecLimits): Codecs {
  const compiled = new LRUCache<number, Codec | Undecodable>({ max: MOST_CODECS });

  const compile = (schema: RegisteredSchema): Codec => {
    let codec = compiled.get(schema.id);
    if (codec === undefined) {
      codec = tryCompile(schema, limits);
      compiled.set(schema.id, codec);
    }
    if (codec instanceof Undecodable) throw new Undecodable(codec.message, codec.code);
    return codec;
  };

  return {
    async of(reference) {
      if (source === undefined) {
        const detail = 'The records are in the wire format of the Schema Registry, and the configuration names none: set registry.url';
        throw new GatewayError('registry_missing', detail);
      }
      const schema = 'id' in reference ? await source.byId(reference.id) : await source.byGuid(reference.guid);
      if (schema === undefined) throw new UnknownSchema();
      return { codec: compile(schema), name: String(schema.id) };
    },
  };
}

function tryCompile(schema: RegisteredSchema, limits: CodecLimits): Codec | Undecodable {
  const compiler = COMPILERS[schema.language];
  if (compiler === undefined) return new Undecodable('is of a kind of schema this version does not read', 'unusable_schema');
  try {
    return compiler(schema, limits);
  } catch (error) {
    if (error instanceof Undecodable) return error;
    throw error;
  }
}
