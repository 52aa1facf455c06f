import { isUtf8 } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';
import {
  ARRAY,
  endOf,
  extraOf,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  NUMBER_INTEGER,
  OBJECT,
  STRING,
  STRING_PLAIN,
  startOf,
  stringOf,
  textOf,
} from '../../core/json-tape.ts';
import type { ColumnType } from '../../core/table.ts';
import { type Cell, type Fault, fail, REWRITE, VERBATIM } from '../cell.ts';
import { rawBytes } from './raw-strings.ts';
import { copyToken, textCell, wrongType } from './shared.ts';

/** String: strings as they are, whatever bytes they hold, and the JSON text of anything else, so that 1.10 stays 1.10. */
export function stringCell(fault: Fault): Cell {
  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === STRING) return VERBATIM;
      if (kind === NULL) return wrongType(fault, tape, node, 'strings');
      // Bytes of a schema, inside of an object: as text they would be others.
      const isText = (kind !== OBJECT && kind !== ARRAY) || isUtf8(tape.bytes.subarray(startOf(tape, node), endOf(tape, node)));
      return isText
        ? REWRITE
        : fail(fault, 'invalid_value', 'the value has bytes in it that are no text, and the column takes its JSON text');
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === STRING) copyToken(tape, node, out);
      else out.utf8(JSON.stringify(textOf(tape, node)));
    },
  };
}

/** FixedString(N): ClickHouse fills up shorter strings with zero bytes, as the type says. */
export function fixedStringCell({ bytes }: Extract<ColumnType, { kind: 'fixed-string' }>, fault: Fault): Cell {
  return {
    optional: false,
    check(tape, node) {
      if (kindOf(tape, node) !== STRING) return wrongType(fault, tape, node, 'strings');
      return sizeOf(tape, node) <= bytes
        ? VERBATIM
        : fail(fault, 'out_of_range', `the string is longer than the ${bytes} bytes of FixedString(${bytes})`);
    },
    write: copyToken,
  };
}

function sizeOf(tape: JsonTape, node: number): number {
  return extraOf(tape, node) === STRING_PLAIN ? endOf(tape, node) - startOf(tape, node) - 2 : rawBytes(tape, node).length;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function uuidCell(fault: Fault): Cell {
  return textCell(fault, 'UUIDs', (text) => (UUID.test(text) ? undefined : 'the text is not a UUID of 8-4-4-4-12 hexadecimal digits'));
}

export function ipv4Cell(fault: Fault): Cell {
  return textCell(fault, 'IPv4 addresses', (text) => (isIPv4(text) ? undefined : 'the text is not an IPv4 address'));
}

/** An IPv4 address is stored as its IPv6 form, ::ffff:a.b.c.d. A scope (%eth0) would be lost. */
export function ipv6Cell(fault: Fault): Cell {
  return textCell(fault, 'IPv6 addresses', (text) =>
    isIPv4(text) || (isIPv6(text) && !text.includes('%')) ? undefined : 'the text is not an IPv6 address without a scope',
  );
}

/** Enum8 and Enum16: a declared name, or the number of one. */
export function enumCell({ values }: Extract<ColumnType, { kind: 'enum' }>, fault: Fault): Cell {
  const numbers = new Set([...values.values()].map(String));
  return {
    optional: false,
    check(tape, node) {
      const kind = kindOf(tape, node);
      if (kind === STRING) {
        if (!values.has(stringOf(tape, node)))
          return fail(fault, 'invalid_value', `the text is none of the ${values.size} names of the enum`);
        return extraOf(tape, node) === STRING_PLAIN ? VERBATIM : REWRITE;
      }
      if (kind !== NUMBER) return wrongType(fault, tape, node, 'names of an enum');
      const known = extraOf(tape, node) === NUMBER_INTEGER && numbers.has(textOf(tape, node));
      return known ? VERBATIM : fail(fault, 'invalid_value', `the number is none of the ${values.size} values of the enum`);
    },
    write(tape, node, out) {
      if (kindOf(tape, node) === STRING) out.utf8(JSON.stringify(stringOf(tape, node)));
      else copyToken(tape, node, out);
    },
  };
}
