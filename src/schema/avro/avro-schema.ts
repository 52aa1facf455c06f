import avsc from 'avsc';
import type { RegisteredSchema } from '../../core/ports.ts';
import { type Codec, type CodecLimits } from '../codec.ts';
import { Undecodable } from '../undecodable.ts';
import { type AvroNode, createAvroNodes } from './avro-nodes.ts';
import { avroReader } from './avro-reader.ts';

/**
 * A codec for an Avro schema. The package avsc says whether the schema and those it refers to are valid; its reader trusts counts and lengths, so values are
 * read by our own.
 * @throws Undecodable `unusable_schema`
 */
export function compileAvro({ text, references }: Pick<RegisteredSchema, 'text' | 'references'>, { depth }: CodecLimits): Codec {
  const node = compile([...references.map((reference) => reference.text), text]);
  return {
    type: node.type,
    read({ bytes, from, to }, tape) {
      const reader = avroReader(bytes, from, to, depth);
      const root = tape.count;
      node.read(reader, tape);
      if (reader.at !== to) throw new Undecodable(`ends ${to - reader.at} bytes before the record does`);
      return root;
    },
  };
}

/** The last of these schemas; each may use the names of those before. */
function compile(texts: readonly string[]): AvroNode {
  const registry = {};
  const nodes = createAvroNodes();
  let node: AvroNode | undefined;
  try {
    for (const text of texts) {
      const schema: unknown = parse(text);
      // Producers have written schemas whose defaults are not of the field's type, and no value depends on them here.
      avsc.Type.forSchema(JSON.parse(JSON.stringify(schema), withoutDefault), { registry, wrapUnions: true });
      node = nodes.add(schema);
    }
  } catch (error) {
    if (error instanceof Undecodable) throw error;
    const why = error instanceof RangeError ? 'is nested too deep' : 'is not a valid Avro schema';
    throw new Undecodable(why, 'unusable_schema');
  }
  if (node === undefined) throw new Undecodable('is empty', 'unusable_schema');
  return node;
}

/** The registry keeps a schema that is only a primitive's name with or without quotes. */
function parse(text: string): unknown {
  return /^\s*[a-z]+\s*$/.test(text) ? text.trim() : (JSON.parse(text) as unknown);
}

function withoutDefault(key: string, value: unknown): unknown {
  return key === 'default' ? undefined : value;
}
