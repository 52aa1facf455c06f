import type { RegisteredSchema } from '../../core/ports.ts';
import type { FieldType } from '../../core/schema.ts';
import { createComposed, type Place } from './json-composed.ts';
import { isSchema, openSchemaFiles, type Schema, type SchemaFile, type SchemaFiles, unusable } from './json-files.ts';
import { DEEPEST_SCHEMA, referenceOf } from './json-records.ts';
import { scalarType } from './json-scalars.ts';
import { ANY, unionOf } from './json-unions.ts';

/** JSON Schema has no more. */
const MOST_TYPES = 7;

/**
 * What values of a JSON Schema are, from draft 4 to 2020-12, with the words Kafka Connect adds. What the schema does not say, or says in a way that no
 * table could follow, is any JSON.
 * @throws Undecodable `unusable_schema`
 */
export function readJsonSchema(schema: Pick<RegisteredSchema, 'text' | 'references'>): FieldType {
  const files = openSchemaFiles(schema);
  return createReader(files)({ schema: files.main.root, file: files.main, name: '' });
}

function createReader(files: SchemaFiles): (root: { schema: unknown; file: SchemaFile; name: string }) => FieldType {
  const known = new Map<Schema, FieldType>();
  /** Schemas whose type is being read, with the containers around them. */
  const open = new Map<Schema, number>();
  const composed = createComposed(files, (schema, at) => typeOf(schema, at));

  const typeOf = (schema: unknown, at: Place): FieldType => {
    if (!isSchema(schema)) return ANY;
    if (at.depth > DEEPEST_SCHEMA) throw unusable(`is nested deeper than ${DEEPEST_SCHEMA} levels`);
    const done = known.get(schema);
    if (done !== undefined) return done;
    const outer = open.get(schema);
    if (outer !== undefined) {
      // Lists of lists of themselves are values, though of no type that has an end.
      if (at.containers > outer) return ANY;
      throw unusable('refers to itself without a type');
    }
    open.set(schema, at.containers);
    const type = readType(schema, { ...at, depth: at.depth + 1 });
    open.delete(schema);
    known.set(schema, type);
    return type;
  };

  const readType = (schema: Schema, at: Place): FieldType => {
    const reference = referenceOf(schema);
    if (reference !== undefined) {
      const { schema: target, file, name } = files.find(reference, at.file);
      return typeOf(target, { ...at, file, name: name === '' ? at.name : name });
    }
    const { type } = schema;
    if (Array.isArray(type)) {
      const types = [...new Set<unknown>(type)];
      return types.length > MOST_TYPES ? ANY : unionOf(types.map((one) => typeOf({ ...schema, type: one }, at)));
    }
    return scalarType(schema) ?? composed.typeOf(schema, at);
  };

  return ({ schema, file, name }) => {
    const type = typeOf(schema, { file, name, depth: 0, containers: 0 });
    composed.complete();
    return type;
  };
}
