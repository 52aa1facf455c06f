/**
 * `npm run bench`: the gateway beside what else could be done with the same records on the same engine. Prints a table, and writes
 * `bench-results.json` with every round.
 *
 * `--seconds n` a round, `--rounds n`, `--only A,C,growth` for some workloads, `--quick` to see only that everything starts, `--soak minutes` for memory
 * under load.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchContext, createContext } from './bench-context.ts';
import { GROWTH } from './growth.ts';
import { OVERLOAD } from './overload.ts';
import { disposable } from './processes.ts';
import { reportTable } from './report.ts';
import type { Comparison, Results } from './results.ts';
import { SCHEMAS } from './schemas.ts';
import { soak } from './soak.ts';
import { WIDE } from './wide.ts';
import { WORKLOADS } from './workloads.ts';

const QUICK = { seconds: 0.3, rounds: 1 };
const ALL = [...WORKLOADS, SCHEMAS, WIDE, OVERLOAD, ...GROWTH];

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    soak: { type: 'string' },
  },
});
const only = flags.only?.split(',').map((letter) => letter.trim());
const unknown = only?.filter((letter) => !ALL.some((workload) => workload.letter === letter)) ?? [];
if (unknown.length > 0) {
  console.error(`--only: there is no workload ${unknown.join(', ')}, but ${[...new Set(ALL.map(({ letter }) => letter))].join(', ')}`);
  process.exit(2);
}
const parameters = flags.quick ? QUICK : { seconds: Number(flags.seconds), rounds: Number(flags.rounds) };
const directory = disposable(mkdtempSync(join(tmpdir(), 'sluice-bench-')));
const contextOf = (id: string): BenchContext => createContext(join(directory, id), { ...parameters, isQuick: flags.quick });
if (flags.soak === undefined) await compareAll();
else await soak(contextOf('soak'), Number(flags.soak));
// Takes the processes and their data along.
process.exit(0);

async function compareAll(): Promise<void> {
  const comparisons: Comparison[] = [];
  const rounds: Record<string, Results['rounds'][string]> = {};
  const skipped: Record<string, string> = {};
  for (const workload of ALL) {
    const { id, letter, skip } = workload;
    if (only !== undefined && !only.includes(letter)) continue;
    if (only === undefined && skip !== undefined) {
      skipped[id] = skip;
      continue;
    }
    console.error(`${id} …`);
    const context = contextOf(id);
    const found = await workload.run(context);
    await context.close();
    comparisons.push(...found.comparisons);
    rounds[id] = found.rounds;
  }
  const results: Results = { machine: await machineOf(contextOf('machine')), parameters, comparisons, rounds, skipped };
  const text = `${JSON.stringify(results, (_key, value: unknown) => (typeof value === 'number' ? rounded(value) : value), 2)}\n`;
  writeFileSync('bench-results.json', text);
  // From what was written, so that anybody gets the same table of the file.
  console.log(reportTable(JSON.parse(text) as Results));
  for (const [id, why] of Object.entries(skipped)) console.log(`${id} is left out: it ${why}.`);
}

/** To more digits than any machine repeats. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}

async function machineOf(bench: BenchContext): Promise<Results['machine']> {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    engine: await (await bench.engine('direct')).call<string>({ kind: 'version' }),
    platform: `${process.platform} ${process.arch}`,
    cores: bench.cores,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
  };
}
