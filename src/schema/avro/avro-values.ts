import { isUtf8 } from 'node:buffer';
import { ARRAY, FALSE, NULL, OBJECT, type Shape, STRING, STRING_ESCAPED, STRING_PLAIN, TRUE } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import {
  addBytes,
  addInteger,
  addQuoted,
  addString,
  addText,
  addWord,
  closeArray,
  closeObject,
  openContainer,
  type TapeBuilder,
  TapeFull,
} from '../../core/tape-builder.ts';
import { addFloat } from '../floats.ts';
import { Undecodable } from '../undecodable.ts';
import type { AvroNode } from './avro-nodes.ts';
import { type AvroReader, enter, readBlocks, readByte, readIndex, readInt, readLength, readLong, take } from './avro-reader.ts';

const PLAIN = STRING | (STRING_PLAIN << 4);
const ESCAPED = STRING | (STRING_ESCAPED << 4);

const WORDS = { true: Buffer.from('true'), false: Buffer.from('false'), null: Buffer.from('null') };

/** @throws Undecodable for text that is not UTF-8. */
function takeText(reader: AvroReader): number {
  const length = readLength(reader);
  const from = take(reader, length);
  if (!isUtf8Text(reader.bytes, from, from + length)) throw new Undecodable('has a string that is not UTF-8');
  return from;
}

function isUtf8Text(bytes: Buffer, from: number, to: number): boolean {
  for (let p = from; p < to; p++) if (bytes[p]! >= 0x80) return isUtf8(bytes.subarray(p, to));
  return true;
}

/** Types that are only a name. */
export const PRIMITIVES: Readonly<Record<string, AvroNode>> = {
  null: { type: { kind: 'null' }, read: (_reader, tape) => void addWord(tape, NULL, WORDS.null) },
  boolean: {
    type: { kind: 'boolean' },
    read(reader, tape) {
      const byte = readByte(reader);
      if (byte > 1) throw new Undecodable('has a boolean that is neither 0 nor 1');
      addWord(tape, byte === 1 ? TRUE : FALSE, byte === 1 ? WORDS.true : WORDS.false);
    },
  },
  int: { type: { kind: 'int', bits: 32, signed: true }, read: (reader, tape) => void addInteger(tape, readInt(reader)) },
  long: { type: { kind: 'int', bits: 64, signed: true }, read: (reader, tape) => void addInteger(tape, readLong(reader)) },
  float: { type: { kind: 'float', bits: 32 }, read: (reader, tape) => addFloat(tape, reader.bytes.readFloatLE(take(reader, 4))) },
  double: { type: { kind: 'float', bits: 64 }, read: (reader, tape) => addFloat(tape, reader.bytes.readDoubleLE(take(reader, 8))) },
  string: {
    type: { kind: 'string' },
    read(reader, tape) {
      const from = takeText(reader);
      addString(tape, reader.bytes, from, reader.at);
    },
  },
  bytes: {
    type: { kind: 'bytes' },
    read(reader, tape) {
      const from = take(reader, readLength(reader));
      addString(tape, reader.bytes, from, reader.at);
    },
  },
};

export function fixedNode(size: number): AvroNode {
  return {
    type: { kind: 'bytes', size },
    read(reader, tape) {
      const from = take(reader, size);
      addString(tape, reader.bytes, from, reader.at);
    },
  };
}

export function enumNode(name: string, names: readonly string[], fallback: string | undefined): AvroNode {
  const texts = names.map((one) => Buffer.from(JSON.stringify(one)));
  const heads = texts.map((text) => (text.includes(0x5c) ? ESCAPED : PLAIN));
  return {
    type: { kind: 'enum', name, names, ...(fallback === undefined ? {} : { fallback }) },
    read(reader, tape) {
      const index = readIndex(reader, names.length, 'an enum');
      addWord(tape, heads[index]!, texts[index]!);
    },
  };
}

export function unionNode(branches: readonly AvroNode[]): AvroNode {
  return {
    type: { kind: 'union', branches: branches.map(({ type }) => type) },
    read: (reader, tape) => branches[readIndex(reader, branches.length, 'a union')]!.read(reader, tape),
  };
}

export function arrayNode(items: AvroNode): AvroNode {
  return {
    type: { kind: 'array', items: items.type },
    read(reader, tape) {
      enter(reader);
      const token = openContainer(tape, ARRAY);
      addText(tape, '[');
      let count = 0;
      readBlocks(reader, () => {
        if (count > 0) addText(tape, ',');
        within(`[${count}]`, () => items.read(reader, tape));
        count += 1;
        mustFit(tape);
      });
      addText(tape, ']');
      closeArray(tape, token, count);
      reader.depth -= 1;
    },
  };
}

export function mapNode(values: AvroNode): AvroNode {
  return {
    type: { kind: 'map', keys: { kind: 'string' }, values: values.type },
    read(reader, tape) {
      readObject(reader, tape, (add) => {
        const from = takeText(reader);
        add(reader.bytes.subarray(from, reader.at), () => values.read(reader, tape));
      });
    },
  };
}

/** A map as an array of records with a key and a value; undefined for other records. */
export function entriesNode(entry: AvroNode): AvroNode | undefined {
  if (entry.type.kind !== 'record') return undefined;
  const [key, value, ...others] = entry.type.fields;
  const parts = partsOf(entry);
  if (key?.name !== 'key' || value?.name !== 'value' || others.length > 0 || parts === undefined) return undefined;
  return {
    type: { kind: 'map', keys: key.type, values: value.type },
    read(reader, tape) {
      readObject(reader, tape, (add) => {
        // A key is a string in the text, whatever it is in the schema: read as a value, and taken back from the tape.
        const { length, count } = tape;
        parts[0]!.read(reader, tape);
        const isText = (tape.tokens[count * 4]! & 15) === STRING;
        const text = tape.bytes.toString('utf8', length, tape.length);
        tape.length = length;
        tape.count = count;
        add(Buffer.from(isText ? (JSON.parse(text) as string) : text), () => parts[1]!.read(reader, tape));
      });
    },
  };
}

/** An object whose keys are in the data. */
function readObject(reader: AvroReader, tape: TapeBuilder, readEntry: (add: (key: Buffer, readValue: () => void) => void) => void): void {
  enter(reader);
  const token = openContainer(tape, OBJECT);
  const keys = new Set<string>();
  addText(tape, '{');
  readBlocks(reader, () =>
    readEntry((bytes, readValue) => {
      const key = bytes.toString();
      if (keys.has(key)) throw new Undecodable('has a key twice in a map');
      if (keys.size > 0) addText(tape, ',');
      keys.add(key);
      addQuoted(tape, bytes, 0, bytes.length);
      addText(tape, ':');
      within('[…]', readValue);
      mustFit(tape);
    }),
  );
  addText(tape, '}');
  closeObject(tape, token, { keys: [...keys] });
  reader.depth -= 1;
}

/** Items that take no bytes are bounded by this alone. */
function mustFit(tape: TapeBuilder): void {
  if (tape.count > tape.mostTokens) throw new TapeFull('values');
}

const FIELDS = new WeakMap<FieldType, readonly AvroNode[]>();

/** The nodes of a record's fields. */
function partsOf({ type }: AvroNode): readonly AvroNode[] | undefined {
  return FIELDS.get(type);
}

/** The reader of a record whose fields are told later: they may lead back to the record. */
export function recordReader(): {
  readonly read: AvroNode['read'];
  complete(names: readonly string[], nodes: readonly AvroNode[], type: FieldType): void;
} {
  let fields: ReadonlyArray<{ readonly name: string; readonly before: Buffer; readonly node: AvroNode }> = [];
  let shape: Shape = { keys: [] };
  return {
    read(reader, tape) {
      enter(reader);
      const token = openContainer(tape, OBJECT);
      if (fields.length === 0) addText(tape, '{');
      for (let i = 0; i < fields.length; i++) {
        const { before, node, name } = fields[i]!;
        addBytes(tape, before);
        try {
          node.read(reader, tape);
        } catch (error) {
          if (error instanceof Undecodable) error.path.push(`.${name}`);
          throw error;
        }
      }
      addText(tape, '}');
      closeObject(tape, token, shape);
      reader.depth -= 1;
    },
    complete(names, nodes, type) {
      shape = { keys: names };
      fields = nodes.map((node, i) => ({
        node,
        name: names[i]!,
        before: Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(names[i])}:`),
      }));
      FIELDS.set(type, nodes);
    },
  };
}

function within(part: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof Undecodable) error.path.push(part);
    throw error;
  }
}
