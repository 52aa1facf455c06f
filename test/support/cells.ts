import type { JsonTape } from '../../src/core/json-tape.ts';
import { createByteWriter } from '../../src/map/byte-writer.ts';
import { type Cell, createFault, FAULTY, REWRITE } from '../../src/map/cell.ts';
import type { Unit } from '../../src/map/cells/epoch.ts';
import { parseColumnType } from '../../src/map/column-type.ts';
import { compileCell } from '../../src/map/compile-cell.ts';
import { batchOf } from './deliveries.ts';

/** What a cell says of a JSON text: the text to hand to ClickHouse, or the code, path and reason it is refused with. */
export type Judgement =
  | { readonly kind: 'verbatim' | 'rewritten'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: string; readonly path: string; readonly reason: string };

/** A judge of values for a column type. */
export function judgeOf(
  typeText: string,
  options: { unit?: Unit; unknownNested?: 'reject' | 'ignore' } = {},
): (json: string) => Promise<Judgement> {
  const fault = createFault();
  const { unit, unknownNested = 'reject' } = options;
  const cell: Cell = compileCell(parseColumnType(typeText), { fault, unknownNested, ...(unit === undefined ? {} : { unit }) });
  return async (json) => {
    const tape = await tapeOf(json);
    const verdict = cell.check(tape, 1);
    if (verdict === FAULTY) return { kind: 'refused', code: fault.code, path: fault.path.join(''), reason: fault.reason };
    const out = createByteWriter();
    cell.write(tape, 1, out);
    if (verdict === REWRITE) return { kind: 'rewritten', text: out.bytes().toString() };
    return { kind: 'verbatim', text: json };
  };
}

/** A tape on which the value is token 1. */
async function tapeOf(json: string): Promise<JsonTape> {
  const { records } = await batchOf(`{"v":${json}}`);
  const [record] = records;
  if (record === undefined) throw new Error('no record');
  return record.value.tape;
}
