import { resolve } from 'node:path';
import { changeKeyFile, type FileKey, keyFileIn, readKeyFile } from '../auth/key-file.ts';
import { createKey, KEY_ID } from '../auth/keys.ts';
import type { Operation } from '../core/batch.ts';
import type { Config, GrantConfig } from '../core/config.ts';
import { loadConfig } from '../ops/config/load.ts';
import { nearest } from '../ops/config/nearest.ts';
import { aligned } from './aligned.ts';
import { CONFIG_OPTION, JSON_OPTION } from './check.ts';
import { type Arguments, type Command, CommandError, type CommandGroup, DONE, type Io, UsageError } from './command.ts';

const OPERATIONS: readonly Operation[] = ['write', 'read', 'admin'];

const KEY_OPTIONS = {
  data: { value: 'directory', summary: 'Data directory of the gateway, instead of the one in the configuration' },
  ...CONFIG_OPTION,
  ...JSON_OPTION,
} as const;

const add: Command = {
  summary: 'Make an API key and print it, once; a running gateway takes it within a second',
  example: 'sluice keys add connect --pipeline orders --can write',
  operands: ['id'],
  options: {
    pipeline: { value: 'name', repeated: true, summary: 'Pipeline the key is for; without it, all of them' },
    can: { value: 'operations', repeated: true, summary: 'Any of write, read, admin, with commas between; without it, write' },
    ...KEY_OPTIONS,
  },
  run: addKey,
};

const list: Command = {
  summary: 'List the keys: ids and grants, never the keys themselves',
  example: 'sluice keys list --json',
  operands: [],
  options: KEY_OPTIONS,
  run: async (args, io) => await Promise.resolve(listKeys(args, io)),
};

const revoke: Command = {
  summary: 'Remove an API key; a running gateway refuses it within a second',
  example: 'sluice keys revoke connect',
  operands: ['id'],
  options: KEY_OPTIONS,
  run: revokeKey,
};

/** `sluice keys …`: the API keys that are kept in the data directory. */
export const keys: CommandGroup = {
  summary: 'Manage the API keys in the data directory',
  example: 'sluice keys add connect --pipeline orders',
  commands: { add, list, revoke },
};

interface Target {
  readonly file: string;
  /** Absent with `--data`. */
  readonly config?: Config;
}

function targetOf(args: Arguments, io: Io): Target {
  const data = args.text('data');
  const file = args.text('config');
  if (data !== undefined && file !== undefined) throw new UsageError('Give --data or --config, not both');
  if (data !== undefined) return { file: keyFileIn(resolve(io.cwd, data)) };
  const config = loadConfig({ env: io.env, cwd: io.cwd, ...(file === undefined ? {} : { file }) });
  return { file: keyFileIn(config.data), config };
}

async function addKey(args: Arguments, io: Io): Promise<number> {
  const id = args.operands[0] ?? '';
  if (!KEY_ID.test(id))
    throw new UsageError('The <id> must be lower-case letters, digits and -, beginning with a letter or digit, at most 64 characters');
  const target = targetOf(args, io);
  const grants = grantsOf(args, target.config);
  if (isConfigured(target, id)) throw new CommandError(`The configuration has a key with the id ${id}: choose another id`);
  const { text, stored } = createKey(id, grants);
  await changeKeyFile(target.file, (all) => {
    if (all.some((key) => key.id === id))
      throw new CommandError(`There is a key with the id ${id}: choose another id, or revoke that key first`);
    return [...all, { ...stored, created: new Date().toISOString() }];
  });
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ id, key: text, hash: stored.hash, grants })}\n`);
  else {
    io.stdout.write(`${text}\n`);
    io.stderr.write(`This key may ${grantsText(grants)}. It is shown this once: only its hash is kept, in ${target.file}.\n`);
  }
  return DONE;
}

function grantsOf(args: Arguments, config: Config | undefined): readonly GrantConfig[] {
  const can = args.texts('can').flatMap((text) => text.split(','));
  const wrong = can.find((word) => !OPERATIONS.some((operation) => operation === word));
  if (wrong !== undefined) {
    const close = nearest(wrong, OPERATIONS);
    throw new UsageError(
      `Option --can takes write, read and admin, with commas between${close === undefined ? '' : `: did you mean ${close}?`}`,
    );
  }
  const chosen = OPERATIONS.filter((operation) => can.includes(operation));
  const pipelines = [...new Set(args.texts('pipeline'))];
  for (const pipeline of pipelines) checkPipeline(pipeline, config);
  return (pipelines.length === 0 ? ['*'] : pipelines).map((pipeline) => ({ pipeline, can: chosen.length === 0 ? ['write'] : chosen }));
}

/** With `--data` the pipelines are not known, and a grant for a pipeline that is not there does nothing. */
function checkPipeline(pipeline: string, config: Config | undefined): void {
  const names = config?.pipelines.map(({ name }) => name) ?? [];
  if (pipeline === '*' || config === undefined || names.includes(pipeline)) return;
  const close = nearest(pipeline, names);
  throw new CommandError(
    `The configuration has no pipeline of that name: ${close === undefined ? `it has ${names.join(', ')}` : `did you mean ${close}?`}`,
  );
}

function listKeys(args: Arguments, io: Io): number {
  const target = targetOf(args, io);
  const rows = [
    ...(target.config?.auth.keys ?? []).map(({ id, grants }) => ({ id, grants, created: null, source: 'configuration' })),
    ...readKeyFile(target.file).map(({ id, grants, created }) => ({ id, grants, created, source: 'file' })),
  ];
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) io.stderr.write('There are no keys: sluice keys add <id> makes one.\n');
  else {
    const cells = rows.map(({ id, grants, created, source }) => [id, source, created ?? '-', grantsText(grants)]);
    io.stdout.write(aligned([['ID', 'KEPT IN', 'MADE', 'MAY'], ...cells]));
  }
  return DONE;
}

async function revokeKey(args: Arguments, io: Io): Promise<number> {
  const id = args.operands[0] ?? '';
  const target = targetOf(args, io);
  let removed: FileKey | undefined;
  await changeKeyFile(target.file, (all) => {
    removed = all.find((key) => key.id === id);
    if (removed === undefined) throw unknownKey(id, target, all);
    return all.filter((key) => key !== removed);
  });
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ id, revoked: true })}\n`);
  else io.stdout.write(`Revoked ${id}.\n`);
  return DONE;
}

function unknownKey(id: string, target: Target, all: readonly FileKey[]): CommandError {
  if (isConfigured(target, id)) return new CommandError(`The key ${id} comes from the configuration: remove it there`);
  const close = nearest(
    id,
    all.map((key) => key.id),
  );
  return new CommandError(
    `There is no key with that id in ${target.file}: ${close === undefined ? 'sluice keys list shows them' : `did you mean ${close}?`}`,
  );
}

function isConfigured(target: Target, id: string): boolean {
  return target.config?.auth.keys.some((key) => key.id === id) === true;
}

/** Such as `write, read on orders; write on *`. */
function grantsText(grants: readonly GrantConfig[]): string {
  return grants.map(({ pipeline, can }) => `${can.join(', ')} on ${pipeline === '*' ? 'every pipeline' : pipeline}`).join('; ');
}
