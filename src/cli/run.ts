import { nearest } from '../ops/config/nearest.ts';
import { ConfigError } from '../ops/config/problem.ts';
import { packageVersion } from '../ops/package.ts';
import { readArguments, shown } from './arguments.ts';
import { type Command, type CommandGroup, DONE, FAILED, type Io, isGroup, UsageError, WRONG_USE } from './command.ts';
import { SLUICE } from './commands.ts';
import { helpOf } from './help.ts';

/**
 * Runs the command line `argv`, without the program's name, and resolves to the exit code: 0 done, 1 failed, 2 wrong use. Never
 * throws: what goes wrong is told on stderr, in one sentence or, for a configuration, in a line for each problem.
 */
export async function run(argv: readonly string[], io: Io, root: CommandGroup = SLUICE): Promise<number> {
  if (argv[0] === '--version' || argv[0] === 'version') {
    io.stdout.write(`${packageVersion()}\n`);
    return DONE;
  }
  const asksHelp = argv[0] === 'help';
  let path = 'sluice';
  let node: Command | CommandGroup = root;
  let rest = asksHelp ? argv.slice(1) : argv;
  try {
    while (isGroup(node) && rest[0] !== undefined && !rest[0].startsWith('-')) {
      node = childOf(node, path, rest[0]);
      path += ` ${rest[0]}`;
      rest = rest.slice(1);
    }
    if (asksHelp) return show(io, node, path);
    if (isGroup(node)) return withoutCommand(io, node, path, rest[0]);
    const args = readArguments(node, rest);
    return args === undefined ? show(io, node, path) : await node.run(args, io);
  } catch (error) {
    return told(error, path, io);
  }
}

function childOf(group: CommandGroup, path: string, name: string): Command | CommandGroup {
  const child = Object.hasOwn(group.commands, name) ? group.commands[name] : undefined;
  if (child !== undefined) return child;
  const names = Object.keys(group.commands);
  const close = nearest(name, names);
  const command = [...path.split(' ').slice(1), shown(name)].join(' ');
  throw new UsageError(`Unknown command ${command}: ${close === undefined ? `there are ${names.join(', ')}` : `did you mean ${close}?`}`);
}

function show(io: Io, node: Command | CommandGroup, path: string): number {
  io.stdout.write(helpOf(node, path));
  return DONE;
}

function withoutCommand(io: Io, group: CommandGroup, path: string, option: string | undefined): number {
  if (option === '--help' || option === '-h') return show(io, group, path);
  if (option !== undefined) throw new UsageError(`Option ${shown(option)} must come after a command`);
  io.stderr.write(helpOf(group, path));
  return WRONG_USE;
}

function told(error: unknown, path: string, io: Io): number {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) {
    io.stderr.write(`${message}${message.endsWith('?') ? '' : '.'} See ${path} --help.\n`);
    return WRONG_USE;
  }
  io.stderr.write(error instanceof ConfigError ? `${message}\n` : `${message}${/[.?!]$/.test(message) ? '' : '.'}\n`);
  return FAILED;
}
