import type { Config } from '../core/config.ts';
import { configFile, loadConfig } from '../ops/config/load.ts';
import { ConfigError } from '../ops/config/problem.ts';
import { redactedConfig, redactedYaml } from '../ops/config/redact.ts';
import { type Arguments, type Command, DONE, FAILED, type Io, UsageError } from './command.ts';
import { isAsWanted, tablesReport } from './tables-report.ts';

/** Options of every command that reads the configuration. */
export const CONFIG_OPTION = { config: { value: 'file', summary: 'Configuration file, instead of SLUICE_CONFIG' } } as const;
export const JSON_OPTION = { json: { summary: 'Answer in JSON' } } as const;

/** `sluice check`: is the configuration valid, what does it come to, and do the tables fit. */
export const check: Command = {
  summary: 'Validate the configuration and print it with every default, secrets hidden',
  example: 'sluice check --config sluice.yaml',
  operands: [],
  options: {
    tables: { summary: 'Look at the tables in ClickHouse instead, and say what each lets its pipeline promise' },
    apply: { summary: 'With --tables: run the statements that make tables fit for exactly once' },
    ...CONFIG_OPTION,
    ...JSON_OPTION,
  },
  run: checkConfig,
};

async function checkConfig(args: Arguments, io: Io): Promise<number> {
  const file = args.text('config');
  const json = args.flag('json');
  const tables = args.flag('tables');
  if (args.flag('apply') && !tables) throw new UsageError('Option --apply changes tables: give --tables too');
  const source = { env: io.env, cwd: io.cwd, ...(file === undefined ? {} : { file }) };
  const path = configFile(source);
  try {
    const config = loadConfig(source);
    if (tables) return await checkTablesOf(config, { path, json, apply: args.flag('apply') }, io);
    if (json) {
      io.stdout.write(`${JSON.stringify({ valid: true, file: path ?? null, config: redactedConfig(config) })}\n`);
      return DONE;
    }
    io.stdout.write(redactedYaml(config));
    io.stderr.write(verdict(path));
    return DONE;
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error;
    io.stdout.write(`${JSON.stringify({ valid: false, file: path ?? null, problems: error.problems })}\n`);
    return FAILED;
  }
}

function verdict(path: string | undefined): string {
  return path === undefined ? 'There is no configuration file: these are the defaults.\n' : `${path} is valid.\n`;
}

async function checkTablesOf(
  config: Config,
  { path, json, apply }: { readonly path: string | undefined; readonly json: boolean; readonly apply: boolean },
  io: Io,
): Promise<number> {
  // Only here, so that the other commands need no engine and no server.
  const { checkTables } = await import('../check-tables.ts');
  const checks = await checkTables(config, { apply });
  const code = checks.every((one) => isAsWanted(one, config)) ? DONE : FAILED;
  if (json) {
    io.stdout.write(`${JSON.stringify({ valid: true, file: path ?? null, config: redactedConfig(config), tables: checks })}\n`);
    return code;
  }
  io.stdout.write(tablesReport(checks));
  io.stderr.write(verdict(path));
  return code;
}
