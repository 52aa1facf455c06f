import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ExplainedField, Explanation } from '../core/ports.ts';
import { aligned } from './aligned.ts';
import { JSON_OPTION } from './check.ts';
import { type Arguments, type Command, CommandError, DONE, FAILED, type Io, UsageError } from './command.ts';
import { askGateway, GATEWAY_OPTIONS } from './gateway-client.ts';

/** `sluice explain`: what would become of records, without writing them. */
export const explain: Command = {
  summary: 'Tell what would become of the records of a file, without writing them; the exit code is 1 when they would be refused',
  example: 'sluice explain --topic orders records.json',
  operands: ['file'],
  options: {
    topic: { value: 'topic', summary: 'The topic of the records' },
    pipeline: { value: 'name', summary: 'The pipeline, instead of a topic that leads to it' },
    'schema-id': { value: 'number', summary: 'The schema of the records in the registry' },
    subject: { value: 'subject', summary: 'The subject with their schema' },
    'content-type': { value: 'type', summary: 'As the sender would say it, such as avro/binary for one value without magic byte' },
    ...GATEWAY_OPTIONS,
    ...JSON_OPTION,
  },
  async run(args, io) {
    const answer = await askGateway<Explanation>(args, io, {
      path: `${targetOf(args)}/explain`,
      parameters: { schema_id: args.text('schema-id'), subject: args.text('subject') },
      post: { body: contentOf(args, io), type: args.text('content-type') ?? 'application/json' },
    });
    io.stdout.write(args.flag('json') ? `${JSON.stringify(answer)}\n` : textOf(answer));
    return answer.would_answer.status === 200 ? DONE : FAILED;
  },
};

function targetOf(args: Arguments): string {
  const topic = args.text('topic');
  const pipeline = args.text('pipeline');
  if ((topic === undefined) === (pipeline === undefined)) throw new UsageError('Give --topic or --pipeline, one of the two');
  return topic === undefined ? `/v1/ingest/${encodeURIComponent(pipeline ?? '')}` : `/v1/topics/${encodeURIComponent(topic)}`;
}

function contentOf(args: Arguments, io: Io): Buffer {
  const [file = ''] = args.operands;
  try {
    return readFileSync(resolve(io.cwd, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `The file ${file} cannot be read (${code ?? 'unknown error'}): give the path of a file with records as they are sent`,
    );
  }
}

function textOf(answer: Explanation): string {
  const { would_answer: would, records, framing, schemas = [], table, change, identity, rejected = [], rejected_total: total } = answer;
  const lines = [
    `The gateway would answer ${would.status}${would.code === undefined ? '' : ` ${would.code}`}${would.detail === undefined ? '' : `: ${would.detail}`}`,
  ];
  if (records !== undefined)
    lines.push(
      `${records} record${records === 1 ? '' : 's'}, framed as ${framing ?? 'unknown'}, for ${answer.pipeline} (${answer.guarantee})`,
    );
  for (const { schema, from, language, record, problem } of schemas)
    lines.push(
      problem === undefined
        ? `Schema ${schema}, named by the ${from}: ${language}${record === undefined ? '' : `, ${record}`}`
        : `Schema ${schema}, named by the ${from}: the record ${problem}`,
    );
  if (table !== undefined) lines.push(`Table ${table.name}${table.exists ? '' : ', which does not exist yet'}`);
  if (change !== undefined) lines.push(`${change.waits_for_approval ? 'Somebody has to approve' : 'First would run'}: ${change.statement}`);
  if (identity !== undefined)
    lines.push(`${identity.recognised} recognised by ${identity.kind} when they come again, ${identity.duplicates} of them duplicates now`);
  const parts = [`${lines.join('\n')}\n`];
  if (answer.fields !== undefined && answer.fields.length > 0) parts.push(fieldsText(answer.fields));
  if (rejected.length > 0) {
    const rows = rejected.map(({ index, column, code, message }) => [String(index), column ?? '', code, message]);
    parts.push(aligned([['RECORD', 'COLUMN', 'CODE', 'REASON'], ...rows]));
    if ((total ?? 0) > rejected.length) parts.push(`${(total ?? 0) - rejected.length} more records would be refused.\n`);
  }
  return parts.join('\n');
}

function fieldsText(fields: readonly ExplainedField[]): string {
  const rows = fields.map(({ field, schema, column, column_type: type, goes, exact, converted, refused }) => [
    field,
    schema ?? '',
    column ?? (goes === 'together' ? '(together)' : `(${goes})`),
    type ?? '',
    String(exact),
    String(converted),
    String(refused),
  ]);
  return aligned([['FIELD', 'SCHEMA', 'COLUMN', 'TYPE', 'EXACT', 'CONVERTED', 'REFUSED'], ...rows]);
}
