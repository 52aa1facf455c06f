import { type JsonTape, textOf } from '../core/json-tape.ts';
import type { Column } from '../core/table.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type CellOptions, fail, VERBATIM, type Verdict } from './cell.ts';
import { createFreeForm } from './cells/free-form.ts';
import { keyCheck } from './cells/map-keys.ts';
import { compileCell, compilePaths } from './compile-cell.ts';

/** A field no column is there for, as a part of the object that goes to the `into` column. */
export interface UnknownField {
  readonly key: string;
  readonly node: number;
}

/** The column that takes all unknown fields of a record as one object. */
export interface IntoColumn {
  readonly column: string;
  check(tape: JsonTape, field: UnknownField): Verdict;
  write(tape: JsonTape, fields: readonly UnknownField[], out: ByteWriter): void;
}

/** For a column of type JSON, Map with text keys, or String; undefined for any other. */
export function compileInto({ name, type }: Column, options: CellOptions): IntoColumn | undefined {
  const { fault } = options;
  switch (type.kind) {
    case 'json': {
      const free = createFreeForm(fault, compilePaths(type.paths, options));
      const dotted = (): Verdict => fail(fault, 'ambiguous_value', 'the name of the field has a dot, which ClickHouse takes for a path');
      return {
        column: name,
        check: (tape, { key, node }) => (key.includes('.') ? dotted() : free.check(tape, node, key)),
        write: (tape, fields, out) => writeObject(fields, ({ key, node }) => free.write(tape, node, key, out), out),
      };
    }
    case 'map': {
      const cell = compileCell(type.value, options);
      const fits = keyCheck(type.key);
      const wrongKey = (): Verdict => fail(fault, 'invalid_value', "the name of the field is not a value of the map's key type");
      return {
        column: name,
        check: (tape, { key, node }) => (fits(key) ? cell.check(tape, node) : wrongKey()),
        write: (tape, fields, out) => writeObject(fields, ({ node }) => cell.write(tape, node, out), out),
      };
    }
    case 'string':
      return {
        column: name,
        check: () => VERBATIM,
        write: (tape, fields, out) =>
          out.utf8(JSON.stringify(`{${fields.map(({ key, node }) => `${JSON.stringify(key)}:${textOf(tape, node)}`).join(',')}}`)),
      };
    default:
      return undefined;
  }
}

function writeObject(fields: readonly UnknownField[], write: (field: UnknownField) => void, out: ByteWriter): void {
  out.ascii('{');
  for (const [i, field] of fields.entries()) {
    out.utf8(`${i === 0 ? '' : ','}${JSON.stringify(field.key)}:`);
    write(field);
  }
  out.ascii('}');
}
