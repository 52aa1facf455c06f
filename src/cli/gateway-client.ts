import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../core/config.ts';
import { loadConfig } from '../ops/config/load.ts';
import { CONFIG_OPTION } from './check.ts';
import { type Arguments, CommandError, type Io, UsageError } from './command.ts';

/** Options of every command that asks a running gateway. A key on the command line could be read by every user of the machine. */
export const GATEWAY_OPTIONS = {
  url: { value: 'url', summary: 'Address of the gateway, instead of SLUICE_URL or the one in the configuration' },
  'key-file': { value: 'file', summary: 'File with the API key, instead of SLUICE_API_KEY' },
  ...CONFIG_OPTION,
} as const;

/** A whole table may be read for an answer. */
const PATIENCE_MS = 10 * 60_000;

/** What a gateway is asked: with GET, or with `post` as the body of a POST. */
export interface Question {
  readonly path: string;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly post?: { readonly body: Buffer; readonly type: string };
}

/**
 * Asks a running gateway. `path` begins with a slash; parameters without a value are left out.
 * @throws CommandError in one sentence, whatever goes wrong.
 */
export async function askGateway<Answer>(args: Arguments, io: Io, { path, parameters, post }: Question): Promise<Answer> {
  const base = baseUrl(args, io);
  const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  const key = keyOf(args, io);
  const [status, body] = await send(url, key, post);
  const answer = parsed(body);
  if (answer === undefined) throw new CommandError(`What answers at ${url.origin} is no Sluice gateway: give its address with --url`);
  if (status === 200) return answer as Answer;
  if (status === 401) throw new CommandError('The gateway does not know the API key: check SLUICE_API_KEY, or the file of --key-file');
  const { detail } = answer as { detail?: unknown };
  const told = typeof detail === 'string' ? detail.replaceAll(/\p{Cc}/gu, ' ').slice(0, 500) : `The gateway answered with status ${status}`;
  throw new CommandError(told);
}

async function send(url: URL, key: string, post: Question['post']): Promise<[status: number, body: string]> {
  try {
    const response = await fetch(url, {
      ...(post === undefined ? {} : { method: 'POST', body: new Uint8Array(post.body) }),
      headers: {
        Authorization: `Bearer ${key}`,
        Accept: 'application/json',
        ...(post === undefined ? {} : { 'Content-Type': post.type }),
      },
      // The key is for this address and no other.
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return [response.status, await response.text()];
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new CommandError(`The gateway at ${url.origin} did not answer in time`);
    throw new CommandError(`No gateway answers at ${url.origin}: start it, or give its address with --url`);
  }
}

function parsed(body: string): object | undefined {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function baseUrl(args: Arguments, io: Io): URL {
  const file = args.text('config');
  const given = args.text('url');
  if (given !== undefined && file !== undefined) throw new UsageError('Give --url or --config, not both');
  const text = given ?? (file === undefined && io.env['SLUICE_URL'] !== '' ? io.env['SLUICE_URL'] : undefined);
  if (text === undefined) return listenUrl(loadConfig({ env: io.env, cwd: io.cwd, ...(file === undefined ? {} : { file }) }));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new UsageError('The address of the gateway must be a URL such as http://127.0.0.1:8080, without user name and password');
  return url;
}

/** Where a gateway of this configuration can be reached from this machine. */
function listenUrl({ listen: { host, port } }: Config): URL {
  if (port === 0)
    throw new CommandError('The gateway takes a free port, which the configuration does not say: give its address with --url');
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return new URL(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`);
}

function keyOf(args: Arguments, io: Io): string {
  const file = args.text('key-file');
  const key = file === undefined ? io.env['SLUICE_API_KEY'] : readKey(resolve(io.cwd, file));
  if (key === undefined || key === '')
    throw new CommandError('An API key is needed: set SLUICE_API_KEY, or name a file that has it with --key-file');
  if (!/^[\x21-\x7e]{1,512}$/.test(key)) throw new CommandError('The API key must be visible ASCII characters without spaces');
  return key;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new CommandError(`The key file ${file} cannot be read: check its path and rights`);
  }
}
