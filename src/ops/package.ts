import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The project's root, from `dist/src/ops`. */
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The version in package.json. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The base document of the HTTP interface, from openapi.yaml. */
export function readOpenApi(): Record<string, unknown> {
  return parse(readFileSync(join(ROOT, 'openapi.yaml'), 'utf8')) as Record<string, unknown>;
}
