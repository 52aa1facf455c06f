import { check } from './check.ts';
import type { CommandGroup } from './command.ts';
import { explain } from './explain.ts';
import { keys } from './keys.ts';
import { ledger } from './ledger.ts';
import { reconcile } from './reconcile.ts';
import { serve } from './serve.ts';

/** Every command of `sluice`, in the order of the help. */
export const SLUICE: CommandGroup = {
  summary: 'Sluice writes Kafka records that arrive over HTTP into ClickHouse',
  example: 'sluice check --config sluice.yaml',
  commands: { serve, check, keys, explain, ledger, reconcile },
};
