import { isSchema, type Schema, type SchemaFile, type SchemaFiles, schemaAt, unusable } from './json-files.ts';

/** A property, and the file its schema stands in. */
export interface Property {
  readonly name: string;
  readonly schema: unknown;
  readonly file: SchemaFile;
  readonly required: boolean;
}

/** Counts what is read of objects. @throws Undecodable when it was too much. */
export type Spend = (count: number) => void;

/** Levels of a schema: of its own text, and of schemas it leads to. */
export const DEEPEST_SCHEMA = 200;

/** The properties of an object whose schema can be many, all of which hold. Undefined: it has none, so it is no record. */
export function propertiesOf(schema: Schema, file: SchemaFile, files: SchemaFiles, spend: Spend): Property[] | undefined {
  const parts = partsOf(schema, file, files, spend);
  if (!parts.some(([part]) => isSchema(part['properties']))) return undefined;
  const required = new Set(parts.flatMap(([part]) => (Array.isArray(part['required']) ? (part['required'] as unknown[]) : [])));
  const properties = new Map<string, Property>();
  for (const [part, from] of parts) {
    for (const [name, one] of Object.entries(schemaAt(part, 'properties') ?? {})) {
      spend(1);
      if (!properties.has(name)) properties.set(name, { name, schema: one, file: from, required: required.has(name) });
    }
  }
  return [...properties.values()].toSorted((a, b) => order(a) - order(b));
}

/** Connect's objects have the order of its fields apart. */
function order({ schema }: Property): number {
  const index = isSchema(schema) ? schema['connect.index'] : undefined;
  return typeof index === 'number' ? index : Number.MAX_SAFE_INTEGER;
}

/** The schema and all below its `allOf`, each once. */
function partsOf(schema: Schema, file: SchemaFile, files: SchemaFiles, spend: Spend): Array<readonly [Schema, SchemaFile]> {
  const parts: Array<readonly [Schema, SchemaFile]> = [];
  const seen = new Set<unknown>();
  const path = new Set<unknown>();
  const visit = (one: unknown, from: SchemaFile): void => {
    if (path.has(one)) throw unusable('refers to itself without a type');
    if (path.size > DEEPEST_SCHEMA) throw unusable(`is nested deeper than ${DEEPEST_SCHEMA} levels`);
    if (!isSchema(one) || seen.has(one)) return;
    seen.add(one);
    spend(1);
    path.add(one);
    const reference = referenceOf(one);
    if (reference === undefined) {
      parts.push([one, from]);
      for (const part of listOf(one['allOf'])) visit(part, from);
    } else {
      const found = files.find(reference, from);
      visit(found.schema, found.file);
    }
    path.delete(one);
  };
  visit(schema, file);
  return parts;
}

/** Where a schema says that another one stands for it. */
export function referenceOf(schema: Schema): string | undefined {
  const reference = schema['$ref'] ?? schema['$recursiveRef'];
  return typeof reference === 'string' ? reference : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
