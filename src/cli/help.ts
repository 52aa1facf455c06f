import { type Command, type CommandGroup, isGroup, type Option } from './command.ts';

const HELP: Option = { summary: 'Show this text' };

/** The help of a command or group. `path` is how it is called, such as `sluice keys add`. */
export function helpOf(node: Command | CommandGroup, path: string): string {
  return isGroup(node) ? groupHelp(node, path) : commandHelp(node, path);
}

function groupHelp(group: CommandGroup, path: string): string {
  const commands = Object.entries(group.commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    `${group.summary}.`,
    '',
    `Usage: ${path} <command> [options]`,
    '',
    'Commands:',
    ...columns(commands),
    '',
    `Example: ${group.example}`,
    `Help on one command: ${path} <command> --help`,
    '',
  ].join('\n');
}

function commandHelp(command: Command, path: string): string {
  const operands = command.operands.map((operand) => ` <${operand}>`).join('');
  const options = Object.entries({ ...command.options, help: HELP }).map(
    ([name, option]) => [optionText(name, option), option.summary] as const,
  );
  return [
    `${command.summary}.`,
    '',
    `Usage: ${path}${operands} [options]`,
    '',
    'Options:',
    ...columns(options),
    '',
    `Example: ${command.example}`,
    '',
  ].join('\n');
}

function optionText(name: string, { value, repeated }: Option): string {
  return `--${name}${value === undefined ? '' : ` <${value}>`}${repeated === true ? ' …' : ''}`;
}

function columns(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
