import { parseArgs } from 'node:util';
import { nearest } from '../ops/config/nearest.ts';
import { type Arguments, type Command, UsageError } from './command.ts';

/**
 * Reads the arguments of a command. Undefined when they ask for its help.
 * @throws UsageError for an unknown option, an option without its value or with one it does not take, or operands too few or many.
 */
export function readArguments(command: Command, argv: readonly string[]): Arguments | undefined {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: true } as const,
    ]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const values = given.get(token.name) ?? [];
    given.set(token.name, [...values, checkedValue(command, token, values)]);
  }
  checkOperands(command, operands);
  return {
    operands,
    flag: (option) => given.has(option),
    text: (option) => given.get(option)?.at(-1),
    texts: (option) => given.get(option) ?? [],
  };
}

/** An argument as it may stand in a message. */
export function shown(argument: string): string {
  return /^[\w.:/=@+-]{1,64}$/.test(argument) ? argument : JSON.stringify(argument.slice(0, 64));
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkedValue(command: Command, { name, rawName, value, inlineValue }: OptionToken, before: readonly string[]): string {
  const option = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (option === undefined || !rawName.startsWith('--')) {
    const close = nearest(name, Object.keys(command.options));
    throw new UsageError(`Unknown option ${shown(rawName)}${close === undefined ? '' : `: did you mean --${close}?`}`);
  }
  if (before.length > 0 && option.repeated !== true) throw new UsageError(`Option --${name} may be given once only`);
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`Option --${name} takes no value`);
    return '';
  }
  // `--data --json` is more likely a forgotten value than a directory of that name, which can be written --data=--json.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('-')))
    throw new UsageError(`Option --${name} needs a value: --${name} <${option.value}>`);
  return value;
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands[operands.length];
  if (missing !== undefined) throw new UsageError(`The <${missing}> is missing`);
  const extra = operands[command.operands.length];
  if (extra !== undefined) throw new UsageError(`There is one argument too many: ${shown(extra)}`);
}
