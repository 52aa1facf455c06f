import { _, type Ajv, type KeywordCxt } from 'ajv';
import { compareDecimals, isMultiple, normalText } from './decimal-texts.ts';
import { decimalAt, isRounded, type RoundedNumbers } from './exact-json.ts';

/** Whether a value fulfils one keyword; `parent` and `key` say where it stands. */
type Check = (value: unknown, parent: object, key: string | number) => boolean;
/** A check for a keyword as a schema has it; undefined leaves it to ajv. */
type MakeCheck = (cxt: KeywordCxt, known: Known) => Check | undefined;

interface Known {
  readonly rounded: RoundedNumbers;
  /** Counts the work of comparing. @throws Undecodable when there was too much. */
  readonly spend: (steps: number) => void;
}

/** With more digits a remainder takes long. */
const MOST_DIVISOR_DIGITS = 1000;
/** Steps a character of a compared value takes: it is made into a text first. */
const STEPS_COMPARED = 12;

const CHECKS: Readonly<Record<string, MakeCheck>> = {
  maximum: (cxt, { rounded }) => makeBound(cxt, rounded, 1, cxt.parentSchema['exclusiveMaximum'] === true),
  minimum: (cxt, { rounded }) => makeBound(cxt, rounded, -1, cxt.parentSchema['exclusiveMinimum'] === true),
  exclusiveMaximum: (cxt, { rounded }) => makeBound(cxt, rounded, 1, true),
  exclusiveMinimum: (cxt, { rounded }) => makeBound(cxt, rounded, -1, true),
  multipleOf: (cxt, { rounded }) => makeMultiple(cxt, rounded),
  const: ({ schema, parentSchema }, known) => makeOneOf([sameText(schema as unknown, parentSchema, 'const', known.rounded)], known),
  enum({ schema }, known) {
    const values = schema as readonly unknown[];
    return makeOneOf(
      values.map((value, i) => sameText(value, values, i, known.rounded)),
      known,
    );
  },
  uniqueItems: ({ schema }, known) => (schema === true ? makeUnique(known) : undefined),
};

/**
 * Lets keywords that compare values do so by the digits that were written instead of by doubles, and `uniqueItems` in linear time. ajv compares every two
 * items, and has 19.99 as no multiple of 0.01.
 */
export function compareExactly(ajv: Ajv, known: Known): void {
  for (const [keyword, make] of Object.entries(CHECKS)) {
    const definition = ajv.getKeyword(keyword);
    // Draft 4 does not have all of them.
    if (typeof definition === 'boolean' || !('code' in definition)) continue;
    const { code } = definition;
    // In place: the order of keywords matters, and the definition is one of this ajv alone.
    Object.assign(definition, {
      error: undefined,
      code(cxt: KeywordCxt, type?: string) {
        const check = make(cxt, known);
        if (check === undefined) {
          code(cxt, type);
          return;
        }
        const name = cxt.gen.scopeValue('func', { ref: check });
        cxt.fail(_`!${name}(${cxt.data}, ${cxt.it.parentData}, ${cxt.it.parentDataProperty})`);
      },
    });
  }
}

/** `side`: 1 for the most a number may be, -1 for the least. */
function makeBound(
  { schema, parentSchema, keyword }: KeywordCxt,
  rounded: RoundedNumbers,
  side: number,
  strict: boolean,
): Check | undefined {
  // The flag of draft 4, which counts where its limit is read.
  if (typeof schema !== 'number') return undefined;
  const limit = decimalAt(rounded, parentSchema, keyword, schema);
  const plainLimit = !isRounded(rounded, parentSchema, keyword);
  return (value, parent, key) => {
    const double = value as number;
    // Doubles of at most 15 digits are in the order of their texts.
    const plain = plainLimit && !isRounded(rounded, parent, key);
    const order = side * (plain ? Math.sign(double - schema) : compareDecimals(decimalAt(rounded, parent, key, double), limit));
    return strict ? order < 0 : order <= 0;
  };
}

function makeMultiple({ schema, parentSchema }: KeywordCxt, rounded: RoundedNumbers): Check {
  const of = decimalAt(rounded, parentSchema, 'multipleOf', schema as number);
  if (of.digits === '' || of.digits.length > MOST_DIVISOR_DIGITS) throw new RangeError('multipleOf is zero or has too many digits');
  return (value, parent, key) => isMultiple(decimalAt(rounded, parent, key, value as number), of);
}

function makeOneOf(texts: readonly string[], { rounded, spend }: Known): Check {
  const all = new Set(texts);
  return (value, parent, key) => {
    const text = sameText(value, parent, key, rounded);
    spend(STEPS_COMPARED * text.length);
    return all.has(text);
  };
}

function makeUnique({ rounded, spend }: Known): Check {
  return (value) => {
    const items = value as readonly unknown[];
    const seen = new Set<string>();
    for (const [i, item] of items.entries()) {
      const text = sameText(item, items, i, rounded);
      spend(STEPS_COMPARED * text.length);
      if (seen.has(text)) return false;
      seen.add(text);
    }
    return true;
  };
}

/** The same text for values that JSON Schema calls equal: keys in one order, numbers in one form. */
function sameText(value: unknown, parent: object, key: string | number, rounded: RoundedNumbers): string {
  if (typeof value === 'number') return normalText(decimalAt(rounded, parent, key, value));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, i) => sameText(item, value, i, rounded)).join()}]`;
  const object = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(object).toSorted();
  return `{${keys.map((name) => `${JSON.stringify(name)}:${sameText(object[name], object, name, rounded)}`).join()}}`;
}
