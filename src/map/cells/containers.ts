import { ARRAY, extraOf, type JsonTape, kindOf, NULL, nextOf, OBJECT, type Shape, shapeOf } from '../../core/json-tape.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type Cell, type CellOptions, FAULTY, type Fault, fail, REWRITE, VERBATIM, type Verdict } from '../cell.ts';
import { copyToken, worse, wrongType } from './shared.ts';
import { hasEscapedKey } from './spelling.ts';

/** Nullable(T): T, or null, which is also what a missing value means. */
export function nullableCell(inner: Cell): Cell {
  return {
    optional: true,
    check: (tape, node) => (kindOf(tape, node) === NULL ? VERBATIM : inner.check(tape, node)),
    write(tape, node, out) {
      if (kindOf(tape, node) === NULL) out.ascii('null');
      else inner.write(tape, node, out);
    },
  };
}

/** Array(T). null is the empty array: ClickHouse has no Nullable(Array). */
export function arrayCell(inner: Cell, fault: Fault): Cell {
  return {
    optional: true,
    check(tape, node) {
      if (kindOf(tape, node) === NULL) return REWRITE;
      if (kindOf(tape, node) !== ARRAY) return wrongType(fault, tape, node, 'arrays');
      return checkElements(tape, node, inner, fault);
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === NULL) out.ascii('[]');
      else writeElements(tape, node, inner, out);
    },
  };
}

function checkElements(tape: JsonTape, node: number, inner: Cell, fault: Fault): Verdict {
  let verdict: Verdict = VERBATIM;
  const end = nextOf(tape, node);
  let index = 0;
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    const found = inner.check(tape, child);
    if (found === FAULTY) return within(fault, `[${index}]`);
    verdict = worse(verdict, found);
    index++;
  }
  return verdict;
}

function writeElements(tape: JsonTape, node: number, inner: Cell, out: ByteWriter): void {
  const end = nextOf(tape, node);
  out.ascii('[');
  for (let child = node + 1; child < end; child = nextOf(tape, child)) {
    if (child > node + 1) out.ascii(',');
    inner.write(tape, child, out);
  }
  out.ascii(']');
}

/** The fault is inside the part named so. */
export function within(fault: Fault, part: string): typeof FAULTY {
  fault.path.unshift(part);
  return FAULTY;
}

/** A field's part of a path: names come from senders, so they are cut and shown without control characters. */
export function fieldPart(key: string): string {
  return `.${key.slice(0, 100).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')}`;
}

/**
 * Map(K, V): an object. Keys are text in JSON, so they pass if `key.fits` says that their text is one of K. null is the empty map.
 * `key.isText`: ClickHouse reads the keys as strings, escapes included.
 */
export function mapCell(value: Cell, key: { fits: (key: string) => boolean; isText: boolean }, fault: Fault): Cell {
  const fitting = new WeakSet<Shape>();
  return {
    optional: true,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NULL) return REWRITE;
      if (kind !== OBJECT) return wrongType(fault, tape, node, 'objects');
      const shape = shapeOf(tape, node);
      if (!key.isText && !fitting.has(shape)) {
        const wrong = shape.keys.find((text) => !key.fits(text));
        if (wrong !== undefined) return fail(fault, 'invalid_value', "a key of the object is not a value of the map's key type");
        fitting.add(shape);
      }
      const verdict = checkValues(tape, node, shape, value, fault);
      return verdict === VERBATIM && !key.isText && hasEscapedKey(tape, node) ? REWRITE : verdict;
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === NULL) return out.ascii('{}');
      const { keys } = shapeOf(tape, node);
      out.ascii('{');
      let child = node + 1;
      for (const [i, text] of keys.entries()) {
        out.utf8(`${i === 0 ? '' : ','}${JSON.stringify(text)}:`);
        value.write(tape, child, out);
        child = nextOf(tape, child);
      }
      return out.ascii('}');
    },
  };
}

function checkValues(tape: JsonTape, node: number, { keys }: Shape, value: Cell, fault: Fault): Verdict {
  let verdict: Verdict = VERBATIM;
  let child = node + 1;
  for (const key of keys) {
    const found = value.check(tape, child);
    if (found === FAULTY) return within(fault, fieldPart(key));
    verdict = worse(verdict, found);
    child = nextOf(tape, child);
  }
  return verdict;
}

/** Tuple without names: an array with one value for each element. */
export function unnamedTupleCell(elements: readonly Cell[], fault: Fault): Cell {
  return {
    optional: elements.every(({ optional }) => optional),
    check(tape, node) {
      if (kindOf(tape, node) !== ARRAY) return wrongType(fault, tape, node, `arrays of ${elements.length} values`);
      if (extraOf(tape, node) !== elements.length)
        return fail(fault, 'invalid_value', `the array has ${extraOf(tape, node)} values, the column takes ${elements.length}`);
      let verdict: Verdict = VERBATIM;
      let child = node + 1;
      for (const [i, element] of elements.entries()) {
        const found = element.check(tape, child);
        if (found === FAULTY) return within(fault, `[${i}]`);
        verdict = worse(verdict, found);
        child = nextOf(tape, child);
      }
      return verdict;
    },
    write(tape, node, out) {
      out.ascii('[');
      let child = node + 1;
      for (const [i, element] of elements.entries()) {
        if (i > 0) out.ascii(',');
        element.write(tape, child, out);
        child = nextOf(tape, child);
      }
      out.ascii(']');
    },
  };
}

interface NamedElement {
  readonly name: string;
  readonly cell: Cell;
  /** The type reads no null, but is NULL where the element is left out: Dynamic. */
  readonly nullIsAbsent: boolean;
}

/** For each key of a shape its element, undefined for a field to leave out; or why objects of this shape do not fit. */
interface TupleShape {
  readonly cells: ReadonlyArray<NamedElement | undefined>;
  readonly unknown: string | undefined;
  readonly missing: string | undefined;
  readonly drops: boolean;
}

/**
 * Tuple with names: an object. A missing element is NULL or empty; ClickHouse would make it 0 or '', so an element that has no such value
 * must be there. Names are matched letter for letter.
 */
export function namedTupleCell(elements: readonly NamedElement[], { fault, unknownNested }: CellOptions): Cell {
  const byName = new Map(elements.map((element) => [element.name, element]));
  const optional = elements.every(({ cell }) => cell.optional);
  const shapes = new WeakMap<Shape, TupleShape>();
  const planOf = (shape: Shape): TupleShape => {
    let plan = shapes.get(shape);
    if (plan === undefined) {
      const cells = shape.keys.map((key) => byName.get(key));
      const unknown = unknownNested === 'ignore' ? undefined : shape.keys.find((key) => !byName.has(key));
      const keys = new Set(shape.keys);
      const missing = elements.find(({ name, cell }) => !cell.optional && !keys.has(name))?.name;
      plan = { cells, unknown, missing, drops: cells.includes(undefined) };
      shapes.set(shape, plan);
    }
    return plan;
  };

  return {
    optional,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === NULL && optional) return REWRITE;
      if (kind !== OBJECT) return wrongType(fault, tape, node, 'objects');
      const shape = shapeOf(tape, node);
      const plan = planOf(shape);
      if (plan.unknown !== undefined) {
        fail(
          fault,
          'unknown_field',
          'the object has a field the tuple has no element for: add it to the column, or set unknown_fields: ignore',
        );
        return within(fault, fieldPart(plan.unknown));
      }
      if (plan.missing !== undefined) {
        fail(fault, 'missing_value', 'the object has no value for an element that is not Nullable');
        return within(fault, fieldPart(plan.missing));
      }
      const verdict = checkFields(tape, node, plan, shape, fault);
      return verdict === VERBATIM && hasEscapedKey(tape, node) ? REWRITE : verdict;
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === NULL) return out.ascii('{}');
      const { cells } = planOf(shapeOf(tape, node));
      let separator = '{';
      let child = node + 1;
      for (const element of cells) {
        if (element !== undefined && !isAbsent(tape, child, element)) {
          out.utf8(`${separator}${JSON.stringify(element.name)}:`);
          element.cell.write(tape, child, out);
          separator = ',';
        }
        child = nextOf(tape, child);
      }
      return out.ascii(separator === '{' ? '{}' : '}');
    },
  };
}

function isAbsent(tape: JsonTape, node: number, { nullIsAbsent }: NamedElement): boolean {
  return nullIsAbsent && kindOf(tape, node) === NULL;
}

function checkFields(tape: JsonTape, node: number, { cells, drops }: TupleShape, { keys }: Shape, fault: Fault): Verdict {
  let verdict: Verdict = drops ? REWRITE : VERBATIM;
  let child = node + 1;
  for (const [i, element] of cells.entries()) {
    const isLeftOut = element === undefined || isAbsent(tape, child, element);
    const found = isLeftOut ? REWRITE : element.cell.check(tape, child);
    if (found === FAULTY) return within(fault, fieldPart(keys[i] ?? ''));
    verdict = worse(verdict, found);
    child = nextOf(tape, child);
  }
  return verdict;
}

/** A column no value can be given to. */
export function unsupportedCell(fault: Fault): Cell {
  return {
    optional: false,
    check: () =>
      fail(fault, 'wrong_type', "the gateway does not write this column's type: leave the field out, or drop it in the pipeline"),
    write: copyToken,
  };
}
