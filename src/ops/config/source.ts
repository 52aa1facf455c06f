/**
 * The configuration file as a plain tree. Messages name line and column and never quote the text: any of it can be a secret.
 */
import { readFileSync } from 'node:fs';
import { type Document, isAlias, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError, type ConfigProblem } from './problem.ts';

const LARGEST_FILE = 4 * 1024 * 1024;

/** What to say for the codes of the YAML parser that need more than "not valid". */
const SENTENCES: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands in its mapping twice: remove one',
  NON_STRING_KEY: 'a key must be text: put quotes around it',
  TAB_AS_INDENT: 'a tab indents this line: use spaces',
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes: use single quotes, or double the backslash',
  BAD_SCALAR_START: 'text cannot begin with this character: put quotes around it',
  BLOCK_AS_IMPLICIT_KEY: 'a value holds a colon and a space: put quotes around it',
  MULTIPLE_DOCS: 'a second document begins here: the file holds one',
  TAG_RESOLVE_FAILED: 'a value begins with an exclamation mark, which is a YAML tag: put quotes around it',
};

/**
 * Reads and parses the file at `path`, which must be absolute. An empty file is an empty mapping.
 * @throws ConfigError when it can't be read or is not YAML.
 */
export function readConfigFile(path: string): unknown {
  return parseConfig(readText(path), path);
}

/** @throws ConfigError when `text` is not one valid YAML document. `source` names it in the error. */
export function parseConfig(text: string, source: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, stringKeys: true, version: '1.2' });
  const at = (offset: number, what: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { path: '', message: `Line ${line}, column ${col}: ${what}` };
  };
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    at(pos[0], SENTENCES[code] ?? 'this is not valid YAML'),
  );
  if (problems.length === 0) problems.push(...danglingAliases(document, at));
  if (problems.length > 0) throw new ConfigError(source, problems);
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    throw new ConfigError(source, [{ path: '', message: 'The file uses too many YAML aliases: write the values out' }]);
  }
}

function danglingAliases(document: Document.Parsed, at: (offset: number, what: string) => ConfigProblem): ConfigProblem[] {
  const found: ConfigProblem[] = [];
  visit(document, {
    Alias(_key, node) {
      if (isAlias(node) && node.resolve(document) === undefined)
        found.push(at(node.range?.[0] ?? 0, 'a value begins with an asterisk, which is a YAML alias: put quotes around it'));
    },
  });
  return found;
}

function readText(path: string): string {
  const fail = (what: string): never => {
    throw new ConfigError(path, [{ path: '', message: `The file ${what}: see --config or SLUICE_CONFIG` }]);
  };
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return fail(readFailure(error));
  }
  if (bytes.length > LARGEST_FILE) return fail('is larger than 4 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail('is not UTF-8 text');
  }
}

/** Why a file could not be read, as the end of a sentence about it. */
export function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return code === 'EISDIR' ? 'is a directory' : 'cannot be read';
}
