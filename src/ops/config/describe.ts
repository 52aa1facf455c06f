/**
 * Reads a zod schema as a tree of keys, for messages that name the known keys and for the reference.
 */
import type { z } from 'zod';

type Schema = z.core.$ZodType;

/** What can stand in the `meta` of a schema besides zod's own: how its values are named in the reference. */
export interface KeyNotes {
  /** Such as `size`. Absent: derived from the schema. */
  readonly type?: string;
  /** The default in words where it is not a constant. */
  readonly otherwise?: string;
}

/** What a schema is made of. zod offers it to libraries under this name. */
export function definitionOf(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)['_zod'].def;
}

/** Takes off what does not change the structure: defaults, optional, transforms. */
export function unwrap(schema: Schema): Schema {
  const def = definitionOf(schema);
  if (def.type === 'optional' || def.type === 'default' || def.type === 'prefault') return unwrap(def.innerType);
  return def.type === 'pipe' ? unwrap(def.in) : schema;
}

/** The keys of a section and their schemas, in the order of declaration; undefined when the schema is no section. */
export function keysOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const def = definitionOf(unwrap(schema));
  if (def.type === 'union') return def.options.map((option) => keysOf(option)).find((keys) => keys !== undefined);
  return def.type === 'object' ? def.shape : undefined;
}

/** The schema of the entries of a list or of a mapping with free keys. */
export function entriesOf(schema: Schema): { readonly kind: 'list' | 'mapping'; readonly entry: Schema } | undefined {
  const def = definitionOf(unwrap(schema));
  if (def.type === 'array') return { kind: 'list', entry: def.element };
  return def.type === 'record' ? { kind: 'mapping', entry: def.valueType } : undefined;
}

/** The schema at `path`, or undefined when nothing can stand there. */
export function schemaAt(root: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const step of path) {
    if (schema === undefined) return undefined;
    schema = entriesOf(schema)?.entry ?? keysOf(schema)?.[String(step)];
  }
  return schema;
}
