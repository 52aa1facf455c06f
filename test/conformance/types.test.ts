/**
 * Every type of schemas in every type of column: whatever is let through is read back from the engine as what was meant, and nothing of a value is in a
 * refusal. `UPDATE_README=1` writes the table of the README anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endOf, startOf } from '../../src/core/json-tape.ts';
import { createByteWriter } from '../../src/map/byte-writer.ts';
import { createFault, FAULTY, REWRITE } from '../../src/map/cell.ts';
import { parseColumnType } from '../../src/map/column-type.ts';
import { compileCell } from '../../src/map/compile-cell.ts';
import { createTestEngine, type TestEngine } from '../support/engine.ts';
import { COLUMNS, type Column } from './type-columns.ts';
import { type Sample, SUBJECTS } from './type-subjects.ts';

const README = join(import.meta.dirname, '..', '..', '..', 'README.md');

let engine: TestEngine;
before(async () => {
  engine = await createTestEngine();
});
after(async () => {
  await engine.close();
});

/** What became of one value. */
interface Judged {
  readonly subject: string;
  readonly sample: Sample;
  readonly verdict: 'exact' | 'converted' | 'refused';
  readonly line: Buffer | undefined;
  readonly reason: string;
}

function judge(column: Column): Judged[] {
  const fault = createFault();
  const cell = compileCell(parseColumnType(column.type), { fault, unknownNested: 'reject' });
  return SUBJECTS.flatMap(({ name: subject, samples }) =>
    samples.map((sample): Judged => {
      const { tape, node } = sample.read;
      const verdict = cell.check(tape, node);
      if (verdict === FAULTY) return { subject, sample, verdict: 'refused', line: undefined, reason: `${fault.code} ${fault.reason}` };
      if (verdict !== REWRITE)
        return { subject, sample, verdict: 'exact', line: tape.bytes.subarray(startOf(tape, node), endOf(tape, node)), reason: '' };
      const out = createByteWriter();
      cell.write(tape, node, out);
      return { subject, sample, verdict: 'converted', line: Buffer.from(out.bytes()), reason: '' };
    }),
  );
}

async function stored(column: Column, index: number, judged: readonly Judged[]): Promise<ReadonlyMap<number, string>> {
  const table = `t${index}`;
  await engine.destination.execute(`CREATE TABLE ${table} (id UInt32, x ${column.type}) ENGINE = MergeTree ORDER BY id`);
  const lines = judged.flatMap(({ line }, id) =>
    line === undefined ? [] : [Buffer.concat([Buffer.from(`{"id":${id},"x":`), line, Buffer.from('}\n')])],
  );
  if (lines.length > 0) {
    const at = { database: 'default', table };
    const insert = { table: at, columns: ['id', 'x'], data: lines, format: 'JSONEachRow' as const, rowCount: lines.length };
    await engine.destination.insert({ ...insert, queryId: table, token: table });
  }
  const rows = await engine.destination.select<{ id: number; text: string }>(
    `SELECT id, ${column.print} AS text FROM ${table} ORDER BY id`,
  );
  return new Map(rows.map(({ id, text }) => [id, text]));
}

/** What the table says of a type in a column, by all of its values. */
function summary(of: readonly Judged[]): string {
  const kept = of.filter(({ verdict }) => verdict !== 'refused');
  if (kept.length === 0) return '–';
  const word = kept.every(({ verdict }) => verdict === 'exact') ? 'exact' : 'converted';
  return kept.length === of.length ? word : `${word}*`;
}

/** No part of a value is in what the sender or the log is told. */
function assertSilent({ sample: { meaning }, reason, subject }: Judged, column: string): void {
  const parts = meaning.is === 'text' ? [meaning.value] : meaning.is === 'number' && meaning.digits.length > 4 ? [meaning.digits] : [];
  for (const part of parts) if (part.length > 2) assert.ok(!reason.includes(part), `${subject} into ${column}: ${reason}`);
}

test('what is let through is stored as it was meant, and the table says what is', async () => {
  const cells = new Map<string, string>();
  const wrong: string[] = [];
  for (const [index, column] of COLUMNS.entries()) {
    const judged = judge(column);
    const found = await stored(column, index, judged);
    for (const [id, one] of judged.entries()) {
      if (one.verdict === 'refused') {
        assertSilent(one, column.type);
        continue;
      }
      const printed = found.get(id);
      if (printed === undefined || column.isSame(printed, one.sample.meaning) !== true)
        wrong.push(`${one.subject} into ${column.type}: ${one.line?.toString()} is stored as ${printed}`);
    }
    for (const { name } of SUBJECTS) cells.set(`${name}\0${column.type}`, summary(judged.filter(({ subject }) => subject === name)));
  }
  assert.deepEqual(wrong, []);
  assert.ok(cells.size >= 400);
  compareWithReadme(tableOf(cells));
});

function tableOf(cells: ReadonlyMap<string, string>): string {
  const head = `| | ${COLUMNS.map(({ type }) => `\`${type}\``).join(' | ')} |`;
  const rows = SUBJECTS.map(({ name }) => `| ${name} | ${COLUMNS.map(({ type }) => cells.get(`${name}\0${type}`)).join(' | ')} |`);
  return `${head}\n|---|${COLUMNS.map(() => '---|').join('')}\n${rows.join('\n')}\n`;
}

function compareWithReadme(expected: string): void {
  const text = readFileSync(README, 'utf8');
  const [whole, current] = /<!-- types:start -->\n([\s\S]*?)<!-- types:end -->/.exec(text) ?? [];
  assert.ok(whole !== undefined, 'README.md has no part types');
  if (process.env['UPDATE_README'] === '1' && current !== expected)
    writeFileSync(
      README,
      text.replace(whole, () => `<!-- types:start -->\n${expected}<!-- types:end -->`),
    );
  else assert.equal(current, expected);
}
