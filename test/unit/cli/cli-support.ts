import type { Io } from '../../../src/cli/command.ts';
import { run } from '../../../src/cli/run.ts';

/** What a command sees of the process, with what it wrote. */
export interface Terminal extends Io {
  readonly out: () => string;
  readonly err: () => string;
}

/** A process that nobody stops. */
export function terminal(options: { cwd?: string; env?: Record<string, string> } = {}): Terminal {
  const written = { out: '', err: '' };
  return {
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    isTTY: false,
    onStop: () => undefined,
    out: () => written.out,
    err: () => written.err,
  };
}

/** Runs one command line of sluice. */
export async function sluice(
  argv: readonly string[],
  options: Parameters<typeof terminal>[0] = {},
): Promise<{ code: number; out: string; err: string }> {
  const io = terminal(options);
  return { code: await run(argv, io), out: io.out(), err: io.err() };
}
