/**
 * The reference of the configuration in Markdown, made of the schema itself, so that it can't say anything else.
 */
import type { z } from 'zod';
import { globalRegistry } from 'zod';
import { definitionOf, entriesOf, type KeyNotes, keysOf } from './describe.ts';
import { ENVIRONMENT } from './environment.ts';
import { configSchema } from './schema.ts';

type Schema = z.core.$ZodType;

const PLAIN_TYPES: Readonly<Record<string, string>> = { boolean: '`true`, `false`', string: 'text', object: 'mapping', record: 'mapping' };

interface Row {
  readonly path: string;
  readonly type: string;
  readonly standard: string;
  readonly description: string;
}

/** Two Markdown tables: every key of the file, and every environment variable. */
export function configReference(): string {
  return [
    ...table(
      ['Key', 'Value', 'Default', 'Description'],
      rowsOf(configSchema, '').map((row) => [`\`${row.path}\``, row.type, row.standard, row.description]),
    ),
    '',
    ...table(
      ['Environment variable', 'Description'],
      Object.entries(ENVIRONMENT).map(([name, description]) => [`\`${name}\``, description]),
    ),
    '',
  ].join('\n');
}

function rowsOf(section: Schema, above: string): Row[] {
  const rows: Row[] = [];
  for (const [key, schema] of Object.entries(keysOf(section) ?? {})) {
    const path = above === '' ? key : `${above}.${key}`;
    rows.push({ path, type: typeOf(schema), standard: defaultOf(schema), description: notesOf(schema).description ?? '' });
    const inside = entriesOf(schema);
    if (inside === undefined) rows.push(...rowsOf(schema, path));
    else rows.push(...rowsOf(inside.entry, inside.kind === 'list' ? `${path}[]` : `${path}.<name>`));
  }
  return rows;
}

/** How the values of a schema are named: its own note, or what its structure says. */
function typeOf(schema: Schema): string {
  const { type } = notesOf(schema);
  if (type !== undefined) return type;
  const def = definitionOf(schema);
  if (def.type === 'optional' || def.type === 'default' || def.type === 'prefault') return typeOf(def.innerType);
  if (def.type === 'union') return def.options.map(typeOf).join(' or ');
  if (def.type === 'array') return `list: ${keysOf(def.element) === undefined ? typeOf(def.element) : 'mappings'}`;
  if (def.type === 'enum') return Object.values(def.entries).map(code).join(', ');
  const name = PLAIN_TYPES[def.type];
  if (name === undefined) throw new Error(`the reference has no name for a schema of type ${def.type}`);
  return name;
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

function defaultOf(schema: Schema): string {
  const { otherwise } = notesOf(schema);
  if (otherwise !== undefined) return otherwise;
  const def = definitionOf(schema);
  if (def.type === 'optional') return '';
  if (def.type !== 'default' && def.type !== 'prefault') return 'required';
  const value = def.defaultValue;
  if (value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0))
    return Array.isArray(value) || value === '' ? 'empty' : '';
  return code(value);
}

function notesOf(schema: Schema): Partial<Record<keyof KeyNotes | 'description', string | undefined>> {
  return globalRegistry.get(schema) ?? {};
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  return [tableLine(head), tableLine(head.map(() => '---')), ...rows.map(tableLine)];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
