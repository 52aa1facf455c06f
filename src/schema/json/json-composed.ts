import type { FieldType, RecordField } from '../../core/schema.ts';
import { fallbackOf } from './json-defaults.ts';
import { isSchema, type Schema, type SchemaFile, type SchemaFiles, schemaAt, unusable } from './json-files.ts';
import { listOf, type Property, propertiesOf } from './json-records.ts';
import { titleOf } from './json-scalars.ts';
import { ANY, NULL, unionOf } from './json-unions.ts';

/** Where a schema stands: its file, what it is called there, and how deep it is. */
export interface Place {
  readonly file: SchemaFile;
  readonly name: string;
  readonly depth: number;
  /** Arrays and maps around it, since the record it is in. */
  readonly containers: number;
}

/** Objects and properties: those of schemas that all hold are read for each object they are part of. */
const MOST_READ = 200_000;

/** Types that are made of others. */
export interface Composed {
  typeOf(schema: Schema, at: Place): FieldType;
  /** Reads the fields of all records there are, and of those these lead to. */
  complete(): void;
}

/** Reads parts by `typeOf`. */
export function createComposed(files: SchemaFiles, typeOf: (schema: unknown, at: Place) => FieldType): Composed {
  /** Fields are read last of all: when they lead back to a record, it is there. */
  const pending: Array<() => void> = [];
  let read = 0;
  const spend = (count: number): void => {
    read += count;
    if (read > MOST_READ) throw unusable(`has more than ${MOST_READ} objects and properties`);
  };

  const composedType = (schema: Schema, at: Place): FieldType | undefined => {
    if (schema['connect.type'] === 'map') return mapType(schema, at);
    const { type } = schema;
    if (type === 'array' || (type === undefined && 'items' in schema)) return { kind: 'array', items: typeOf(schema['items'], inner(at)) };
    if (type !== undefined && type !== 'object') return undefined;
    const properties = propertiesOf(schema, at.file, files, spend);
    if (properties !== undefined) return recordType(schema, properties, at);
    if (isSchema(schema['additionalProperties'])) return mapType(schema, at);
    return schema['additionalProperties'] === false && type === 'object' ? recordType(schema, [], at) : undefined;
  };

  /** Connect writes a map whose keys are no text as an array of entries. */
  const mapType = (schema: Schema, at: Place): FieldType => {
    const entry = schemaAt(schemaAt(schema, 'items') ?? {}, 'properties');
    const keys = entry === undefined ? ({ kind: 'string' } as const) : typeOf(entry['key'], inner(at));
    return { kind: 'map', keys, values: typeOf(entry === undefined ? schema['additionalProperties'] : entry['value'], inner(at)) };
  };

  const recordType = (schema: Schema, properties: readonly Property[], at: Place): FieldType => {
    const list: RecordField[] = [];
    pending.push(() => list.push(...properties.map((property) => fieldOf(property, at))));
    return { kind: 'record', name: titleOf(schema) ?? (at.name === '' ? 'object' : at.name), fields: list };
  };

  const fieldOf = ({ name, schema, file, required }: Property, at: Place): RecordField => {
    const own = typeOf(schema, { file, name, depth: at.depth, containers: 0 });
    const type = required ? own : unionOf([NULL, own]);
    const fallback = fallbackOf(schema, type);
    const doc = isSchema(schema) ? schema['description'] : undefined;
    return {
      name,
      aliases: [],
      ...(typeof doc === 'string' ? { doc } : {}),
      type,
      ...(fallback === undefined ? {} : { fallback }),
    };
  };

  /** Schemas of which one holds, or all of them, where only one says of what type. */
  const anyOfType = (schema: Schema, at: Place): FieldType => {
    const branches = [schema['oneOf'], schema['anyOf']].find((list) => Array.isArray(list) && list.length > 0);
    if (branches !== undefined) return unionOf(listOf(branches).map((branch) => typeOf(branch, at)));
    const types = listOf(schema['allOf']).map((part) => typeOf(part, at));
    const said = types.filter((type) => type.kind !== 'any');
    return said.length === 1 ? said[0]! : ANY;
  };

  return {
    typeOf: (schema, at) => composedType(schema, at) ?? anyOfType(schema, at),
    complete() {
      // Jobs add jobs.
      for (const job of pending) job();
    },
  };
}

function inner(at: Place): Place {
  return { ...at, containers: at.containers + 1 };
}
