import { createHash } from 'node:crypto';
import type { Config, StoredKey } from '../../core/config.ts';
import { type ConfigProblem, problemAt } from './problem.ts';
import type { Environment } from './secrets.ts';

/** Every variable the gateway reads. One that is empty counts as not set. */
export const ENVIRONMENT = {
  SLUICE_CONFIG: 'The configuration file, where `--config` does not name one.',
  SLUICE_LISTEN: 'Replaces `listen`.',
  SLUICE_DATA: 'Replaces `data`.',
  SLUICE_API_KEY: 'Adds an API key with the id `default` that may do everything: 16 to 256 visible ASCII characters, no spaces.',
  SLUICE_LOG: 'Least severe log level that is written: `trace`, `debug`, `info` (the default), `warn`, `error` or `silent`.',
} as const;

const LOG_LEVELS: ReadonlyArray<Config['log']> = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** The id of the key that comes from the environment. */
const ENVIRONMENT_KEY_ID = 'default';

/** The value of `name`, or undefined when it is not set or empty. */
export function setting(env: Environment, name: keyof typeof ENVIRONMENT): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/** `tree` with the keys the environment replaces. Anything but a mapping is left for the schema to refuse. */
export function withOverrides(tree: unknown, env: Environment): unknown {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return tree;
  const listen = setting(env, 'SLUICE_LISTEN');
  const data = setting(env, 'SLUICE_DATA');
  return { ...tree, ...(listen === undefined ? {} : { listen }), ...(data === undefined ? {} : { data }) };
}

/** A problem at an overridden key is a problem of the variable. */
export function blameVariable(problem: ConfigProblem, env: Environment): ConfigProblem {
  const variable = ({ listen: 'SLUICE_LISTEN', data: 'SLUICE_DATA' } as const)[problem.path];
  if (variable === undefined || setting(env, variable) === undefined) return problem;
  return { path: variable, message: `${variable}${problem.message.slice(problem.path.length)}` };
}

/** `SLUICE_LOG`. */
export function logLevel(env: Environment): Config['log'] | ConfigProblem {
  const value = setting(env, 'SLUICE_LOG') ?? 'info';
  return (
    LOG_LEVELS.find((level) => level === value) ??
    problemAt(['SLUICE_LOG'], `must be ${LOG_LEVELS.join(', ').replace(/, (\w+)$/, ' or $1')}`)
  );
}

/** The key of `SLUICE_API_KEY`, hashed; undefined when it is not set. `others` are the keys of the file. */
export function environmentKey(env: Environment, others: ReadonlyArray<{ readonly id: string }>): StoredKey | ConfigProblem | undefined {
  const key = setting(env, 'SLUICE_API_KEY');
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{16,256}$/.test(key)) return problemAt(['SLUICE_API_KEY'], 'must be 16 to 256 visible ASCII characters without spaces');
  if (others.some(({ id }) => id === ENVIRONMENT_KEY_ID))
    return problemAt(['SLUICE_API_KEY'], `adds a key with the id ${ENVIRONMENT_KEY_ID}, which auth.keys has too: rename that one`);
  const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`;
  return { id: ENVIRONMENT_KEY_ID, hash, grants: [{ pipeline: '*', can: ['write', 'read', 'admin'] }] };
}
