import { _, type Ajv, type KeywordCxt, type Options } from 'ajv';
import { RE2JS } from 're2js';
import { Undecodable } from '../undecodable.ts';

/** Bounds what the check of one value may cost, and what is made of a schema for it: schemas are not trusted to be cheap. */
export interface Effort {
  /** Options of an ajv of which code and patterns are bounded. */
  readonly code: NonNullable<Options['code']>;
  /** Counts the work of keywords that other schemas stand in. */
  count(ajv: Ajv): void;
  /** Before a value of so many characters is checked, which may be the schema itself. */
  begin(length: number): void;
  /** @throws Undecodable when there were too many. */
  readonly spend: (steps: number) => void;
}

/** Steps for any value, and for each of its characters. A step takes some 10 to 25 ns. */
const STEPS = 5_000_000;
const STEPS_A_CHARACTER = 100;
/** Blocks of generated code within each other: the engine's own parser overflows its stack at some 1,400. */
const DEEPEST_CODE = 1000;
/** Of all patterns of a schema, in instructions. A pattern of a few hundred is a long one. */
const MOST_INSTRUCTIONS = 100_000;
/** Characters of a pattern times its most repetitions: what it is compiled to may be that large before it can be counted. */
const MOST_REPEATED = 500_000;
const REPEATS = /\{(\d+)(?:,(\d*))?\}/g;
/** What one evaluation of these costs beside what they lead to: one step a branch. */
const COUNTED = ['$ref', '$recursiveRef', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'properties', 'required', 'items', 'prefixItems'];

export function createEffort(): Effort {
  let left = STEPS;
  let instructions = 0;
  const spend = (steps: number): void => {
    left -= steps;
    if (left < 0) throw tooMuch();
  };
  const regExp = Object.assign(
    (pattern: string): { test(text: string): boolean } => {
      if (pattern.length * mostRepeats(pattern) > MOST_REPEATED) throw tooLarge();
      const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
      const size = compiled.programSize();
      instructions += size;
      if (instructions > MOST_INSTRUCTIONS) throw tooLarge();
      return {
        test(text) {
          spend(size * (text.length + 1));
          return compiled.matcher(text).find();
        },
      };
    },
    { code: 'linear' },
  );
  return {
    // What optimising would take is several times what it gains, and the square of the size.
    code: { regExp, process: refuseDeep, optimize: false },
    count(ajv) {
      for (const keyword of COUNTED) countOne(ajv, keyword, spend);
    },
    begin(length) {
      left = STEPS + STEPS_A_CHARACTER * length;
    },
    spend,
  };
}

/** The schema leads the check of this value into too much work, or into itself without end. */
export function tooMuch(): Undecodable {
  return new Undecodable('has a JSON Schema that takes too many steps to check the record by: set validate: false', 'unusable_schema');
}

function tooLarge(): Undecodable {
  return new Undecodable('has a JSON Schema that is too large to check records by: set validate: false', 'unusable_schema');
}

function countOne(ajv: Ajv, keyword: string, spend: (steps: number) => void): void {
  const definition = ajv.getKeyword(keyword);
  if (typeof definition === 'boolean' || !('code' in definition)) return;
  const { code } = definition;
  // In place: what is unevaluated has to come after these.
  Object.assign(definition, {
    code(cxt: KeywordCxt, type?: string) {
      const name = cxt.gen.scopeValue('func', { ref: spend });
      cxt.gen.code(_`${name}(${sizeOf(cxt.schema)})`);
      code(cxt, type);
    },
  });
}

function sizeOf(schema: unknown): number {
  return typeof schema === 'object' && schema !== null ? Object.keys(schema).length : 1;
}

/** The largest number of repetitions a pattern asks for. Those within others are the pattern's own length, or refused when it is compiled. */
function mostRepeats(pattern: string): number {
  let most = 1;
  for (const [, least, last] of pattern.matchAll(REPEATS)) most = Math.max(most, Number(least), Number(last ?? 0));
  return most;
}

function refuseDeep(code: string): string {
  if (depthOf(code) > DEEPEST_CODE) throw tooLarge();
  return code;
}

/** Braces in texts of the schema count as well: it is a bound. */
function depthOf(code: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < code.length; at += 1) {
    const character = code.charCodeAt(at);
    if (character === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x7d) depth -= 1;
  }
  return deepest;
}
