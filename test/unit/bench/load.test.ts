/** What the bench sends is what it says, and it reads what comes back: otherwise its figures mean nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, createAnswerReader } from '../../bench/answers.ts';
import { createTemplate, FIRST_OFFSET } from '../../bench/records.ts';

type BenchRecord = { __partition: number; __offset: number; amount: unknown; note: string };

test('every request has the offsets it was stamped with, and nothing else changes', () => {
  const head = (bytes: number): string => `POST / HTTP/1.1\r\nContent-Length: ${bytes}\r\n\r\n`;
  const template = createTemplate({ records: 500, recordBytes: 120, partition: 7, framing: 'array' }, head);
  for (const offset of [FIRST_OFFSET, FIRST_OFFSET + 500, 999_999_400]) {
    template.stamp(offset);
    const text = template.bytes.toString();
    const [, length, body = ''] = /Content-Length: (\d+)\r\n\r\n(.*)$/s.exec(text) ?? [];
    assert.equal(Number(length), body.length);
    assert.equal(template.bodyBytes, body.length);
    const records = JSON.parse(body) as BenchRecord[];
    assert.deepEqual(
      records.map(({ __partition, __offset }) => [__partition, __offset]),
      Array.from({ length: 500 }, (_, i) => [7, offset + i]),
    );
  }
});

test('records have about the size that was asked for', () => {
  for (const [recordBytes, most] of [
    [120, 130],
    [1600, 1610],
  ] as const) {
    const { bodyBytes } = createTemplate({ records: 100, recordBytes, partition: 12, framing: 'lines' });
    assert.ok(bodyBytes / 100 >= recordBytes && bodyBytes / 100 <= most, `${bodyBytes / 100} bytes`);
  }
});

test('one record in a hundred is bad where that is wanted', () => {
  const { bytes } = createTemplate({ records: 500, recordBytes: 120, partition: 0, framing: 'lines', bad: true });
  const lines = bytes.toString().trimEnd().split('\n');
  const bad = lines.filter((line) => typeof (JSON.parse(line) as BenchRecord).amount !== 'number');
  assert.deepEqual([lines.length, bad.length], [500, 5]);
});

test('answers are read however they are cut', () => {
  const text =
    'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"accepted":1}' +
    'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
  const expected: Answer[] = [
    { status: 200, body: '{"accepted":1}', closes: false },
    { status: 503, body: '', closes: true },
  ];
  for (let size = 1; size <= text.length; size++) {
    const answers: Answer[] = [];
    const read = createAnswerReader((answer) => answers.push(answer));
    for (let at = 0; at < text.length; at += size) read(Buffer.from(text.slice(at, at + size)));
    assert.deepEqual(answers, expected);
  }
});
