/**
 * Whether rows of decoded records would be faster as RowBinary than as JSON: the time of this process to write them, and of the engine to read them.
 * `node dist/test/bench/row-binary.js` prints microseconds a row, the median of the rounds. The writer knows the types of the bench's records only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '../../src/core/batch.ts';
import { endOf, type JsonTape, kindOf, NULL, nextOf, shapeOf, startOf, stringOf, TRUE, textOf } from '../../src/core/json-tape.ts';
import type { ColumnType } from '../../src/core/table.ts';
import { createJsonReader } from '../../src/decode/json-reader.ts';
import { parseColumnType } from '../../src/map/column-type.ts';
import { createCodecs } from '../../src/schema/codecs.ts';
import { createResolver } from '../../src/schema/resolver.ts';
import { deliveryOf, LIMITS } from '../support/deliveries.ts';
import { createTestEngine } from '../support/engine.ts';
import { mapperTo } from '../support/mappers.ts';
import { pipelineOf } from '../support/pipelines.ts';
import { framedRecord, SCHEMA } from './framed-records.ts';
import { WIDE_SCHEMA, wideFrame } from './wide-records.ts';

const ROWS = 10_000;
const ROUNDS = 7;

/** Bytes that are written one after the other. */
interface Out {
  readonly bytes: Buffer;
  at: number;
}

type Write = (tape: JsonTape, node: number, out: Out) => void;

function writeVarint(out: Out, value: number): void {
  let rest = value;
  while (rest > 127) {
    out.bytes[out.at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out.bytes[out.at++] = rest;
}

function integer(tape: JsonTape, node: number): number {
  let value = 0;
  let p = startOf(tape, node);
  const negative = tape.bytes[p] === 0x2d;
  if (negative) p++;
  for (const end = endOf(tape, node); p < end; p++) if (tape.bytes[p] !== 0x2e) value = value * 10 + tape.bytes[p]! - 0x30;
  return negative ? -value : value;
}

function writerOf(type: ColumnType): Write {
  switch (type.kind) {
    case 'nullable': {
      const inner = writerOf(type.inner);
      return (tape, node, out) => {
        const isNull = kindOf(tape, node) === NULL;
        out.bytes[out.at++] = isNull ? 1 : 0;
        if (!isNull) inner(tape, node, out);
      };
    }
    case 'int':
      return type.bits === 64
        ? (tape, node, out) => void (out.at = out.bytes.writeBigInt64LE(BigInt(integer(tape, node)), out.at))
        : (tape, node, out) => void (out.at = out.bytes.writeInt32LE(integer(tape, node), out.at));
    case 'float':
      return (tape, node, out) => void (out.at = out.bytes.writeDoubleLE(Number(textOf(tape, node)), out.at));
    case 'bool':
      return (tape, node, out) => void (out.bytes[out.at++] = kindOf(tape, node) === TRUE ? 1 : 0);
    case 'decimal':
      return (tape, node, out) => void (out.at = out.bytes.writeBigInt64LE(BigInt(integer(tape, node)), out.at));
    case 'datetime64':
      return (tape, node, out) => void (out.at = out.bytes.writeBigInt64LE(BigInt(Date.parse(stringOf(tape, node))), out.at));
    case 'string':
      return (tape, node, out) => {
        const [from, to] = [startOf(tape, node) + 1, endOf(tape, node) - 1];
        writeVarint(out, to - from);
        tape.bytes.copy(out.bytes, out.at, from, to);
        out.at += to - from;
      };
    case 'array': {
      const inner = writerOf(type.inner);
      return (tape, node, out) => {
        writeVarint(out, tape.tokens[node * 4]! >>> 4);
        for (let child = node + 1; child < nextOf(tape, node); child = nextOf(tape, child)) inner(tape, child, out);
      };
    }
    case 'map': {
      const value = writerOf(type.value);
      return (tape, node, out) => {
        const { keys } = shapeOf(tape, node);
        writeVarint(out, keys.length);
        let child = node + 1;
        for (const key of keys) {
          writeVarint(out, key.length);
          out.at += out.bytes.write(key, out.at);
          value(tape, child, out);
          child = nextOf(tape, child);
        }
      };
    }
    case 'tuple': {
      const inner = type.elements.map((element) => writerOf(element.type));
      return (tape, node, out) => {
        let child = node + 1;
        for (const write of inner) {
          write(tape, child, out);
          child = nextOf(tape, child);
        }
      };
    }
    default:
      throw new Error(`no writer for ${type.kind}`);
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function measure(name: string, schema: unknown, frameOf: (id: number, i: number) => string): Promise<string> {
  const engine = await createTestEngine();
  const directory = mkdtempSync('/dev/shm/sluice-row-binary-');
  const registered = { id: 1, language: 'AVRO' as const, text: JSON.stringify(schema), references: [] };
  const answer = async (): Promise<typeof registered> => await Promise.resolve(registered);
  const codecs = createCodecs({ byId: answer, byGuid: answer, latest: answer }, LIMITS, createJsonReader(LIMITS));
  const frames = Array.from({ length: ROWS }, (_, i) => Buffer.from(frameOf(1, i), 'base64'));
  const pipeline = pipelineOf('t', { subject: 's' });
  const batch: Batch = await createResolver({ codecs, limits: LIMITS })({ delivery: deliveryOf(''), frames }, pipeline);
  const map = mapperTo(engine.destination);
  await engine.insertRows(await map(batch, pipeline));
  const columns = await engine.destination.select<{ name: string; type: string }>(
    "SELECT name, type FROM system.columns WHERE table = 't' AND name NOT LIKE '\\_sluice%' ORDER BY position",
  );
  const writers = columns.map(({ type }) => writerOf(parseColumnType(type)));
  const out: Out = { bytes: Buffer.alloc(64 * 1024 * 1024), at: 0 };
  const names = columns.map((column) => column.name).join(', ');
  const times: Record<'json' | 'binary' | 'jsonEngine' | 'binaryEngine', number[]> = {
    json: [],
    binary: [],
    jsonEngine: [],
    binaryEngine: [],
  };
  const timed = async (of: keyof typeof times, work: () => Promise<unknown> | void): Promise<void> => {
    const began = performance.now();
    await work();
    times[of].push(((performance.now() - began) * 1000) / ROWS);
  };
  for (let round = 0; round < ROUNDS; round++) {
    let text = Buffer.alloc(0);
    await timed('json', async () => {
      const { rows } = await map(batch, pipeline);
      const parts: Buffer[] = [];
      for (let i = 0; i < rows.spans.length; i += 3)
        parts.push(rows.sources[rows.spans[i]!]!.subarray(rows.spans[i + 1], rows.spans[i + 2]), NEWLINE);
      text = Buffer.concat(parts);
    });
    await timed('binary', () => {
      out.at = 0;
      for (const { value } of batch.records) {
        let child = value.node + 1;
        for (const write of writers) {
          write(value.tape, child, out);
          child = nextOf(value.tape, child);
        }
      }
    });
    for (const [of, format, bytes] of [
      ['jsonEngine', 'JSONEachRow', text],
      ['binaryEngine', 'RowBinary', out.bytes.subarray(0, out.at)],
    ] as const) {
      const file = join(directory, format);
      writeFileSync(file, bytes);
      const settings = "date_time_input_format = 'best_effort', input_format_parallel_parsing = 0";
      await timed(
        of,
        async () =>
          await engine.destination.execute(
            `INSERT INTO t (${names}) FROM INFILE '${file}' COMPRESSION 'none' SETTINGS ${settings} FORMAT ${format}`,
          ),
      );
    }
  }
  rmSync(directory, { recursive: true });
  await engine.close();
  const shown = Object.entries(times).map(([of, values]) => `${of} ${median(values).toFixed(2)}`);
  return `${name}: ${shown.join(', ')} µs a row`;
}

const NEWLINE = Buffer.from('\n');

process.stdout.write(
  `${process.argv[2] === 'wide' ? await measure('60 fields', WIDE_SCHEMA, wideFrame) : await measure('6 fields', SCHEMA, framedRecord)}\n`,
);
