import {
  ARRAY,
  extraOf,
  FALSE,
  type JsonTape,
  kindOf,
  NUMBER,
  nextOf,
  OBJECT,
  STRING,
  shapeOf,
  stringOf,
  TRUE,
  textOf,
} from '../../core/json-tape.ts';
import { addKey, addText, builtTape, closeArray, closeObject, openContainer, rewind, type TapeBuilder } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { located, mismatch, type Translate } from './translate.ts';

/** Arrays of what `items` translates. */
export function arrayTranslator(items: Translate): Translate {
  return (source, node, tape) => {
    if (kindOf(source, node) !== ARRAY) throw mismatch(source, node, 'an array');
    const token = openContainer(tape, ARRAY);
    const count = extraOf(source, node);
    let i = 0;
    addText(tape, '[');
    try {
      for (let child = node + 1; i < count; i++, child = nextOf(source, child)) {
        if (i > 0) addText(tape, ',');
        items(source, child, tape);
      }
    } catch (error) {
      throw located(error, `[${i}]`);
    }
    addText(tape, ']');
    closeArray(tape, token, count);
    return token;
  };
}

/** Maps: an object, or an array of entries, each `[key,value]` or `{"key":…,"value":…}`. */
export function mapTranslator(keys: Translate, values: Translate): Translate {
  return (source, node, tape) => {
    const token = openContainer(tape, OBJECT);
    addText(tape, '{');
    const written = new Set<string>();
    const write = (key: string, value: number): void => {
      if (written.has(key)) throw new Undecodable('has a key twice in a map');
      if (written.size > 0) addText(tape, ',');
      written.add(key);
      addKey(tape, key);
      try {
        values(source, value, tape);
      } catch (error) {
        throw located(error, '[…]');
      }
    };
    const kind = kindOf(source, node);
    if (kind === OBJECT) eachMember(source, node, write);
    else if (kind === ARRAY) eachEntry(source, node, (key, value) => write(keyText(keys, source, key, tape), value));
    else throw mismatch(source, node, 'a map');
    addText(tape, '}');
    closeObject(tape, token, { keys: [...written] });
    return token;
  };
}

function eachMember(source: JsonTape, node: number, write: (key: string, value: number) => void): void {
  let child = node + 1;
  for (const key of shapeOf(source, node).keys) {
    write(key, child);
    child = nextOf(source, child);
  }
}

function eachEntry(source: JsonTape, node: number, write: (key: number, value: number) => void): void {
  const count = extraOf(source, node);
  let i = 0;
  try {
    for (let child = node + 1; i < count; i++, child = nextOf(source, child)) {
      const first = child + 1;
      const isPair = kindOf(source, child) === ARRAY && extraOf(source, child) === 2;
      const [one, other, ...others] = kindOf(source, child) === OBJECT ? shapeOf(source, child).keys : [];
      const isEntry = others.length === 0 && (one === 'key' || other === 'key') && (one === 'value' || other === 'value');
      if (!isPair && !isEntry) throw new Undecodable('is no entry of a map');
      const second = nextOf(source, first);
      if (isEntry && one === 'value') write(second, first);
      else write(first, second);
    }
  } catch (error) {
    throw located(error, `[${i}]`);
  }
}

/** A key is text in the object, whatever it is in the schema: written as a value, and taken back. */
function keyText(keys: Translate, source: JsonTape, key: number, tape: TapeBuilder): string {
  const { length, count } = tape;
  const node = keys(source, key, tape);
  const written = builtTape(tape);
  const kind = kindOf(written, node);
  const isScalar = kind === STRING || kind === NUMBER || kind === TRUE || kind === FALSE;
  if (!isScalar) throw new Undecodable('has a key in a map that is no scalar');
  const text = kind === STRING ? stringOf(written, node) : textOf(written, node);
  rewind(tape, length, count);
  return text;
}
