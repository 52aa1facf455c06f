import { setTimeout as wait } from 'node:timers/promises';
import { firstStartKey } from '../auth/first-start.ts';
import { keyFileIn } from '../auth/key-file.ts';
import { openKeyStore } from '../auth/key-store.ts';
import type { Config } from '../core/config.ts';
import { loadConfig } from '../ops/config/load.ts';
import { redactedConfig } from '../ops/config/redact.ts';
import { createEvents } from '../ops/events.ts';
import { createLog } from '../ops/log.ts';
import { packageVersion, readOpenApi } from '../ops/package.ts';
import { CONFIG_OPTION } from './check.ts';
import { type Command, DONE, FAILED } from './command.ts';

/** Requests in flight get this long at the end. What they were writing is finished or, without an answer, sent again. */
const DRAIN_MS = 30_000;

/** `sluice serve`: the gateway, until the process is asked to end. */
export const serve: Command = {
  summary: 'Run the gateway',
  example: 'sluice serve --config sluice.yaml',
  operands: [],
  options: { ...CONFIG_OPTION },
  async run(args, io) {
    const file = args.text('config');
    const config = loadConfig({ env: io.env, cwd: io.cwd, ...(file === undefined ? {} : { file }) });
    const events = createEvents(createLog(config.log, io.stdout));
    const stopped = new Promise<string>((resolve) => {
      io.onStop(resolve);
    });
    const keys = openKeyStore({
      file: keyFileIn(config.data),
      configured: config.auth.keys,
      onReload: (count) => events.keysReloaded(count),
      onProblem: (error) => events.keysUnreadable(error.message),
    });
    // Only here, so that the other commands need no engine and no server.
    const { createGateway } = await import('../gateway.ts');
    const gateway = await createGateway(config, { keys, events, openapi: readOpenApi() });
    const url = await gateway.listen();
    const firstKey = await firstStartKey(keys);
    events.started({ url, version: packageVersion(), configuration: redactedConfig(config) });
    if (firstKey !== undefined) io.stderr.write(welcome(url, firstKey, config));
    const { ready, reasons } = await gateway.ready();
    if (!ready) events.notReady(reasons);

    events.stopping(await stopped);
    const inTime = await Promise.race([gateway.close().then(() => true), wait(DRAIN_MS, false, { ref: false })]);
    keys.close();
    events.stopped(inTime);
    return inTime ? DONE : FAILED;
  },
};

/** The lines to try it are for a gateway without a configuration: on a table of the user's a sample record would do harm. */
function welcome(url: string, key: string, { clickhouse, pipelines }: Config): string {
  const isFree =
    clickhouse.embedded && pipelines.some(({ table, topics }) => table === '${topic}' && topics.some((topic) => typeof topic !== 'string'));
  const trial = [
    'Send a record, then look at it:',
    '',
    `  curl -H 'X-API-KEY: ${key}' -d '{"id": 1, "name": "first"}' ${url}/v1/topics/orders`,
    `  curl -H 'X-API-KEY: ${key}' -d 'SELECT * FROM orders' ${url}/v1/query`,
    '',
  ];
  return [
    '',
    `Sluice listens on ${url}`,
    '',
    'This is the first start, so it made an API key. It is shown only now:',
    '',
    `  ${key}`,
    '',
    ...(isFree ? trial : []),
    '',
  ].join('\n');
}
