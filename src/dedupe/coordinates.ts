/**
 * Where in Kafka a record was, from its own fields.
 *
 * Invariant: a coordinate is read digit for digit, or not at all: what cannot be one is never taken for another.
 * Proved by `test/unit/dedupe/identity.test.ts`.
 */
import type { RecordEnvelope } from '../core/batch.ts';
import type { CoordinateFields } from '../core/config.ts';
import { MAX_POSITION } from '../core/identity.ts';
import {
  endOf,
  extraOf,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  NUMBER_INTEGER,
  nextOf,
  OBJECT,
  type Shape,
  STRING,
  STRING_PLAIN,
  shapeOf,
  startOf,
  stringOf,
} from '../core/json-tape.ts';

/** Where a record was in Kafka. */
export interface Coordinates {
  readonly topic: string;
  readonly partition: number;
  /** A number while that is exact. */
  readonly offset: number | bigint;
}

/** Why a record has no coordinates: it lacks the fields, or one of them, named, is not what it should be. */
export type Verdict = Coordinates | 'missing' | { readonly invalid: string };

/** Which members of an object hold the coordinates; topic −1 when none does. */
interface Places {
  readonly topic: number;
  readonly partition: number;
  readonly offset: number;
  readonly names: CoordinateFields;
}

const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const MAX_PARTITION = 2 ** 31 - 1;
/** So many digits are a number that is exact, and fewer than 2^63. */
const SAFE_DIGITS = 15;

/**
 * A reader of coordinates from the first of `fields` that a record has. `topic` is the URL's, for records that name none. What it returns is valid until
 * its next call: a record costs no object.
 */
export function createCoordinateReader(
  fields: readonly CoordinateFields[],
): (record: RecordEnvelope, topic: string | undefined) => Verdict {
  const places = new WeakMap<Shape, Places | 'none'>();
  const placesOf = (shape: Shape): Places | 'none' => {
    let known = places.get(shape);
    if (known === undefined) {
      known = findPlaces(shape, fields);
      places.set(shape, known);
    }
    return known;
  };
  /** The topic read last and its text: most of the time the next one is the same. */
  let lastTopic = '';
  const found = { topic: '', partition: 0, offset: 0 as number | bigint };

  return ({ value: { tape, node } }, topicOfUrl) => {
    if (kindOf(tape, node) !== OBJECT) return 'missing';
    const at = placesOf(shapeOf(tape, node));
    if (at === 'none') return 'missing';
    const last = Math.max(at.topic, at.partition, at.offset);
    let topicNode = -1;
    let partitionNode = -1;
    let offsetNode = -1;
    let child = node + 1;
    for (let i = 0; i <= last; i++) {
      if (i === at.topic) topicNode = child;
      else if (i === at.partition) partitionNode = child;
      else if (i === at.offset) offsetNode = child;
      child = nextOf(tape, child);
    }
    if (kindOf(tape, partitionNode) === NULL || kindOf(tape, offsetNode) === NULL) return 'missing';
    const partition = readWhole(tape, partitionNode);
    if (partition === undefined || partition > MAX_PARTITION) return { invalid: at.names.partition };
    const offset = readWhole(tape, offsetNode);
    if (offset === undefined) return { invalid: at.names.offset };
    const topic = topicNode === -1 || kindOf(tape, topicNode) === NULL ? topicOfUrl : readTopic(tape, topicNode, lastTopic);
    if (topic === undefined) return topicNode === -1 ? 'missing' : { invalid: at.names.topic };
    lastTopic = topic;
    found.topic = topic;
    found.partition = Number(partition);
    found.offset = offset;
    return found;
  };
}

function findPlaces({ keys }: Shape, fields: readonly CoordinateFields[]): Places | 'none' {
  for (const names of fields) {
    const partition = keys.indexOf(names.partition);
    const offset = keys.indexOf(names.offset);
    if (partition !== -1 && offset !== -1) return { topic: names.topic === '' ? -1 : keys.indexOf(names.topic), partition, offset, names };
  }
  return 'none';
}

/** Digits, also as text. Undefined for anything that is no whole number from 0 to 2^63 − 1. */
function readWhole(tape: JsonTape, node: number): number | bigint | undefined {
  const kind = kindOf(tape, node);
  let from = startOf(tape, node);
  let to = endOf(tape, node);
  if (kind === STRING && extraOf(tape, node) === STRING_PLAIN) {
    from += 1;
    to -= 1;
  } else if (kind !== NUMBER || extraOf(tape, node) !== NUMBER_INTEGER) {
    return undefined;
  }
  if (to === from) return undefined;
  let value = 0;
  for (let p = from; p < to; p++) {
    const digit = tape.bytes[p]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (to - from <= SAFE_DIGITS) return value;
  if (to - from > 40) return undefined;
  const exact = BigInt(tape.bytes.toString('latin1', from, to));
  return exact > MAX_POSITION ? undefined : exact;
}

function readTopic(tape: JsonTape, node: number, last: string): string | undefined {
  if (kindOf(tape, node) !== STRING) return undefined;
  const from = startOf(tape, node) + 1;
  const to = endOf(tape, node) - 1;
  if (last !== '' && to - from === last.length && sameText(tape.bytes, from, last)) return last;
  const text = stringOf(tape, node);
  return TOPIC.test(text) && text !== '.' && text !== '..' ? text : undefined;
}

function sameText(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}
