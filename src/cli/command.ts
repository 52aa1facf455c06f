/** What a command may use of the process it runs in. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly cwd: string;
  /** Whether a person watches stdout. */
  readonly isTTY: boolean | undefined;
  /** Calls back when the process is asked to end, with the signal's name. */
  readonly onStop: (stop: (signal: string) => void) => void;
}

export interface Output {
  readonly write: (text: string) => unknown;
}

/** An option of a command, written `--name value`, or `--name` alone when it has no `value`. */
export interface Option {
  readonly summary: string;
  /** Names the value in the help. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeated?: true;
}

/** What was written after the name of a command. */
export interface Arguments {
  /** As many as the command has operands. */
  readonly operands: readonly string[];
  /** True when an option without a value was given. */
  readonly flag: (option: string) => boolean;
  /** The value of an option; the last one if it was given more than once. */
  readonly text: (option: string) => string | undefined;
  /** All values of an option. */
  readonly texts: (option: string) => readonly string[];
}

export interface Command {
  /** One sentence without a full stop. */
  readonly summary: string;
  /** A whole command line. */
  readonly example: string;
  /** Names of the operands, all of them required. */
  readonly operands: readonly string[];
  /** `--help` is always there. */
  readonly options: Readonly<Record<string, Option>>;
  /** Resolves to the exit code: {@link DONE} or {@link FAILED}. What it throws is printed as its message. */
  readonly run: (args: Arguments, io: Io) => Promise<number>;
}

/** Commands under a common name. */
export interface CommandGroup {
  readonly summary: string;
  readonly example: string;
  readonly commands: CommandTable;
}

export type CommandTable = Readonly<Record<string, Command | CommandGroup>>;

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;

/** The command line itself is wrong. The message is one sentence that says what to write. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A command could not do its work. The message is one sentence that says what to do. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/** Whether a node of the table has commands below it. */
export function isGroup(node: Command | CommandGroup): node is CommandGroup {
  return 'commands' in node;
}
