import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Command, CommandError, type CommandGroup, DONE, isGroup } from '../../../src/cli/command.ts';
import { SLUICE } from '../../../src/cli/commands.ts';
import { run } from '../../../src/cli/run.ts';
import { sluice, terminal } from './cli-support.ts';

/** A table with a command that answers what it was given. */
const TABLE: CommandGroup = {
  summary: 'Things to test with',
  example: 'sluice echo --word x one',
  commands: {
    echo: {
      summary: 'Print the arguments',
      example: 'sluice echo --word x one',
      operands: ['thing'],
      options: {
        word: { value: 'text', summary: 'A word' },
        item: { value: 'text', repeated: true, summary: 'Items' },
        loud: { summary: 'In capitals' },
      },
      run: async (args, io) => {
        io.stdout.write(JSON.stringify([args.operands, args.text('word') ?? null, args.texts('item'), args.flag('loud')]));
        return await Promise.resolve(DONE);
      },
    },
    fail: failing(new CommandError('It did not work: try again')),
    bug: failing(new TypeError('x is not a function')),
    odd: failing('just text'),
  },
};

function failing(reason: unknown): Command {
  return {
    summary: 'Fail',
    example: 'sluice fail',
    operands: [],
    options: {},
    run: async () => await Promise.reject(reason),
  };
}

async function runTable(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = terminal();
  return { code: await run(argv, io, TABLE), out: io.out(), err: io.err() };
}

test('options and operands in any order', async () => {
  const cases: ReadonlyArray<readonly [argv: string[], out: unknown]> = [
    [['one'], [['one'], null, [], false]],
    [
      ['--word', 'x', 'one', '--loud'],
      [['one'], 'x', [], true],
    ],
    [
      ['--word=--x', 'one'],
      [['one'], '--x', [], false],
    ],
    [
      ['one', '--item', 'a', '--item=b'],
      [['one'], null, ['a', 'b'], false],
    ],
    [
      ['--', '--one'],
      [['--one'], null, [], false],
    ],
    [
      ['--word', 'x', '--', '--help'],
      [['--help'], 'x', [], false],
    ],
  ];
  for (const [argv, out] of cases) assert.deepEqual(await runTable('echo', ...argv), { code: 0, out: JSON.stringify(out), err: '' });
});

test('wrong use is one sentence on stderr and code 2', async () => {
  const cases: ReadonlyArray<readonly [argv: string[], err: string]> = [
    [['ecko'], 'Unknown command ecko: did you mean echo? See sluice --help.'],
    [['serve-all'], 'Unknown command serve-all: there are echo, fail, bug, odd. See sluice --help.'],
    [['constructor'], 'Unknown command constructor: there are echo, fail, bug, odd. See sluice --help.'],
    [['a\nb'], 'Unknown command "a\\nb": there are echo, fail, bug, odd. See sluice --help.'],
    [['--word', 'x'], 'Option --word must come after a command. See sluice --help.'],
    [['echo'], 'The <thing> is missing. See sluice echo --help.'],
    [['echo', 'a', 'b'], 'There is one argument too many: b. See sluice echo --help.'],
    [['echo', 'a', '--wrd', 'x'], 'Unknown option --wrd: did you mean --word? See sluice echo --help.'],
    [['echo', 'a', '--zzz'], 'Unknown option --zzz. See sluice echo --help.'],
    [['echo', 'a', '-w'], 'Unknown option -w. See sluice echo --help.'],
    [['echo', 'a', '--constructor'], 'Unknown option --constructor. See sluice echo --help.'],
    [['echo', 'a', '--word'], 'Option --word needs a value: --word <text>. See sluice echo --help.'],
    [['echo', 'a', '--word='], 'Option --word needs a value: --word <text>. See sluice echo --help.'],
    [['echo', 'a', '--word', '--loud'], 'Option --word needs a value: --word <text>. See sluice echo --help.'],
    [['echo', 'a', '--word', 'x', '--word', 'y'], 'Option --word may be given once only. See sluice echo --help.'],
    [['echo', 'a', '--loud=yes'], 'Option --loud takes no value. See sluice echo --help.'],
  ];
  for (const [argv, err] of cases) assert.deepEqual(await runTable(...argv), { code: 2, out: '', err: `${err}\n` });
});

test('a failure is one sentence on stderr and code 1', async () => {
  assert.deepEqual(await runTable('fail'), { code: 1, out: '', err: 'It did not work: try again.\n' });
  assert.deepEqual(await runTable('bug'), { code: 1, out: '', err: 'x is not a function.\n' });
  assert.deepEqual(await runTable('odd'), { code: 1, out: '', err: 'just text.\n' });
});

const ECHO_HELP = `Print the arguments.

Usage: sluice echo <thing> [options]

Options:
  --word <text>    A word
  --item <text> …  Items
  --loud           In capitals
  --help           Show this text

Example: sluice echo --word x one
`;

const TABLE_HELP = `Things to test with.

Usage: sluice <command> [options]

Commands:
  echo  Print the arguments
  fail  Fail
  bug   Fail
  odd   Fail

Example: sluice echo --word x one
Help on one command: sluice <command> --help
`;

test('help of a command, however it is asked for', async () => {
  for (const argv of [
    ['echo', '--help'],
    ['echo', '-h'],
    ['echo', 'a', 'b', '--wrong', '--help'],
    ['help', 'echo'],
  ])
    assert.deepEqual(await runTable(...argv), { code: 0, out: ECHO_HELP, err: '' });
});

test('help of a group: on stdout when asked for, on stderr with code 2 when the command is missing', async () => {
  for (const argv of [['--help'], ['-h'], ['help']]) assert.deepEqual(await runTable(...argv), { code: 0, out: TABLE_HELP, err: '' });
  assert.deepEqual(await runTable(), { code: 2, out: '', err: TABLE_HELP });
});

test('every command of sluice has help with an example that is a command line of its own', async () => {
  const visit = async (node: Command | CommandGroup, path: string[]): Promise<void> => {
    const io = terminal();
    assert.equal(await run([...path, '--help'], io), 0);
    assert.ok(io.out().includes(`\nUsage: ${['sluice', ...path].join(' ')} `), io.out());
    assert.ok(io.out().includes(`\nExample: ${node.example}\n`), io.out());
    assert.ok(node.example.startsWith(['sluice', ...path].join(' ')), node.example);
    assert.doesNotMatch(node.summary, /\.$/);
    if (isGroup(node)) for (const [name, child] of Object.entries(node.commands)) await visit(child, [...path, name]);
  };
  await visit(SLUICE, []);
});

test('groups below groups say where they are', async () => {
  const io = terminal();
  assert.equal(await run(['keys', 'ad', 'x'], io), 2);
  assert.equal(io.err(), 'Unknown command keys ad: did you mean add? See sluice keys --help.\n');
});

test('the version is the one of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as { version: string };
  for (const argument of ['--version', 'version']) assert.deepEqual(await sluice([argument]), { code: 0, out: `${version}\n`, err: '' });
});
