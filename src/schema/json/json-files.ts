import type { RegisteredSchema } from '../../core/ports.ts';
import { Undecodable } from '../undecodable.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** A JSON text with schemas in it, which may refer to each other. */
export interface SchemaFile {
  readonly root: unknown;
  /** What addresses in it are relative to; may be empty. */
  readonly address: string;
}

/** A schema, the file it stands in, and what it is called there. */
export interface Located {
  readonly schema: unknown;
  readonly file: SchemaFile;
  readonly name: string;
}

/** The text of a schema and of those it refers to. */
export interface SchemaFiles {
  readonly main: SchemaFile;
  /** The schema a `$ref` in a file leads to. @throws Undecodable */
  find(reference: string, from: SchemaFile): Located;
}

/** @throws Undecodable `unusable_schema` when a text is no JSON. */
export function openSchemaFiles({ text, references }: Pick<RegisteredSchema, 'text' | 'references'>): SchemaFiles {
  const known = new Map<string, Located>();
  const open = (source: string, name: string): SchemaFile => {
    const root = parse(source);
    const file = { root, address: addressOf(root) ?? name };
    for (const address of [name, file.address]) if (address !== '') known.set(address, { schema: root, file, name: lastOf(address) });
    for (const [key, schema] of definitionsOf(root)) {
      const address = addressOf(schema);
      if (address === undefined || address.startsWith('#')) continue;
      for (const one of [address, resolve(address, file.address)]) known.set(one, { schema, file, name: key });
    }
    return file;
  };
  for (const reference of references) open(reference.text, reference.name);
  const main = open(text, '');

  return {
    main,
    find(reference, from) {
      const hash = reference.indexOf('#');
      const address = hash < 0 ? reference : reference.slice(0, hash);
      const fragment = hash < 0 ? '' : decode(reference.slice(hash + 1));
      const whole =
        address === '' ? { schema: from.root, file: from, name: '' } : (known.get(address) ?? known.get(resolve(address, from.address)));
      const found = whole === undefined ? undefined : within(whole, fragment);
      if (found === undefined) throw unusable('refers to a schema it does not have');
      return found;
    },
  };
}

/** A schema nobody can read values of. */
export function unusable(message: string): Undecodable {
  return new Undecodable(message, 'unusable_schema');
}

/** Whether it says anything: `true` and `false` are schemas as well. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under a key of a schema, if it is a schema with keys. */
export function schemaAt(schema: Schema, key: string): Schema | undefined {
  const value = schema[key];
  return isSchema(value) ? value : undefined;
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    throw unusable('is not valid JSON');
  }
}

function addressOf(schema: unknown): string | undefined {
  if (!isSchema(schema)) return undefined;
  const address = schema['$id'] ?? schema['id'];
  return typeof address === 'string' ? address.replace(/#$/, '') : undefined;
}

function definitionsOf(root: unknown): Array<[string, unknown]> {
  if (!isSchema(root)) return [];
  return [...Object.entries(schemaAt(root, 'definitions') ?? {}), ...Object.entries(schemaAt(root, '$defs') ?? {})];
}

const ANCHORS = new WeakMap<Schema, ReadonlyMap<string, Omit<Located, 'file'>>>();

/** Definitions that have a name of their own, also as draft 4 has it: an `id` that begins with `#`. */
function anchorsOf(root: Schema): ReadonlyMap<string, Omit<Located, 'file'>> {
  let anchors = ANCHORS.get(root);
  if (anchors === undefined) {
    const named = definitionsOf(root).map(([name, schema]) => [anchorOf(schema), { name, schema }] as const);
    anchors = new Map(named.flatMap(([anchor, found]) => (anchor === undefined ? [] : [[anchor, found]])));
    ANCHORS.set(root, anchors);
  }
  return anchors;
}

function anchorOf(schema: unknown): string | undefined {
  const anchor = isSchema(schema) ? schema['$anchor'] : undefined;
  if (typeof anchor === 'string') return anchor;
  const address = addressOf(schema);
  return address?.startsWith('#') ? address.slice(1) : undefined;
}

/** A JSON pointer, or the name of an anchor. */
function within(whole: Located, fragment: string): Located | undefined {
  if (fragment === '') return whole;
  if (!fragment.startsWith('/')) {
    const found = isSchema(whole.schema) ? anchorsOf(whole.schema).get(fragment) : undefined;
    return found === undefined ? undefined : { ...found, file: whole.file };
  }
  let schema = whole.schema;
  let name = '';
  for (const part of fragment.slice(1).split('/')) {
    name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, name)) return undefined;
    schema = (schema as Schema)[name];
  }
  return { schema, file: whole.file, name };
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

function resolve(address: string, base: string): string {
  return URL.canParse(address, base) ? new URL(address, base).href : address;
}

function lastOf(address: string): string {
  return address.slice(address.lastIndexOf('/') + 1).replace(/\.json$/, '');
}
