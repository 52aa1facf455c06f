import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch } from '../core/batch.ts';
import type { ColumnRule, PipelineConfig } from '../core/config.ts';
import { endOf, type JsonTape, kindOf, nextOf, OBJECT, shapeOf, startOf } from '../core/json-tape.ts';
import type { FieldType } from '../core/schema.ts';
import { createFault, FAULTY } from './cell.ts';
import { parseColumnType } from './column-type.ts';
import { compileCell } from './compile-cell.ts';
import { droppedFields } from './dropped.ts';
import { createSeen, observe, type Seen } from './observe.ts';
import { schemaColumns } from './schema-columns.ts';
import { type ColumnChoice, columnTypeOf, fieldAt, hasFreeKeys } from './schema-type.ts';
import { quote } from './table-name.ts';
import { isUsableName } from './usable-name.ts';

/** A column for fields that have none. */
export interface InferredColumn {
  readonly column: string;
  /** As ClickHouse spells it. */
  readonly type: string;
  /** What the schema says the field is for. */
  readonly comment?: string;
}

const BYTES_A_TURN = 1024 * 1024;

const UNIT_TYPES: Readonly<Record<NonNullable<ColumnRule['unit']>, string>> = {
  days: 'Date32',
  s: "DateTime64(3, 'UTC')",
  ms: "DateTime64(3, 'UTC')",
  us: "DateTime64(6, 'UTC')",
  ns: "DateTime64(9, 'UTC')",
};

/** A value of a column in one of the records. */
interface Sample {
  readonly tape: JsonTape;
  readonly node: number;
}

interface Field {
  readonly seen: Seen;
  readonly samples: Sample[];
}

/** Which fields to infer: all, or those of a table that has others already. */
export interface InferOptions {
  /** Whether a top-level field needs a column. */
  readonly wants: (key: string) => boolean;
  /** Rows exist that have no value for the new columns. */
  readonly addToRows: boolean;
}

/**
 * Columns for the fields of a batch, in the order they are first seen: of the type its schema says, where there is one. Every record of the batch fits its
 * columns: a type that turns out not to hold a value gives way to String, which holds any JSON text.
 */
export async function inferColumns(batch: Batch, pipeline: PipelineConfig, { wants, addToRows }: InferOptions): Promise<InferredColumn[]> {
  const sources = sourcesOf(pipeline);
  const fields = new Map<string, Field>();
  let objects = 0;
  let turn = 0;
  for (const { value } of batch.records) {
    const { tape, node } = value;
    if (kindOf(tape, node) !== OBJECT) continue;
    objects++;
    collect(tape, node, { sources, fields, wants });
    turn += endOf(tape, node) - startOf(tape, node);
    if (turn > BYTES_A_TURN) {
      turn = 0;
      await nextTurn();
    }
  }
  addUnseen(fields, batch, pipeline, wants);
  const keys = new Set([...pipeline.orderBy, ...pipeline.pkFields, pipeline.partitionBy?.column]);
  const columns: InferredColumn[] = [];
  for (const [name, field] of fields) {
    const required = keys.has(name);
    const absent = addToRows || field.seen.values < objects;
    const rule = pipeline.columns[name];
    const known = fieldAt(batch.schemas ?? [], rule?.from?.split('.') ?? [name]);
    const wanted = { absent: absent && !required, unit: rule?.unit, dotted: name.includes('.'), schema: known?.type, choice: pipeline };
    columns.push({ column: name, type: typeFor(field, wanted), ...(known?.comment === undefined ? {} : { comment: known.comment }) });
  }
  return columns;
}

/** Fields that the schemas have and no record does. Those of which only data could say what they are wait until there is some. */
function addUnseen(fields: Map<string, Field>, { schemas = [] }: Batch, pipeline: PipelineConfig, wants: InferOptions['wants']): void {
  for (const record of schemas.toReversed()) {
    for (const { column, field } of schemaColumns(record, pipeline)) {
      if (fields.has(column) || !wants(column) || !isUsableName(column) || columnTypeOf(field, true, pipeline) === undefined) continue;
      fields.set(column, { seen: createSeen(), samples: [] });
    }
  }
}

/** Top-level field → what it and the fields inside it lead to. */
interface Sources {
  readonly dropped: ReadonlySet<string>;
  /** Paths of columns that are filled from elsewhere, by the first key of the path. */
  readonly paths: ReadonlyMap<string, ReadonlyArray<{ readonly column: string; readonly rest: readonly string[] }>>;
  readonly moved: ReadonlySet<string>;
}

function sourcesOf(pipeline: PipelineConfig): Sources {
  const dropped = droppedFields(pipeline);
  const moved = new Set<string>();
  const paths = new Map<string, Array<{ column: string; rest: string[] }>>();
  for (const [column, { from }] of Object.entries(pipeline.columns)) {
    if (from === undefined) continue;
    moved.add(column);
    const [first = '', ...rest] = from.split('.');
    paths.set(first, [...(paths.get(first) ?? []), { column, rest }]);
  }
  return { dropped, moved, paths };
}

function collect(
  tape: JsonTape,
  node: number,
  into: { sources: Sources; fields: Map<string, Field>; wants: (key: string) => boolean },
): void {
  const { sources, fields, wants } = into;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    const paths = sources.paths.get(key);
    if (paths !== undefined) {
      for (const { column, rest } of paths) {
        const at = descend(tape, child, rest);
        if (at !== undefined && wants(column)) add(fields, column, tape, at);
      }
    } else if (!sources.dropped.has(key) && !sources.moved.has(key) && wants(key) && isUsableName(key)) {
      add(fields, key, tape, child);
    }
    child = nextOf(tape, child);
  }
}

function descend(tape: JsonTape, node: number, [first, ...rest]: readonly string[]): number | undefined {
  if (first === undefined) return node;
  if (kindOf(tape, node) !== OBJECT) return undefined;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key === first) return descend(tape, child, rest);
    child = nextOf(tape, child);
  }
  return undefined;
}

function add(fields: Map<string, Field>, name: string, tape: JsonTape, node: number): void {
  let field = fields.get(name);
  if (field === undefined) {
    field = { seen: createSeen(), samples: [] };
    fields.set(name, field);
  }
  observe(field.seen, tape, node);
  field.samples.push({ tape, node });
}

interface Wanted {
  readonly absent: boolean;
  readonly unit: ColumnRule['unit'];
  readonly dotted: boolean;
  readonly schema: FieldType | undefined;
  readonly choice: ColumnChoice;
}

function typeFor({ seen, samples }: Field, { absent, unit, dotted, schema, choice }: Wanted): string {
  const candidates: string[] = [];
  if (unit !== undefined) candidates.push(absent ? nullable(UNIT_TYPES[unit]) : UNIT_TYPES[unit]);
  const ofSchema = schema === undefined ? undefined : columnTypeOf(schema, absent, choice);
  if (ofSchema !== undefined) candidates.push(ofSchema);
  // ClickHouse ties arrays whose names share a part before a dot to each other: such a field stays text.
  if (!(dotted && (seen.arrays > 0 || seen.objects > 0)))
    candidates.push(schema !== undefined && hasFreeKeys(schema) ? 'JSON' : typeOf(seen, absent));
  return candidates.find((type) => holdsAll(type, samples, unit)) ?? (absent ? nullable('String') : 'String');
}

function holdsAll(typeText: string, samples: readonly Sample[], unit: ColumnRule['unit']): boolean {
  const options = { fault: createFault(), unknownNested: 'reject', ...(unit === undefined ? {} : { unit }) } as const;
  const cell = compileCell(parseColumnType(typeText), options);
  return samples.every(({ tape, node }) => cell.check(tape, node) !== FAULTY);
}

function nullable(type: string): string {
  return `Nullable(${type})`;
}

/** The type for what was seen. `absent`: it also has to hold no value. */
function typeOf(seen: Seen, absent: boolean): string {
  const maybe = (type: string): string => (absent || seen.nulls > 0 ? nullable(type) : type);
  if (seen.values === 0) return nullable('String');
  if (seen.values === seen.booleans) return maybe('Bool');
  if (seen.values === seen.integers + seen.reals) return maybe(numberType(seen));
  if (seen.values === seen.times) return maybe(`DateTime64(${seen.timeDigits <= 3 ? 3 : seen.timeDigits <= 6 ? 6 : 9}, 'UTC')`);
  if (seen.values === seen.arrays && seen.element !== undefined && !seen.unruly) return `Array(${elementType(seen.element)})`;
  if (seen.values === seen.objects) return objectType(seen, absent || seen.nulls > 0) ?? maybe('JSON');
  return maybe('String');
}

function numberType({ integers, reals, least, greatest, unboundedNumber }: Seen): string {
  if (unboundedNumber) return 'String';
  const within = (bits: bigint): boolean => greatest < 2n ** (bits - 1n) && least >= -(2n ** (bits - 1n));
  if (reals > 0) {
    const exact = integers === 0 || (greatest <= BigInt(Number.MAX_SAFE_INTEGER) && least >= BigInt(Number.MIN_SAFE_INTEGER));
    return exact ? 'Float64' : 'String';
  }
  if (within(64n)) return 'Int64';
  if (least >= 0n && greatest < 2n ** 64n) return 'UInt64';
  return within(128n) ? 'Int128' : 'Int256';
}

function elementType(element: Seen): string {
  return element.values === 0 && element.nulls === 0 ? nullable('String') : typeOf(element, false);
}

/** A Tuple when every field has a usable name; undefined when only JSON holds the objects. `optional`: all of it may be missing. */
function objectType({ fields, objects, unruly }: Seen, optional: boolean): string | undefined {
  if (unruly || fields.size === 0) return undefined;
  const elements: string[] = [];
  for (const [name, seen] of fields) {
    if (!isUsableName(name)) return undefined;
    elements.push(`${quote(name)} ${typeOf(seen, optional || seen.values < objects)}`);
  }
  return `Tuple(${elements.join(', ')})`;
}
