/**
 * Finds the fields of a message before any of them is written: on the wire they come in any order, and the same one more than once.
 *
 * Where they are is kept in one array of integers that grows and shrinks like a stack, so that no message needs objects of its own:
 * - of a message: for each field its first and its last occurrence, then for each oneof the field that was last, plus 1;
 * - of an occurrence: where its content begins and ends, the next occurrence of the field, and its wire type.
 * 0 is no occurrence.
 */
import { type TapeBuilder, TapeFull } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { type FieldPlan, type MessagePlan, slotOf } from './plan.ts';
import { GROUP, LENGTH, readTag, skipValue, type Wire } from './wire.ts';

/** One frame that is being read. */
export interface Reading {
  readonly wire: Wire;
  readonly tape: TapeBuilder;
  marks: Int32Array;
  /** The first integer that is free. */
  top: number;
  /** Levels of containers that are open, and most of them. */
  depth: number;
  readonly deepest: number;
}

/** A million values: more are no record. */
const MOST_MARKS = 4_000_000;

const FROM = 0;
const TO = 1;
const NEXT = 2;
const TYPE = 3;
const OCCURRENCE = 4;

export function startReading(wire: Wire, tape: TapeBuilder, deepest: number, marks: Int32Array): Reading {
  // Index 0 stands for nothing.
  return { wire, tape, marks, top: 1, depth: 0, deepest };
}

/** Room for so many integers more. */
function claim(reading: Reading, count: number): number {
  const at = reading.top;
  const top = at + count;
  if (top > MOST_MARKS) throw new TapeFull('values');
  if (top > reading.marks.length) {
    const grown = new Int32Array(Math.max(reading.marks.length * 2, top));
    grown.set(reading.marks);
    reading.marks = grown;
  }
  reading.top = top;
  return at;
}

/** An occurrence of these bytes. */
export function addOccurrence(reading: Reading, from: number, to: number, type: number): number {
  const at = claim(reading, OCCURRENCE);
  const { marks } = reading;
  marks[at + FROM] = from;
  marks[at + TO] = to;
  marks[at + NEXT] = 0;
  marks[at + TYPE] = type;
  return at;
}

/** The next occurrence of the same field, or 0. */
export function nextOf({ marks }: Reading, occurrence: number): number {
  return marks[occurrence + NEXT]!;
}

/** Whether it is a list of values in one. */
export function isPacked({ marks }: Reading, occurrence: number): boolean {
  return marks[occurrence + TYPE] === LENGTH;
}

/** Goes to the content of an occurrence. */
export function goTo({ wire, marks }: Reading, occurrence: number): void {
  wire.at = marks[occurrence + FROM]!;
  wire.end = marks[occurrence + TO]!;
}

/** Steps into a container. @throws Undecodable */
export function enter(reading: Reading): void {
  reading.depth += 1;
  if (reading.depth > reading.deepest) throw new Undecodable(`is nested deeper than ${reading.deepest} levels: raise limits.depth`);
}

/**
 * Finds the fields of a message and returns where their occurrences are: that of the field in slot n at n. `whole`: all occurrences from this one on are
 * parts of the message, which is what several of a field that is not repeated are. The caller sets `top` back.
 * @throws Undecodable
 */
export function findFields(reading: Reading, plan: MessagePlan, occurrence: number, whole: boolean): number {
  const width = plan.fields.length;
  const base = claim(reading, 2 * width + plan.oneofs);
  reading.marks.fill(0, base, reading.top);
  for (let part = occurrence; part !== 0; part = whole ? nextOf(reading, part) : 0) {
    goTo(reading, part);
    findPart(reading, plan, base);
  }
  return base;
}

function findPart(reading: Reading, plan: MessagePlan, base: number): void {
  const { wire } = reading;
  const levels = reading.deepest - reading.depth;
  while (wire.at < wire.end) {
    const tag = readTag(wire);
    const before = wire.at;
    const to = skipValue(wire, tag, levels);
    const slot = slotOf(plan, tag >>> 3);
    if (slot < 0) continue;
    const field = plan.fields[slot]!;
    const type = tag & 7;
    if (!isOfType(field, type)) throw wrongWireType(field.name);
    // Of bytes with a length, what follows the length.
    const from = type === LENGTH ? to - wire.low : before;
    note(reading, plan, base, slot, addOccurrence(reading, from, to, type));
  }
}

function isOfType({ kind, scalar, group }: FieldPlan, type: number): boolean {
  if (kind === 'map') return type === LENGTH;
  if (scalar === undefined) return type === (group ? GROUP : LENGTH);
  return type === scalar.wire || (kind === 'list' && type === LENGTH);
}

function wrongWireType(name: string): Undecodable {
  const error = new Undecodable('has another wire type than its schema says');
  error.path.push(`.${name}`);
  return error;
}

function note(reading: Reading, plan: MessagePlan, base: number, slot: number, occurrence: number): void {
  const { marks } = reading;
  const field = plan.fields[slot]!;
  const last = base + plan.fields.length + slot;
  if (field.oneof >= 0) {
    const chosen = base + 2 * plan.fields.length + field.oneof;
    const other = marks[chosen]! - 1;
    if (other >= 0 && other !== slot) marks[base + other] = 0;
    marks[chosen] = slot + 1;
  }
  if (marks[base + slot] === 0 || (field.kind === 'one' && field.scalar !== undefined)) marks[base + slot] = occurrence;
  else marks[marks[last]! + NEXT] = occurrence;
  marks[last] = occurrence;
}
