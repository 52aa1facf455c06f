/**
 * One thing that is wrong with the configuration: where, what, and what to write instead. `message` is a whole line and names
 * `path` itself. It never holds a value of the configuration: any of them can be a secret.
 */
export interface ConfigProblem {
  /** Such as `pipelines.orders.topics[0]`; the name of an environment variable; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** The configuration can't be used. `problems` lists everything that is wrong with it, and so does the message, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  /** @param source what was read, for the first line: a file name or `The configuration`. */
  constructor(source: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`${source} has ${count}:`, ...problems.map(({ message }) => `  ${message}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A problem whose line begins with its path, or with the file where there is none. */
export function problemAt(path: readonly PropertyKey[], what: string): ConfigProblem {
  const where = pathText(path);
  return { path: where, message: where === '' ? `The file ${what}` : `${where}: ${what}` };
}

/** `['auth', 'keys', 0, 'id']` as `auth.keys[0].id`. A key that is no plain name stands in brackets and quotes. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(step))) text += text === '' ? String(step) : `.${String(step)}`;
    else text += `[${JSON.stringify(String(step).slice(0, 128))}]`;
  }
  return text;
}
