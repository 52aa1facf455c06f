import { LRUCache } from 'lru-cache';
import { GatewayError } from '../core/errors.ts';
import type { RegisteredSchema, SchemaSource } from '../core/ports.ts';
import type { FieldType, SchemaLanguage, SchemaReference } from '../core/schema.ts';
import { compileAvro } from './avro/avro-schema.ts';
import type { Codec, CodecLimits } from './codec.ts';
import type { Translate } from './connect/translate.ts';
import { createTranslator } from './connect-json.ts';
import { createEvolution } from './evolution.ts';
import { compileJson, type ReadJson } from './json/json-codec.ts';
import { compileValidator, type Validate } from './json/json-validator.ts';
import { compileProtobuf } from './protobuf/protobuf-schema.ts';
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
  /**
   * What makes records of a codec those of the newest schema of a subject: undefined where it is the same one, or there is none to go by.
   * @throws GatewayError when the registry cannot be asked.
   */
  newestFor(found: NamedCodec, subject: string): Promise<NewestForm | undefined>;
}

/** Checks the JSON text of a value by all of its schema. Only of JSON Schemas, and made when it is first called. @throws Undecodable */
interface Validated {
  readonly validate?: Validate;
}

export interface NamedCodec extends Validated {
  readonly codec: Codec;
  readonly id: number;
  readonly name: string;
  readonly language: SchemaLanguage;
}

/** Of records of an older schema. */
export interface NewestForm {
  readonly type: FieldType;
  /** Absent where they have it already. */
  readonly translate: Translate | undefined;
}

export interface Translator extends Validated {
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
  const evolutions = new WeakMap<FieldType, WeakMap<FieldType, NewestForm>>();
  const compilers: Readonly<Partial<Record<SchemaLanguage, Compile>>> = {
    AVRO: (schema) => compileAvro(schema, limits),
    PROTOBUF: (schema) => compileProtobuf(schema, limits),
    JSON: (schema) => compileJson(schema, readJson),
  };

  const validators = new LRUCache<number, Validate | Undecodable>({ max: MOST_CODECS });
  const validated = (schema: RegisteredSchema): Validated => {
    if (schema.language !== 'JSON') return {};
    return {
      validate(text) {
        let validate = validators.get(schema.id);
        if (validate === undefined) {
          validate = orUnusable(() => compileValidator(schema));
          validators.set(schema.id, validate);
        }
        if (validate instanceof Undecodable) throw new Undecodable(validate.message, validate.code);
        validate(text);
      },
    };
  };
  const tryCompile = (schema: RegisteredSchema): Codec | Undecodable => {
    let codec = compiled.get(schema.id);
    if (codec === undefined) {
      codec = compileBy(schema, compilers[schema.language]);
      compiled.set(schema.id, codec);
    }
    return codec;
  };
  const compile = (schema: RegisteredSchema): Codec => {
    const codec = tryCompile(schema);
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
      return { codec: compile(schema), id: schema.id, name: String(schema.id), language: schema.language, ...validated(schema) };
    },
    async newestFor({ codec, id, language }, subject) {
      // Protobuf tells fields apart by their numbers, and says itself what stands for those that are absent.
      if (language === 'PROTOBUF') return undefined;
      const schema = await source?.latest(subject, id).catch(ignoreUnusable);
      if (schema === undefined || schema.id === id) return undefined;
      const type = tryCompile(schema);
      if (type instanceof Undecodable || type.type.kind !== codec.type.kind) return undefined;
      const ofWriter = evolutions.get(codec.type) ?? new WeakMap<FieldType, NewestForm>();
      evolutions.set(codec.type, ofWriter);
      let form = ofWriter.get(type.type);
      if (form === undefined) {
        form = { type: type.type, translate: createEvolution(codec.type, type.type) };
        ofWriter.set(type.type, form);
      }
      return form;
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
      return { type, translate, name: String(schema.id), language: schema.language, ...validated(schema) };
    },
  };
}

async function find(source: SchemaSource, reference: SchemaReference): Promise<RegisteredSchema | undefined> {
  if ('id' in reference) return await source.byId(reference.id);
  return 'guid' in reference ? await source.byGuid(reference.guid) : await source.latest(reference.subject);
}

/** The newest schema of a subject is of no use: the records are read by their own. */
function ignoreUnusable(error: unknown): undefined {
  if (!(error instanceof Undecodable)) throw error;
}

function compileBy(schema: RegisteredSchema, compile: Compile | undefined): Codec | Undecodable {
  if (compile === undefined) return new Undecodable('is of a kind of schema this version does not read', 'unusable_schema');
  return orUnusable(() => compile(schema));
}

function orUnusable<T>(make: () => T): T | Undecodable {
  try {
    return make();
  } catch (error) {
    if (error instanceof Undecodable) return error;
    throw error;
  }
}
