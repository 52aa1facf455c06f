/** Messages → objects of their fields, in the order of the schema, whatever order they came in. */
import { ARRAY, NULL, OBJECT } from '../../core/json-tape.ts';
import { addBytes, addQuoted, addText, addWord, closeArray, closeObject, openContainer, TapeFull } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import type { FieldPlan, MessagePlan, Special } from './plan.ts';
import { enter, findFields, goTo, isPacked, nextOf, type Reading } from './reading.ts';
import { checkUtf8 } from './scalars.ts';
import { SPECIALS } from './specials.ts';
import { LENGTH } from './wire.ts';

const NULL_TEXT = Buffer.from('null');

/**
 * Writes the message of an occurrence and returns its node. `whole`: of all occurrences from this one on, which are parts of it.
 * @throws Undecodable; TapeFull
 */
export function writeMessage(reading: Reading, plan: MessagePlan, occurrence: number, whole: boolean): number {
  const { top, tape } = reading;
  enter(reading);
  const base = findFields(reading, plan, occurrence, whole);
  const node = tape.count;
  if (plan.special === undefined) writeObject(reading, plan, base);
  else writeSpecial(reading, plan.special, plan, base);
  reading.depth -= 1;
  reading.top = top;
  return node;
}

function writeObject(reading: Reading, plan: MessagePlan, base: number): void {
  const { tape } = reading;
  const token = openContainer(tape, OBJECT);
  const { fields } = plan;
  if (fields.length === 0) addText(tape, '{');
  for (let slot = 0; slot < fields.length; slot++) {
    const field = fields[slot]!;
    addBytes(tape, field.prefix);
    try {
      writeField(reading, field, reading.marks[base + slot]!);
    } catch (error) {
      if (error instanceof Undecodable) error.path.push(`.${field.name}`);
      throw error;
    }
  }
  addText(tape, '}');
  closeObject(tape, token, plan.shape);
}

function writeSpecial(reading: Reading, special: Special, plan: MessagePlan, base: number): void {
  if (special !== 'only-field' && special !== 'one-of') return SPECIALS[special](reading, plan, base);
  const slot = special === 'only-field' ? 0 : plan.fields.findIndex((_, i) => reading.marks[base + i] !== 0);
  if (slot < 0) addWord(reading.tape, NULL, NULL_TEXT);
  else writeField(reading, plan.fields[slot]!, reading.marks[base + slot]!);
}

/** Writes a field by its first occurrence, 0 if there is none. @throws Undecodable; TapeFull */
export function writeField(reading: Reading, field: FieldPlan, occurrence: number): void {
  if (field.kind === 'list') writeList(reading, field, occurrence);
  else if (field.kind === 'map') writeMap(reading, field, occurrence);
  else if (occurrence === 0) writeAbsent(reading, field);
  else writeValue(reading, field, occurrence, true);
}

function writeAbsent(reading: Reading, { absent, message }: FieldPlan): void {
  if (absent === 'refused') throw new Undecodable('is missing, and its schema requires it');
  if (absent === 'empty') writeMessage(reading, message!, 0, false);
  else addWord(reading.tape, absent.head, absent.text);
}

/** A value on its own. Scalars end where their occurrence ends. */
function writeValue(reading: Reading, { scalar, message }: FieldPlan, occurrence: number, whole: boolean): void {
  if (scalar === undefined) {
    writeMessage(reading, message!, occurrence, whole);
    return;
  }
  goTo(reading, occurrence);
  scalar.write(reading);
}

function writeList(reading: Reading, field: FieldPlan, first: number): void {
  const { tape, wire } = reading;
  enter(reading);
  const token = openContainer(tape, ARRAY);
  addText(tape, '[');
  let count = 0;
  const add = (write: () => void): void => {
    if (count > 0) addText(tape, ',');
    within(`[${count}]`, write);
    count += 1;
    if (tape.count > tape.mostTokens) throw new TapeFull('values');
  };
  for (let occurrence = first; occurrence !== 0; occurrence = nextOf(reading, occurrence)) {
    const { scalar } = field;
    if (scalar === undefined || scalar.wire === LENGTH || !isPacked(reading, occurrence)) {
      const at = occurrence;
      add(() => writeValue(reading, field, at, false));
      continue;
    }
    goTo(reading, occurrence);
    while (wire.at < wire.end) add(() => scalar.write(reading));
  }
  addText(tape, ']');
  closeArray(tape, token, count);
  reading.depth -= 1;
}

/** Of entries with the same key the last one counts, as the language has it. */
function writeMap(reading: Reading, field: FieldPlan, first: number): void {
  const { tape } = reading;
  const entry = field.entry!;
  enter(reading);
  const { top } = reading;
  const entries = new Map<string, number>();
  for (let occurrence = first; occurrence !== 0; occurrence = nextOf(reading, occurrence)) {
    const base = findFields(reading, entry, occurrence, false);
    entries.set(keyOf(reading, entry.fields[0]!, reading.marks[base]!), reading.marks[base + 1]!);
  }
  const token = openContainer(tape, OBJECT);
  addText(tape, '{');
  let separator = '';
  for (const [key, value] of entries) {
    addText(tape, separator);
    separator = ',';
    const bytes = Buffer.from(key);
    addQuoted(tape, bytes, 0, bytes.length);
    addText(tape, ':');
    within('[…]', () => writeEntry(reading, entry.fields[1]!, value));
  }
  addText(tape, '}');
  closeObject(tape, token, { keys: [...entries.keys()] });
  reading.depth -= 1;
  reading.top = top;
}

/** A value that is not written is one without fields, or zero. */
function writeEntry(reading: Reading, field: FieldPlan, occurrence: number): void {
  if (occurrence !== 0) writeValue(reading, field, occurrence, true);
  else if (field.message !== undefined) writeMessage(reading, field.message, 0, false);
  else addWord(reading.tape, field.scalar!.zero.head, field.scalar!.zero.text);
}

/** Keys are strings in the text, whatever they are in the schema. */
function keyOf(reading: Reading, { scalar }: FieldPlan, occurrence: number): string {
  const { wire, tape } = reading;
  if (scalar!.type.kind === 'string') {
    if (occurrence === 0) return '';
    goTo(reading, occurrence);
    checkUtf8(wire.bytes, wire.at, wire.end);
    return wire.bytes.toString('utf8', wire.at, wire.end);
  }
  if (occurrence === 0) return scalar!.zero.text.toString();
  // Written as a value, and taken back from the tape.
  const { length, count } = tape;
  goTo(reading, occurrence);
  scalar!.write(reading);
  const text = tape.bytes.toString('utf8', length, tape.length);
  tape.length = length;
  tape.count = count;
  return text;
}

function within(part: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof Undecodable) error.path.push(part);
    throw error;
  }
}
