import { LRUCache } from 'lru-cache';
import { GatewayError } from '../core/errors.ts';
import type { RegisteredSchema, SchemaSource } from '../core/ports.ts';
import type { FieldType, SchemaLanguage, SchemaReference } from '../core/schema.ts';
import { compileAvro } from './avro/avro-schema.ts';
import type { Codec, CodecLimits } from './codec.ts';
import type { Translate } from './connect/translate.ts';
import { createTranslator } from './connect-json.ts';
import { compileJson, type ReadJson } from './json/json-codec.ts';
import { Undecodable } from './undecodable.ts';

/** Compiled schemas that are kept. What is compiled is several times its text. */
const MOST_CODECS = 1000;

/** Codecs of schemas, by where their number stands. */
export interface Codecs {
  /**
   * The codec of a schema and the number that names it in messages.
   * @throws GatewayError when the registry cannot be asked; UnknownSchema; Undecodable when the schema cannot be used.
   */
  of(reference: SchemaReference): Promise<NamedCodec>;
  /**
   * What reads JSON by a schema, of a subject by its newest; undefined when the registry does not have it, or there is none.
   * @throws GatewayError when the registry cannot be asked; Undecodable when the schema cannot be used.
   */
  translatorOf(reference: SchemaReference): Promise<Translator | undefined>;
}

export interface NamedCodec {
  readonly codec: Codec;
  readonly name: string;
  readonly language: SchemaLanguage;
}

export interface Translator {
  readonly type: FieldType;
  readonly language: SchemaLanguage;
  readonly translate: Translate;
  /** As messages name the schema. */
  readonly name: string;
}

/** The registry has no such schema. */
export class UnknownSchema extends Error {
  constructor() {
    super('is of a schema the registry does not have');
    this.name = 'UnknownSchema';
  }
}

type Compile = (schema: RegisteredSchema) => Codec;

/** Codecs over `source`; without one every schema is a reason to refuse the delivery. `readJson` reads the values of JSON Schemas. */
export function createCodecs(source: SchemaSource | undefined, limits: CodecLimits, readJson: ReadJson): Codecs {
  const compiled = new LRUCache<number, Codec | Undecodable>({ max: MOST_CODECS });
  const translators = new WeakMap<FieldType, Translate>();
  const compilers: Readonly<Partial<Record<SchemaLanguage, Compile>>> = {
    AVRO: (schema) => compileAvro(schema, limits),
    JSON: (schema) => compileJson(schema, readJson),
  };

  const compile = (schema: RegisteredSchema): Codec => {
    let codec = compiled.get(schema.id);
    if (codec === undefined) {
      codec = tryCompile(schema, compilers[schema.language]);
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
      const schema = await find(source, reference);
      if (schema === undefined) throw new UnknownSchema();
      return { codec: compile(schema), name: String(schema.id), language: schema.language };
    },
    async translatorOf(reference) {
      const schema = source === undefined ? undefined : await find(source, reference);
      if (schema === undefined) return undefined;
      const { type } = compile(schema);
      let translate = translators.get(type);
      if (translate === undefined) {
        translate = createTranslator(type);
        translators.set(type, translate);
      }
      return { type, translate, name: String(schema.id), language: schema.language };
    },
  };
}

async function find(source: SchemaSource, reference: SchemaReference): Promise<RegisteredSchema | undefined> {
  if ('id' in reference) return await source.byId(reference.id);
  return 'guid' in reference ? await source.byGuid(reference.guid) : await source.latest(reference.subject);
}

function tryCompile(schema: RegisteredSchema, compile: Compile | undefined): Codec | Undecodable {
  if (compile === undefined) return new Undecodable('is of a kind of schema this version does not read', 'unusable_schema');
  try {
    return compile(schema);
  } catch (error) {
    if (error instanceof Undecodable) return error;
    throw error;
  }
}
