import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft04 from 'ajv-draft-04';
import formats from 'ajv-formats';
import type { RegisteredSchema } from '../../core/ports.ts';
import { Undecodable } from '../undecodable.ts';
import { createEffort, type Effort, tooMuch } from './check-effort.ts';
import { type ExactJson, parseExactly, type RoundedNumbers } from './exact-json.ts';
import { compareExactly } from './exact-keywords.ts';

/** Checks one JSON text that was read before. @throws Undecodable `schema_mismatch` with where in the value. */
export type Validate = (text: string) => void;

type Schemas = Pick<RegisteredSchema, 'text' | 'references'>;

/**
 * A function that checks values by a schema, in full where the reading of them only looks for what it needs. Numbers are compared by their digits.
 * @throws Undecodable `unusable_schema`
 */
export function compileValidator(schemas: Schemas): Validate {
  const effort = createEffort();
  const rounded: RoundedNumbers = new WeakMap();
  const validate = compile(schemas, effort, rounded);
  return (json) => {
    const value = parseExactly(json, rounded);
    effort.begin(json.length);
    if (matches(validate, value)) return;
    const [error] = validate.errors ?? [];
    throw mismatch(error);
  };
}

function matches(validate: ValidateFunction, parent: ExactJson): boolean {
  try {
    const rootData = parent[''] as object;
    return validate(rootData, { instancePath: '', parentData: parent, parentDataProperty: '', rootData, dynamicAnchors: {} });
  } catch (error) {
    // A schema that leads back to itself without going into the value overflows the stack.
    throw error instanceof RangeError ? tooMuch() : error;
  }
}

function compile({ text, references }: Schemas, effort: Effort, rounded: RoundedNumbers): ValidateFunction {
  // ajv checks schemas by the schema of their draft.
  effort.begin(text.length + references.reduce((sum, reference) => sum + reference.text.length, 0));
  try {
    const schema = parseExactly(text, rounded)[''];
    const ajv = ajvFor(schema, effort, rounded);
    for (const reference of references) ajv.addSchema(dropDialect(parseExactly(reference.text, rounded)['']) as object, reference.name);
    return ajv.compile(dropDialect(schema) as object);
  } catch (error) {
    if (error instanceof Undecodable) throw error;
    if (error instanceof Error && error.name.startsWith('RE2JS'))
      throw new Undecodable(
        'has a pattern with what takes more than linear time, such as a look-ahead: set validate: false',
        'unusable_schema',
      );
    throw new Undecodable('has a JSON Schema that is not valid, or refers to one it does not have', 'unusable_schema');
  }
}

/** A validator of a draft, by what `$schema` says; without it of draft 7, as registries have it. */
function ajvFor(schema: unknown, effort: Effort, rounded: RoundedNumbers): Ajv {
  const options: Options = {
    // What a schema says beside validation, Connect's keywords among it, counts for nothing.
    strict: false,
    allErrors: false,
    logger: false,
    code: effort.code,
  };
  const named = typeof schema === 'object' && schema !== null ? String(Reflect.get(schema, '$schema') ?? '') : '';
  const made = named.includes('draft-04')
    ? new draft04.default(options)
    : named.includes('2019-09')
      ? new Ajv2019(options)
      : named.includes('2020-12')
        ? new Ajv2020(options)
        : new Ajv(options);
  // The fast ones look at the form alone, in linear time; days and times also have to exist.
  formats.default(made, { mode: 'fast' });
  for (const name of ['date', 'time', 'date-time'] as const) made.addFormat(name, formats.default.get(name, 'full'));
  // The expression for it takes the square of the text's length.
  made.addFormat('url', isUrl);
  compareExactly(made, { rounded, spend: effort.spend });
  effort.count(made);
  return made;
}

function isUrl(text: string): boolean {
  return /^(?:https?|ftp):\/\/[^\s]*$/i.test(text) && URL.canParse(text);
}

/**
 * Drafts 6 and 7 are read by the same rules, and a dialect is not looked up. In place: what is known of the schema's numbers goes by the object they are in.
 */
function dropDialect(schema: unknown): unknown {
  if (typeof schema === 'object' && schema !== null) Reflect.deleteProperty(schema, '$schema');
  return schema;
}

function mismatch(error: ErrorObject | undefined): Undecodable {
  const keyword = error?.keyword ?? 'false';
  const found = new Undecodable(`does not match its schema, by the keyword ${keyword}`, 'schema_mismatch');
  const parts = (error?.instancePath ?? '').split('/').slice(1);
  for (const part of parts.toReversed())
    found.path.push(/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`);
  return found;
}
