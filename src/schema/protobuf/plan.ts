import type { Shape } from '../../core/json-tape.ts';
import type { FieldType, RecordType } from '../../core/schema.ts';
import type { Reading } from './reading.ts';

/** A type that is no message, and how its values are written. */
export interface Scalar {
  readonly type: FieldType;
  /** The wire type of a value on its own. */
  readonly wire: number;
  /** Writes the value at `wire.at` and steps over it. Strings and bytes reach to `wire.end`. @throws Undecodable; TapeFull */
  readonly write: (reading: Reading) => void;
  /** The value of a field that is absent and has no presence. */
  readonly zero: Constant;
}

/** A value that is the same every time: the token's head and its JSON text. */
export interface Constant {
  readonly head: number;
  readonly text: Buffer;
}

/** What a message is written as when it is not an object of its fields. */
export type Special = 'only-field' | 'one-of' | 'timestamp' | 'duration' | 'date' | 'time' | 'decimal';

export interface MessagePlan {
  readonly name: string;
  /** In the order of the schema. */
  readonly fields: FieldPlan[];
  readonly oneofs: number;
  /** Where in `fields` a field is, by its number; −1 where there is none. Numbers beyond are in `far`. */
  near: Int32Array;
  readonly far: Map<number, number>;
  readonly shape: Shape;
  readonly special: Special | undefined;
  readonly type: FieldType;
}

export interface FieldPlan {
  readonly name: string;
  readonly number: number;
  readonly kind: 'one' | 'list' | 'map';
  /** One of the two. Of a map: what its values are. */
  readonly scalar: Scalar | undefined;
  readonly message: MessagePlan | undefined;
  /** Its messages are groups. */
  readonly group: boolean;
  /** Of a map: its entries, messages with the fields `key` and `value`. */
  readonly entry: MessagePlan | undefined;
  /** Which of the message's oneofs it is in, or −1. */
  readonly oneof: number;
  /** What stands for it when it is absent: 'empty' is a message without fields. */
  readonly absent: Constant | 'refused' | 'empty';
  /** What is before its value: bracket or comma, and key. */
  readonly prefix: Buffer;
}

/** A plan that gets its fields later: messages lead back to themselves. `type` is what is said of it meanwhile. */
export function emptyPlan(name: string, type: FieldType, special: Special | undefined): MessagePlan & { oneofs: number; shape: Shape } {
  return { name, fields: [], oneofs: 0, near: new Int32Array(0), far: new Map(), shape: { keys: [] }, special, type };
}

/** Numbers up to this are looked up in an array. */
const NEAR = 1024;

/** Puts the fields into a plan. */
export function fillPlan(plan: MessagePlan & { oneofs: number; shape: Shape }, fields: readonly FieldPlan[], oneofs: number): void {
  plan.fields.push(...fields);
  plan.oneofs = oneofs;
  plan.shape = { keys: fields.map(({ name }) => name) };
  const near = fields.filter(({ number }) => number <= NEAR);
  plan.near = new Int32Array(near.reduce((most, { number }) => Math.max(most, number), 0) + 1).fill(-1);
  fields.forEach(({ number }, slot) => {
    if (number <= NEAR) plan.near[number] = slot;
    else plan.far.set(number, slot);
  });
}

/** Where in its fields the one with a number is, or −1. */
export function slotOf(plan: MessagePlan, number: number): number {
  return number < plan.near.length ? plan.near[number]! : (plan.far.get(number) ?? -1);
}

/** The type of a message that is a record, to be filled in. */
export type GrowingRecord = RecordType & { readonly fields: RecordType['fields'][number][] };
