import {
  ARRAY,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  nextOf,
  OBJECT,
  type Shape,
  STRING,
  shapeOf,
  stringOf,
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import type { FieldType, RecordType } from '../../core/schema.ts';
import { isFloatWord, isInRange, isInteger } from './connect-scalars.ts';

type Kind = FieldType['kind'];

/** Kinds of types that a kind of JSON can be a value of. */
const TAKERS: Readonly<Record<number, ReadonlySet<Kind>>> = {
  [NULL]: new Set<Kind>(['null', 'any']),
  [FALSE]: new Set<Kind>(['boolean', 'any']),
  [TRUE]: new Set<Kind>(['boolean', 'any']),
  [NUMBER]: new Set<Kind>(['int', 'float', 'decimal', 'date', 'time', 'timestamp', 'any']),
  [STRING]: new Set<Kind>(['string', 'enum', 'uuid', 'date', 'time', 'timestamp', 'bytes', 'decimal', 'int', 'float', 'any']),
  [OBJECT]: new Set<Kind>(['record', 'map', 'any']),
  [ARRAY]: new Set<Kind>(['array', 'map', 'any']),
};

/** Of these, text is written as it is. */
const TEXTS: ReadonlySet<Kind> = new Set<Kind>(['string', 'enum', 'uuid', 'date', 'time', 'timestamp']);

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const FORMS: Readonly<Partial<Record<Kind, RegExp>>> = {
  uuid: UUID,
  date: /^[+-]?\d{4,6}-\d\d-\d\d$/,
  time: /^\d\d:\d\d/,
  timestamp: /^[+-]?\d{4,6}-\d\d-\d\d[T ]\d\d/,
};

/** The branches a value can be one of, without null. More than one: it cannot be told. `named`: the branch a key of it names. */
export function choose(branches: readonly FieldType[], source: JsonTape, node: number, named: string | undefined): FieldType[] {
  const kind = kindOf(source, node);
  const able = branches.filter((type) => takes(type, kind));
  if (kind === OBJECT) return chooseObject(able, source, node, named);
  // What is wrong with a value of the only branch it can be is said by that branch.
  if (able.length < 2) return able;
  if (kind === STRING) return chooseText(able, stringOf(source, node));
  return kind === NUMBER ? chooseNumber(able, source, node) : able;
}

/** Whether a kind of JSON can be a value of the type, as far as the kind tells. */
export function takes(type: FieldType, kind: number): boolean {
  if (type.kind === 'union') return type.branches.some((branch) => branch.kind !== 'union' && takes(branch, kind));
  if (kind === STRING && type.kind === 'int') return type.bits === 64;
  return TAKERS[kind]!.has(type.kind);
}

function chooseText(able: readonly FieldType[], text: string): FieldType[] {
  const fit = able.filter((type) => {
    if (type.kind === 'enum') return type.names.includes(text);
    if (type.kind === 'int') return /^-?\d+$/.test(text);
    if (type.kind === 'float') return isFloatWord(text);
    return FORMS[type.kind]?.test(text) ?? true;
  });
  // Text is read as bytes only where nothing else is text: which of the two it is, nothing in it says.
  if (fit.some(({ kind }) => kind === 'bytes' || kind === 'decimal')) return fit;
  const texts = fit.filter(({ kind }) => TEXTS.has(kind));
  return texts.length > 0 ? texts.slice(0, 1) : fit;
}

function chooseNumber(able: readonly FieldType[], source: JsonTape, node: number): FieldType[] {
  if (!isInteger(source, node)) return able.filter(({ kind }) => kind === 'float' || kind === 'decimal');
  const digits = textOf(source, node);
  const integers = able.filter((type) => type.kind === 'int' && isInRange(digits, type.bits, type.signed));
  const others = able.filter(({ kind }) => kind !== 'int' && kind !== 'float');
  // Whole numbers of any size are written alike.
  if (integers.length > 0) return [...integers.slice(0, 1), ...others];
  const floats = able.filter(({ kind }) => kind === 'float');
  return [...floats.slice(0, 1), ...others];
}

function chooseObject(able: readonly FieldType[], source: JsonTape, node: number, named: string | undefined): FieldType[] {
  if (able.length === 1 && named === undefined) return [...able];
  const shape = shapeOf(source, node);
  const fit = able.filter((type) => {
    if (type.kind === 'record') return isOf(type, shape, named);
    return type.kind !== 'map' || eachTaken(type.values, source, node);
  });
  if (fit.length < 2) return fit;
  // Of two records, the one that has a field for every key.
  const whole = fit.filter((type) => type.kind !== 'record' || shape.keys.every((key) => hasField(type, key)));
  return whole.length === 0 ? fit : whole;
}

function isOf(type: RecordType, { keys }: Shape, named: string | undefined): boolean {
  if (named !== undefined && !hasField(type, named)) return false;
  const present = new Set(keys);
  return type.fields.every(
    (field) =>
      field.fallback !== undefined || takes(field.type, NULL) || present.has(field.name) || field.aliases.some((one) => present.has(one)),
  );
}

const KEYS = new WeakMap<RecordType, ReadonlySet<string>>();

function hasField(type: RecordType, key: string): boolean {
  let keys = KEYS.get(type);
  if (keys === undefined) {
    keys = new Set(type.fields.flatMap(({ name, aliases }) => [name, ...aliases]));
    KEYS.set(type, keys);
  }
  return keys.has(key);
}

function eachTaken(values: FieldType, source: JsonTape, node: number): boolean {
  const end = nextOf(source, node);
  for (let child = node + 1; child < end; child = nextOf(source, child)) if (!takes(values, kindOf(source, child))) return false;
  return true;
}
