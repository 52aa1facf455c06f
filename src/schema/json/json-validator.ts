import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft04 from 'ajv-draft-04';
import formats from 'ajv-formats';
import { RE2JS } from 're2js';
import type { RegisteredSchema } from '../../core/ports.ts';
import { Undecodable } from '../undecodable.ts';

/** Checks one JSON text that was read before. @throws Undecodable `schema_mismatch` with where in the value. */
export type Validate = (text: string) => void;

/** A regular expression that takes time in proportion to the text: patterns of schemas are not trusted, and those of JavaScript can take for ever. */
const regExp = Object.assign(
  (pattern: string): { test(text: string): boolean } => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return { test: (text) => compiled.matcher(text).find() };
  },
  { code: 'linear' },
);

const OPTIONS: Options = {
  // What a schema says beside validation, Connect's keywords among it, counts for nothing.
  strict: false,
  allErrors: false,
  logger: false,
  code: { regExp },
};

/** A validator of a draft, by what `$schema` says; without it of draft 7, as registries have it. */
function ajvFor(schema: unknown): Ajv {
  const named = typeof schema === 'object' && schema !== null ? String(Reflect.get(schema, '$schema') ?? '') : '';
  const made = named.includes('draft-04')
    ? new draft04.default(OPTIONS)
    : named.includes('2019-09')
      ? new Ajv2019(OPTIONS)
      : named.includes('2020-12')
        ? new Ajv2020(OPTIONS)
        : new Ajv(OPTIONS);
  // The fast ones look at the form alone, in linear time; days and times also have to exist.
  formats.default(made, { mode: 'fast' });
  for (const name of ['date', 'time', 'date-time'] as const) made.addFormat(name, formats.default.get(name, 'full'));
  return made;
}

/**
 * A function that checks values by a schema, in full where the reading of them only looks for what it needs. Numbers are compared as JavaScript has them, so
 * that a limit above 2^53 is one to within its neighbours.
 * @throws Undecodable `unusable_schema`
 */
export function compileValidator({ text, references }: Pick<RegisteredSchema, 'text' | 'references'>): Validate {
  const validate = compile(text, references);
  return (json) => {
    if (validate(JSON.parse(json))) return;
    const [error] = validate.errors ?? [];
    throw mismatch(error);
  };
}

function compile(text: string, references: RegisteredSchema['references']): ValidateFunction {
  try {
    const schema = withoutDialect(JSON.parse(text));
    const ajv = ajvFor(JSON.parse(text));
    for (const reference of references) ajv.addSchema(withoutDialect(JSON.parse(reference.text)) as object, reference.name);
    return ajv.compile(schema as object);
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('RE2JS'))
      throw new Undecodable(
        'has a pattern with what takes more than linear time, such as a look-ahead: set validate: false',
        'unusable_schema',
      );
    throw new Undecodable('has a JSON Schema that is not valid, or refers to one it does not have', 'unusable_schema');
  }
}

/** Drafts 6 and 7 are read by the same rules, and a dialect is not looked up. */
function withoutDialect(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const { $schema: _dialect, ...rest } = schema as Record<string, unknown>;
  return rest;
}

function mismatch(error: ErrorObject | undefined): Undecodable {
  const keyword = error?.keyword ?? 'false';
  const found = new Undecodable(`does not match its schema, by the keyword ${keyword}`, 'schema_mismatch');
  const parts = (error?.instancePath ?? '').split('/').slice(1);
  for (const part of parts.toReversed())
    found.path.push(/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`);
  return found;
}
