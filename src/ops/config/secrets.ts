/**
 * Puts `${env:NAME}` and `${file:/path}` into text values. What comes in is not looked at again, so a secret may hold anything.
 * Messages name the variable or file, never what it holds.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigProblem, problemAt } from './problem.ts';
import { readFailure } from './source.ts';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const LARGEST_SECRET = 64 * 1024;
/** Deeper than any configuration; an alias that holds itself would go on for ever. */
const DEEPEST = 32;

/** `$${` is an escaped `${`; `${name}` without a colon is none of ours and stays. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z]*):([^}]*)\}/g;

interface Sources {
  readonly env: Environment;
  /** Where relative paths start. */
  readonly cwd: string;
}

/** A copy of `tree` with every reference filled in, and the references that could not be. Those texts become empty. */
export function fillIn(tree: unknown, sources: Sources): { readonly tree: unknown; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const say = (path: readonly PropertyKey[], what: string): undefined => {
    problems.push(problemAt(path, what));
  };
  const copy = (node: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof node === 'string') return fillText(node, sources, (what) => say(path, what));
    if (typeof node !== 'object' || node === null) return node;
    if (path.length > DEEPEST) return say(path, 'is nested too deep');
    if (Array.isArray(node)) return node.map((item: unknown, index) => copy(item, [...path, index]));
    const entries = Object.entries(node).filter(([key]) => key !== '__proto__' || say([...path, key], 'is not a name that can be used'));
    return Object.fromEntries(entries.map(([key, value]) => [key, copy(value, [...path, key])]));
  };
  return { tree: copy(tree, []), problems };
}

function fillText(text: string, sources: Sources, say: (what: string) => void): string {
  let failed = false;
  const fail = (what: string): string => {
    failed = true;
    say(what);
    return '';
  };
  const filled = text.replaceAll(REFERENCE, (match, source?: string, name?: string) => {
    if (source === undefined) return match.slice(1);
    if (source === 'env') return fromEnvironment(name ?? '', sources.env, fail);
    if (source === 'file') return fromFile(name ?? '', sources.cwd, fail);
    return fail('has a reference to an unknown source: write ${env:NAME} or ${file:/path}, or $${ for the characters themselves');
  });
  return failed ? '' : filled;
}

function fromEnvironment(name: string, env: Environment, fail: (what: string) => string): string {
  if (!/^[A-Za-z_]\w{0,127}$/.test(name)) return fail('has a reference that names no environment variable: write ${env:NAME}');
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value ?? fail(`the environment variable ${name} is not set`);
}

function fromFile(name: string, cwd: string, fail: (what: string) => string): string {
  if (!/^[\w./@:+ -]{1,1024}$/.test(name)) return fail('has a reference that names no file: write ${file:/path}');
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(cwd, name));
  } catch (error) {
    return fail(`the file ${name} ${readFailure(error)}`);
  }
  if (bytes.length > LARGEST_SECRET) return fail(`the file ${name} is larger than 64 KiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    return fail(`the file ${name} is not UTF-8 text`);
  }
}
