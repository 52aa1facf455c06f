import type { DeliveryAnswer, LedgerAnswer, LedgerStream, RecordAnswer } from '../core/ports.ts';
import { aligned } from './aligned.ts';
import { JSON_OPTION } from './check.ts';
import { type Command, DONE } from './command.ts';
import { askGateway, GATEWAY_OPTIONS } from './gateway-client.ts';

/** `sluice ledger`: what a running gateway remembers of what it wrote. */
export const ledger: Command = {
  summary: 'Show what was written: offsets, gaps and batches in doubt, or whether one record would be a duplicate',
  example: 'sluice ledger orders --topic orders --partition 0 --offset 17',
  operands: ['pipeline'],
  options: {
    topic: { value: 'topic', summary: 'Only this topic' },
    partition: { value: 'number', summary: 'Only this partition' },
    offset: { value: 'number', summary: 'Would this offset be a duplicate, and where did it go' },
    key: { value: 'key', summary: 'Would a request with this Idempotency-Key or webhook-id be a duplicate' },
    principal: { value: 'id', summary: 'With --key: whose key it is, by the id of its API key; without it, yours' },
    ...GATEWAY_OPTIONS,
    ...JSON_OPTION,
  },
  async run(args, io) {
    const names = ['topic', 'partition', 'offset', 'key', 'principal'];
    const parameters = Object.fromEntries(names.map((name) => [name, args.text(name)]));
    const path = `/v1/pipelines/${encodeURIComponent(args.operands[0] ?? '')}/ledger`;
    const answer = await askGateway<LedgerAnswer | RecordAnswer | DeliveryAnswer>(args, io, { path, parameters });
    if (args.flag('json')) io.stdout.write(`${JSON.stringify(answer)}\n`);
    else io.stdout.write('duplicate' in answer ? verdictText(answer) : ledgerText(answer));
    return DONE;
  },
};

function verdictText(answer: RecordAnswer | DeliveryAnswer): string {
  const lines = [answer.duplicate ? 'It was written before: sent again, it is a duplicate.' : 'It was not written yet.'];
  if (answer.in_doubt) lines.push('A batch with it has been begun, and what became of that is not known yet.');
  if (answer.landed !== undefined) {
    const where = 'table' in answer.landed ? `, row ${answer.landed.row} of it, in ${answer.landed.table}` : '';
    lines.push(`It came with batch ${answer.landed.batch} of ${answer.landed.at}${where}.`);
  }
  if ('landed_unknown' in answer) lines.push(`Where it went is not known: ${answer.landed_unknown}.`);
  if ('expires_at' in answer) lines.push(`Remembered until ${answer.expires_at}.`);
  return `${lines.join('\n')}\n`;
}

function ledgerText(answer: LedgerAnswer): string {
  const { pipeline, identity, source, epoch, guarantee, streams, other_epochs: others, in_doubt: batches } = answer;
  const parts = [`${pipeline}: ${guarantee}, identity ${identity}, source ${source}, epoch ${epoch}\n`];
  if (streams.length === 0) parts.push('The ledger has no offsets of it.\n');
  else {
    const rows = streams.map((one) => [one.topic, String(one.partition), one.records, doneText(one), String(one.gap_count), one.next]);
    parts.push(aligned([['TOPIC', 'PARTITION', 'RECORDS', 'OFFSETS', 'GAPS', 'NEXT'], ...rows]));
  }
  if (others.length > 0) {
    const rows = others.map((one) => [one.source, String(one.epoch), one.topic, String(one.partition), one.records]);
    parts.push(`Under other sources and epochs:\n${aligned([['SOURCE', 'EPOCH', 'TOPIC', 'PARTITION', 'RECORDS'], ...rows])}`);
  }
  if (answer.more_streams !== undefined) parts.push(`${answer.more_streams} more partitions: --topic finds them.\n`);
  if (batches.length > 0) {
    const rows = batches.map((one) => [one.batch, one.table, String(one.rows), one.begun_at]);
    parts.push(`In doubt, or being written:\n${aligned([['BATCH', 'TABLE', 'ROWS', 'BEGUN'], ...rows])}`);
  }
  if (answer.more_in_doubt !== undefined) parts.push(`${answer.more_in_doubt} more batches in doubt.\n`);
  return parts.join('\n');
}

const SHOWN_INTERVALS = 3;

/** The last intervals: what was written most lately is at the end. */
function doneText({ done, intervals }: LedgerStream): string {
  const last = done.slice(-SHOWN_INTERVALS).map(([from, to]) => (from === to ? from : `${from}–${to}`));
  return [...(intervals > last.length ? [`${intervals - last.length} more`] : []), ...last].join(', ');
}
