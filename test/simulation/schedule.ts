/** One schedule: senders, a gateway, a server and a disk, faults by the chance of one seed, and then a count of every record. */
import type { Batch, Delivery } from '../../src/core/batch.ts';
import type { PipelineConfig } from '../../src/core/config.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { RowSet } from '../../src/core/insert.ts';
import { endOf, startOf } from '../../src/core/json-tape.ts';
import { LedgerError } from '../../src/core/ledger.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { TableSchema } from '../../src/core/table.ts';
import { createJsonDecoder, LIMITS } from '../support/deliveries.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { createModelClickHouse, type Faults, type ModelClickHouse, NO_FAULTS } from './model-clickhouse.ts';
import { createModelDisk } from './model-disk.ts';
import { type SimulatedProcess, startProcess, type World } from './process.ts';
import { createRandom, type Random } from './random.ts';
import { createVirtualTime } from './virtual-time.ts';

/** What a schedule came to. Empty lists are what has to be. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly wrong: readonly string[];
  /** Acknowledged and at that moment not in the table exactly once. */
  readonly falselyAcknowledged: readonly string[];
  readonly crashes: number;
  readonly requests: number;
}

const TABLE: TableSchema = {
  name: { database: 'shop', table: 'orders' },
  engine: 'MergeTree',
  columns: [],
  hasProvenance: true,
  lacks: [],
  fingerprint: 'f',
};
const START = 1_700_000_000_000;
/** Faults end after this time, and everything has to come right. */
const TROUBLE_MS = 20_000;

interface Record_ {
  readonly id: string;
  readonly value: string;
  readonly text: string;
}

/** A sender that repeats what it is not told to be stored, from where it likes and in batches as it likes. */
interface Sender {
  readonly pipeline: PipelineConfig;
  readonly records: readonly Record_[];
  /** Its requests are always the same one, with this key. */
  readonly key: string | undefined;
}

const map = ({ records }: Batch): RowSet => {
  const body = records[0]?.value.tape.bytes ?? Buffer.alloc(0);
  const spans = Int32Array.from(records.flatMap(({ value: { tape, node } }) => [0, startOf(tape, node), endOf(tape, node)]));
  return {
    table: TABLE,
    columns: ['id', 'value'],
    rows: { sources: [body], spans },
    ordinals: Int32Array.from(records, ({ ordinal }) => ordinal),
    rejections: [],
  };
};

/** Runs the schedule of a seed. */
export async function runSchedule(seed: number): Promise<Verdict> {
  const random = createRandom(seed);
  const time = createVirtualTime(START);
  let serial = 0;
  const decode = createJsonDecoder(LIMITS);
  const clickhouse = createModelClickHouse(time, random);
  const world: World = {
    time,
    random,
    clickhouse,
    disk: createModelDisk(time, random),
    newId: () => `0198c5a0-0000-7000-8000-${(++serial).toString(16).padStart(12, '0')}`,
    decode: async (delivery) => await decode(delivery, { kind: 'auto', prefix: '', suffix: '' }),
    map,
  };
  clickhouse.faults = faultsOf(random);
  const senders = sendersOf(random);
  const state = { crashes: 0, requests: 0, unfinished: senders.length, falselyAcknowledged: [] as string[] };
  let gateway: SimulatedProcess | undefined;

  const failures: unknown[] = [];
  const start = (): void => {
    const begin = async (): Promise<void> => {
      gateway = await startProcess(world);
    };
    begin().catch((error: unknown) => {
      // A full disk is a reason not to start, and to be started again.
      if (error instanceof LedgerError && error.kind === 'full') time.after(100, start);
      else failures.push(error);
    });
  };
  const crash = (): void => {
    gateway?.kill();
    gateway = undefined;
    world.disk.cut();
    state.crashes += 1;
    time.after(random.between(1, 500), start);
  };
  const mostCrashes = random.below(5);
  for (let i = 0; i < mostCrashes; i++) time.after(random.below(TROUBLE_MS / 4), () => gateway !== undefined && crash());
  if (random.chance(0.2)) {
    const from = random.below(3000);
    time.after(from, () => (world.disk.isFull = true));
    time.after(from + random.below(2000), () => (world.disk.isFull = false));
  }
  time.after(TROUBLE_MS, () => {
    clickhouse.faults = NO_FAULTS;
    world.disk.isFull = false;
  });

  const post = async (delivery: Delivery, pipeline: PipelineConfig): Promise<Outcome | 'later'> => {
    state.requests += 1;
    const to = gateway;
    if (to === undefined) return 'later';
    return await new Promise((resolve) => {
      // A sender whose gateway died, or that waits too long, knows nothing.
      const patience = random.chance(0.2) ? random.between(5, 300) : 3000;
      time.after(patience, () => resolve('later'));
      to.ingest(delivery, pipeline).then(resolve, (error: unknown) => {
        if (!(error instanceof GatewayError)) failures.push(error);
        resolve('later');
      });
    });
  };

  const run = async (sender: Sender): Promise<void> => {
    const { records } = sender;
    const acknowledged = new Set<number>();
    const refused = new Set<number>();
    const settled = (i: number): boolean => acknowledged.has(i) || refused.has(i);
    let at = 0;
    while (!records.every((_, i) => settled(i))) {
      if (sender.key !== undefined) at = 0;
      else if (at >= records.length || random.chance(0.1)) at = random.below(records.length);
      const to = sender.key === undefined ? Math.min(records.length, at + random.between(1, 8)) : records.length;
      const sent = Array.from({ length: to - at }, (_, i) => at + i).filter((i) => !refused.has(i));
      const outcome = await post(
        deliveryOf(
          sent.map((i) => records[i]!),
          sender,
          time.now(),
        ),
        sender.pipeline,
      );
      if (outcome === 'later') {
        await time.timersFor(() => true).sleep(random.between(1, 200));
        continue;
      }
      if (outcome.kind === 'refused') {
        for (const { ordinal } of outcome.rejections) refused.add(sent[ordinal]!);
        continue;
      }
      for (const i of sent) {
        acknowledged.add(i);
        const copies = clickhouse.rows.filter(({ id }) => id === records[i]!.id).length;
        if (copies !== 1) state.falselyAcknowledged.push(`${records[i]!.id} ${copies} times`);
      }
      at = to;
    }
    state.unfinished -= 1;
  };

  start();
  const work = Promise.all(senders.map(run)).catch((error: unknown) => failures.push(error));
  await time.run(() => failures.length > 0 || (state.unfinished === 0 && time.now() > START + TROUBLE_MS));
  if (failures.length > 0) throw failures[0];
  if (state.unfinished > 0) throw new Error(`${state.unfinished} senders never came to an end`);
  await work;
  return { ...count(senders, clickhouse), ...state };
}

function deliveryOf(records: readonly Record_[], { key, pipeline }: Sender, now: number): Delivery {
  const body = Buffer.from(`[${records.map(({ text }) => text).join(',')}]`);
  const delivery = { id: 'd', pipeline: pipeline.name, topic: 'orders', principal: 'p', body, receivedAt: now };
  return key === undefined ? delivery : { ...delivery, key };
}

function count(senders: readonly Sender[], { rows }: ModelClickHouse): Pick<Verdict, 'lost' | 'duplicated' | 'wrong'> {
  const copies = new Map<string, string[]>();
  for (const { id, value } of rows) copies.set(id, [...(copies.get(id) ?? []), value]);
  const all = new Map(senders.flatMap(({ records }) => records.map(({ id, value }) => [id, value] as const)));
  const good = [...all].filter(([, value]) => value !== 'poison');
  return {
    lost: good.filter(([id]) => !copies.has(id)).map(([id]) => id),
    duplicated: [...copies].filter(([, values]) => values.length > 1).map(([id]) => id),
    wrong: [...copies].filter(([id, values]) => values.some((value) => value !== all.get(id) || value === 'poison')).map(([id]) => id),
  };
}

function faultsOf(random: Random): Faults {
  const level = random.pick([0, 0.05, 0.2, 0.5]);
  const faults = { ...NO_FAULTS };
  for (const name of Object.keys(faults) as Array<keyof Faults>) if (random.chance(0.5)) faults[name] = level * (random.below(100) / 100);
  return faults;
}

/** Partitions, some of them read by two senders at once, and senders whose requests have keys. */
function sendersOf(random: Random): Sender[] {
  const senders: Sender[] = [];
  const poison = random.chance(0.3) ? 0.05 : 0;
  const byCoordinates = pipelineOf('orders');
  for (let partition = 0; partition < random.between(1, 3); partition++) {
    let offset = random.below(50);
    const records = Array.from({ length: random.between(3, 25) }, (_, i): Record_ => {
      offset += random.chance(0.1) ? random.between(2, 5) : 1;
      const id = `p${partition}/${offset}`;
      const value = random.chance(poison) ? 'poison' : `value ${i}`;
      return { id, value, text: JSON.stringify({ id, value, __partition: partition, __offset: offset }) };
    });
    for (let copy = 0; copy < random.between(1, 2); copy++) senders.push({ pipeline: byCoordinates, records, key: undefined });
  }
  if (random.chance(0.4)) {
    const byKey = pipelineOf('keyed', { identity: { kind: 'key' } });
    for (let i = 0; i < random.between(1, 4); i++) {
      const records = Array.from(
        { length: random.between(1, 6) },
        (_, n): Record_ => ({ id: `k${i}/${n}`, value: `${n}`, text: JSON.stringify({ id: `k${i}/${n}`, value: `${n}` }) }),
      );
      senders.push({ pipeline: byKey, records, key: `key-${i}` });
    }
  }
  return senders;
}
