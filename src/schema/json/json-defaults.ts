import type { FieldType } from '../../core/schema.ts';
import { isSchema } from './json-files.ts';
import { listOf } from './json-records.ts';

/** Levels of a default. */
const DEEPEST_DEFAULT = 50;

/** The default of a field as JSON text. Undefined: there is none, or none that could be kept exactly. */
export function fallbackOf(schema: unknown, type: FieldType): string | undefined {
  const value = defaultOf(schema);
  if (value === undefined || !isExact(value, 0)) return undefined;
  return value === null && !takesNull(type) ? undefined : JSON.stringify(value);
}

/** Connect writes the default of what may be null within the branch that is not. */
function defaultOf(schema: unknown): unknown {
  if (!isSchema(schema)) return undefined;
  if ('default' in schema) return schema['default'];
  const branches = [...listOf(schema['oneOf']), ...listOf(schema['anyOf'])];
  return branches.map((branch) => (isSchema(branch) ? branch['default'] : undefined)).find((value) => value !== undefined);
}

/** A number was read as a binary one: of a large whole number that need not be all. */
function isExact(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
  if (typeof value !== 'object' || value === null) return true;
  return depth < DEEPEST_DEFAULT && Object.values(value).every((one) => isExact(one, depth + 1));
}

function takesNull(type: FieldType): boolean {
  return type.kind === 'null' || type.kind === 'any' || (type.kind === 'union' && type.branches.some((branch) => branch.kind === 'null'));
}
