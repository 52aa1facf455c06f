/**
 * Turns what zod found into problems. A message says what may stand at a key, never what stood there: it can be a secret.
 */
import type { z } from 'zod';
import { keysOf, schemaAt } from './describe.ts';
import { nearest } from './nearest.ts';
import { type ConfigProblem, pathText, problemAt } from './problem.ts';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
};

/** The error map: a sentence for each issue whose schema has none of its own. */
export function sentenceFor(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined) return 'is required';
  if (issue.input === null) return 'is empty: give it a value, or remove the key';
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'string' && typeof issue.input !== 'object') return 'must be text: put quotes around it';
    return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be ${issue.values
      .map(String)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1')}`;
  return 'has a value that is not allowed here';
}

/** The problems of all issues. `root` is the schema that was applied, for the names of the keys it knows. */
export function problemsOf(issues: readonly Issue[], root: z.core.$ZodType, above: readonly PropertyKey[] = []): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownKey([...path, key], keysOf(schemaAt(root, path) ?? root) ?? {}));
    if (issue.code === 'invalid_key') return [problemAt(path, issue.issues[0]?.message ?? issue.message)];
    const meant = issue.code === 'invalid_union' ? meantBranch(issue.errors) : undefined;
    return meant === undefined ? [problemAt(path, issue.message)] : problemsOf(meant, root, path);
  });
}

/** The one alternative that has the right kind of value, and something wrong inside it. */
function meantBranch(branches: ReadonlyArray<readonly Issue[]>): readonly Issue[] | undefined {
  return branches.find((issues) => issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'));
}

function unknownKey(path: readonly PropertyKey[], known: Readonly<Record<string, unknown>>): ConfigProblem {
  const names = Object.keys(known);
  const close = nearest(String(path.at(-1)), names);
  const hint = close === undefined ? `known keys here are ${names.join(', ')}` : `did you mean ${close}?`;
  const parent = path.slice(0, -1);
  // What has lost its quotes can end in a key: a part of a value, perhaps of a secret.
  if (!NAME_LIKE.test(String(path.at(-1)))) {
    const where = parent.length === 0 ? 'At the top there' : `Under ${pathText(parent)} there`;
    return { path: pathText(parent), message: `${where} is a key that is no name and is not shown: put quotes around the values there` };
  }
  return { path: pathText(path), message: `Unknown key ${pathText(path)}: ${hint}` };
}

const NAME_LIKE = /^[A-Za-z_][\w.-]{0,63}$/;
