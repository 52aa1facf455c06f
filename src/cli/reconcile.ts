import type { ReconcileAnswer, ReconcileRange, ReconcileTopic } from '../core/ports.ts';
import { aligned } from './aligned.ts';
import { JSON_OPTION } from './check.ts';
import { type Command, DONE, FAILED } from './command.ts';
import { askGateway, GATEWAY_OPTIONS } from './gateway-client.ts';

/** `sluice reconcile`: the ledger of a running gateway against the tables. */
export const reconcile: Command = {
  summary: 'Compare the ledger with the tables; the exit code is 1 when records are missing or doubled',
  example: 'sluice reconcile orders --topic orders',
  operands: ['pipeline'],
  options: { topic: { value: 'topic', summary: 'Only this topic' }, ...GATEWAY_OPTIONS, ...JSON_OPTION },
  async run(args, io) {
    const path = `/v1/pipelines/${encodeURIComponent(args.operands[0] ?? '')}/reconcile`;
    const answer = await askGateway<ReconcileAnswer>(args, io, { path, parameters: { topic: args.text('topic') } });
    io.stdout.write(args.flag('json') ? `${JSON.stringify(answer)}\n` : textOf(answer));
    return answer.ok ? DONE : FAILED;
  },
};

const HEAD = ['TOPIC', 'TABLE', 'COMPARED', 'LEDGER', 'TABLE ROWS', 'MISSING', 'DOUBLED', 'NOT IN LEDGER', 'IN DOUBT'];

function textOf({ topics, more_topics: more, ok }: ReconcileAnswer): string {
  if (topics.length === 0) return 'There is nothing to compare: the ledger has no offsets of the pipeline.\n';
  const rows = topics.map((one) => [
    one.topic,
    one.table,
    one.checked,
    one.ledger,
    one.table_rows ?? '-',
    one.missing_total,
    one.doubled_total,
    one.unknown_total,
    String(one.in_doubt),
  ]);
  const details = topics.flatMap(detailsOf);
  return [
    aligned([HEAD, ...rows]),
    ...(details.length === 0 ? [] : [`\n${details.join('\n')}\n`]),
    ...(more === undefined ? [] : [`\n${more} more topics were not compared: --topic names one.\n`]),
    `\n${verdictOf(topics, ok)}\n`,
  ].join('');
}

function verdictOf(topics: readonly ReconcileTopic[], ok: boolean): string {
  if (!ok) return 'Records are missing or doubled.';
  const compared = topics.filter(({ checked }) => checked !== 'none').length;
  if (compared === 0) return 'Nothing could be compared.';
  return compared === topics.length ? 'Nothing is missing or doubled.' : 'Nothing is missing or doubled in what could be compared.';
}

function detailsOf(one: ReconcileTopic): string[] {
  const of = one.topic === '*' ? one.table : one.topic;
  return [
    ...(one.reason === undefined ? [] : [`${of}: ${one.reason}.`]),
    ...rangesOf(`${of}: missing`, one.missing),
    ...rangesOf(`${of}: doubled`, one.doubled),
    ...rangesOf(`${of}: not in the ledger`, one.unknown_to_ledger),
  ];
}

const SHOWN_RANGES = 10;

function rangesOf(what: string, ranges: readonly ReconcileRange[]): string[] {
  const shown = ranges.slice(0, SHOWN_RANGES);
  const lines = shown.map(
    ({ partition, from, to }) => `${what}: partition ${partition}, ${from === to ? `offset ${from}` : `offsets ${from}–${to}`}`,
  );
  return ranges.length > shown.length ? [...lines, `${what}: and more, which --json lists`] : lines;
}
