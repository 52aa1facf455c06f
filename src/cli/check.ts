import { configFile, loadConfig } from '../ops/config/load.ts';
import { ConfigError } from '../ops/config/problem.ts';
import { redactedConfig, redactedYaml } from '../ops/config/redact.ts';
import { type Command, DONE, FAILED, type Io } from './command.ts';

/** Options of every command that reads the configuration. */
export const CONFIG_OPTION = { config: { value: 'file', summary: 'Configuration file, instead of SLUICE_CONFIG' } } as const;
export const JSON_OPTION = { json: { summary: 'Answer in JSON' } } as const;

/** `sluice check`: is the configuration valid, and what does it come to. */
export const check: Command = {
  summary: 'Validate the configuration and print it with every default, secrets hidden',
  example: 'sluice check --config sluice.yaml',
  operands: [],
  options: { ...CONFIG_OPTION, ...JSON_OPTION },
  run: async (args, io) => await Promise.resolve(checkConfig(args.text('config'), args.flag('json'), io)),
};

function checkConfig(file: string | undefined, json: boolean, io: Io): number {
  const source = { env: io.env, cwd: io.cwd, ...(file === undefined ? {} : { file }) };
  const path = configFile(source);
  try {
    const config = loadConfig(source);
    if (json) {
      io.stdout.write(`${JSON.stringify({ valid: true, file: path ?? null, config: redactedConfig(config) })}\n`);
      return DONE;
    }
    io.stdout.write(redactedYaml(config));
    io.stderr.write(path === undefined ? 'There is no configuration file: these are the defaults.\n' : `${path} is valid.\n`);
    return DONE;
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error;
    io.stdout.write(`${JSON.stringify({ valid: false, file: path ?? null, problems: error.problems })}\n`);
    return FAILED;
  }
}
