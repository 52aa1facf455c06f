/**
 * The gateway as `sluice serve` puts it together, in a process that can be told to kill itself: `FAIL_AT=inserted:3` sends SIGKILL when the third batch
 * has come so far; `CLOCK_SHIFT_MS` sets its clock. The product itself has no such switch.
 */
import { openKeyStore } from '../../src/auth/key-store.ts';
import { createGateway } from '../../src/gateway.ts';
import type { CommitStep } from '../../src/insert/attempt.ts';
import { loadConfig } from '../../src/ops/config/load.ts';
import { createEvents } from '../../src/ops/events.ts';
import { createLog } from '../../src/ops/log.ts';
import { readOpenApi } from '../../src/ops/package.ts';

const shift = Number(process.env['CLOCK_SHIFT_MS'] ?? 0);
if (shift !== 0) {
  const real = Date.now;
  Date.now = () => real() + shift;
}

const [failAt, countText = '1'] = (process.env['FAIL_AT'] ?? '').split(':');
let left = Number(countText);

function onStep(step: CommitStep): void {
  if (step !== failAt) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const config = loadConfig({ env: process.env, cwd: process.cwd() });
const events = createEvents(createLog(config.log, process.stdout));
const keys = openKeyStore({
  file: `${config.data}/keys.json`,
  configured: config.auth.keys,
  onReload: () => undefined,
  onProblem: () => undefined,
});
const gateway = await createGateway(config, { keys, events, openapi: readOpenApi(), onStep });
process.stdout.write(`${await gateway.listen()}\n`);
process.on('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0));
});
