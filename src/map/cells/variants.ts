import {
  ARRAY,
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  NUMBER_INTEGER,
  OBJECT,
  STRING,
  stringOf,
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, FAULTY, type Fault, fail, VERBATIM, type Verdict } from '../cell.ts';
import { mayReadInteger, mayReadText } from './variant-readers.ts';

interface Member {
  readonly type: ColumnType;
  readonly cell: Cell;
}

/** The members a value could go to; it is taken if there is one. */
interface Choice {
  readonly candidates: readonly Member[];
  /** Members that read the value too, and that ClickHouse may try first. */
  readonly rivals: number;
}

const KIND_NAMES: Readonly<Record<number, string>> = {
  [TRUE]: 'a boolean',
  [FALSE]: 'a boolean',
  [NUMBER]: 'a number',
  [STRING]: 'text',
  [OBJECT]: 'an object',
  [ARRAY]: 'an array',
};

/**
 * Variant(…). ClickHouse tries the members in an order of its own until one reads the value: "5" and "" become integers where there is an
 * integer member, 1 becomes true, an object text. A value is taken only if one member is made for its kind and no other reads it before that
 * one. The order, as measured: Bool, Enum, integers, then Decimal, Float and dates, then arrays, maps and tuples, then String, then BFloat16 and JSON.
 */
export function variantCell(members: readonly Member[], fault: Fault): Cell {
  const plain = members.map(({ type, cell }) => ({ type: unwrap(type), cell: holdsDecimal(type) ? unreadable(cell, fault) : cell }));
  const ofKind = (...kinds: ReadonlyArray<ColumnType['kind']>): Member[] => plain.filter(({ type }) => kinds.includes(type.kind));
  const unsupported = ofKind('unsupported').length;
  const integers = ofKind('int');
  const fractions = ofKind('float', 'decimal');
  const booleans = ofKind('bool');
  const texts = ofKind('string');
  const late = fractions.some(({ type }) => type.kind === 'float' && type.format === 'BFloat16') ? texts.length : 0;
  const structs = plain.filter(({ type }) => type.kind === 'tuple' && type.elements.some(({ name }) => name !== undefined));
  const arrays = [...ofKind('array'), ...ofKind('tuple').filter((member) => !structs.includes(member))];
  const objects = [...ofKind('map', 'json'), ...structs];

  const fitting = (of: readonly Member[], tape: JsonTape, node: number): Member[] =>
    of.filter(({ cell }) => cell.check(tape, node) !== FAULTY);

  const chooseNumber = (tape: JsonTape, node: number): Choice => {
    const text = textOf(tape, node);
    const isInteger = extraOf(tape, node) === NUMBER_INTEGER;
    const candidates = isInteger ? fitting(integers, tape, node) : [];
    const others = plain.filter(({ type }) => mayReadInteger(type, text));
    if (candidates.length > 0)
      return { candidates, rivals: others.filter(({ type }) => type.kind === 'bool' || type.kind === 'enum').length };
    if (fractions.length > 0)
      return { candidates: fitting(fractions, tape, node), rivals: fractions.length - 1 + late + (isInteger ? others.length : 0) };
    // 1.0 and 1e3, rewritten as integers: these may be read as anything that reads an integer.
    return { candidates: fitting(integers, tape, node), rivals: booleans.length + ofKind('enum').length };
  };

  const chooseText = (tape: JsonTape, node: number): Choice => {
    const text = stringOf(tape, node);
    const readers = plain.filter(({ type }) => mayReadText(type, text));
    const home = texts.length > 0 ? texts : readers.filter(({ type }) => !['int', 'float', 'decimal', 'bool'].includes(type.kind));
    const candidates = fitting(home, tape, node);
    return { candidates, rivals: readers.filter((reader) => !candidates.includes(reader)).length };
  };

  const choose = (tape: JsonTape, node: number, kind: number): Choice => {
    if (kind === NUMBER) return chooseNumber(tape, node);
    if (kind === STRING) return chooseText(tape, node);
    if (kind === ARRAY) return { candidates: arrays, rivals: 0 };
    if (kind === OBJECT) return { candidates: objects, rivals: ofKind('json').length > 0 ? texts.length : 0 };
    return { candidates: booleans, rivals: 0 };
  };

  return {
    optional: true,
    check(tape, node): Verdict {
      const kind = kindOf(tape, node);
      if (kind === NULL) return VERBATIM;
      const { candidates, rivals } = choose(tape, node, kind);
      const count = candidates.length + rivals + unsupported;
      const [member] = candidates;
      if (member === undefined)
        return fail(fault, 'wrong_type', `the value is ${KIND_NAMES[kind]} that none of the variants holds as it is`);
      if (count === 1) return member.cell.check(tape, node);
      return fail(
        fault,
        'ambiguous_value',
        `the value is ${KIND_NAMES[kind]} that ${count} of the variants may read, and ClickHouse would choose`,
      );
    },
    write(tape, node, out) {
      const kind = kindOf(tape, node);
      const member = kind === NULL ? undefined : choose(tape, node, kind).candidates[0];
      if (member === undefined) out.ascii('null');
      else member.cell.write(tape, node, out);
    },
  };
}

/** Inside a Variant, ClickHouse reads no array, map or tuple that has a Decimal in it. */
function unreadable(cell: Cell, fault: Fault): Cell {
  return {
    ...cell,
    check: () => fail(fault, 'wrong_type', 'ClickHouse reads no Decimal in arrays, maps and tuples of a Variant: use another type there'),
  };
}

function holdsDecimal(type: ColumnType, isInside = false): boolean {
  switch (type.kind) {
    case 'decimal':
      return isInside;
    case 'nullable':
    case 'low-cardinality':
      return holdsDecimal(type.inner, isInside);
    case 'array':
      return holdsDecimal(type.inner, true);
    case 'map':
      return holdsDecimal(type.key, true) || holdsDecimal(type.value, true);
    case 'tuple':
      return type.elements.some((element) => holdsDecimal(element.type, true));
    default:
      return false;
  }
}

/** ClickHouse has no Nullable members; LowCardinality reads as what it holds. */
function unwrap(type: ColumnType): ColumnType {
  return type.kind === 'low-cardinality' || type.kind === 'nullable' ? unwrap(type.inner) : type;
}
