import protobuf from 'protobufjs';
import { NULL } from '../../core/json-tape.ts';
import type { FieldType, RecordField } from '../../core/schema.ts';
import { Undecodable } from '../undecodable.ts';
import { decimalType } from './decimals.ts';
import { defaultConstant } from './defaults.ts';
import { type Constant, emptyPlan, type FieldPlan, fillPlan, type MessagePlan, type Scalar } from './plan.ts';
import { SCALARS } from './scalars.ts';

/** What a field holds, or each of its values: one of the two. */
export type FieldValue = Pick<FieldPlan, 'scalar' | 'message'>;

/** Nothing. */
export const NULL_TEXT: Constant = { head: NULL, text: Buffer.from('null') };

interface Place {
  readonly isFirst: boolean;
  readonly oneofs: ReadonlyMap<protobuf.OneOf, number>;
}

/** How a field is read, and what its schema says of it. @throws Undecodable `unusable_schema` */
export function fieldPlan(field: protobuf.Field, value: FieldValue, { isFirst, oneofs }: Place): { plan: FieldPlan; record: RecordField } {
  // An extension has the dot of its full name.
  const name = field.name.replace(/^\./, '');
  const entry = field instanceof protobuf.MapField ? entryPlan(field, value) : undefined;
  const kind = entry !== undefined ? 'map' : field.repeated ? 'list' : 'one';
  const absent = kind === 'one' ? absentOf(field, value.scalar) : NULL_TEXT;
  const plan: FieldPlan = {
    name,
    number: field.id,
    kind,
    scalar: kind === 'map' ? undefined : value.scalar,
    message: kind === 'map' ? undefined : value.message,
    group: field.delimited,
    entry,
    oneof: (field.partOf === null ? undefined : oneofs.get(field.partOf)) ?? -1,
    absent,
    prefix: Buffer.from(`${isFirst ? '{' : ','}${JSON.stringify(name)}:`),
  };
  const doc = field.comment ?? '';
  return { plan, record: { name, aliases: [], type: typeOf(plan, ownType(field, value)), ...(doc === '' ? {} : { doc }) } };
}

/** Of each of its values. */
function ownType(field: protobuf.Field, { scalar, message }: FieldValue): FieldType {
  const type = scalar?.type ?? message!.type;
  return message?.special === 'decimal' ? decimalType(field, type) : type;
}

function typeOf({ kind, entry, absent }: FieldPlan, own: FieldType): FieldType {
  if (kind === 'map') return { kind: 'map', keys: entry!.fields[0]!.scalar!.type, values: own };
  if (kind === 'list') return { kind: 'array', items: own };
  return absent === NULL_TEXT && own.kind !== 'any' && own.kind !== 'null' ? { kind: 'union', branches: [{ kind: 'null' }, own] } : own;
}

/** What an entry of a map is on the wire: https://protobuf.dev/programming-guides/encoding/#maps. */
function entryPlan(field: protobuf.MapField, value: FieldValue): MessagePlan {
  const key = Object.hasOwn(SCALARS, field.keyType) ? SCALARS[field.keyType] : undefined;
  if (key === undefined) throw new Undecodable('has a map with keys of a type that none can have', 'unusable_schema');
  const plan = emptyPlan(field.name, { kind: 'any' }, undefined);
  fillPlan(plan, [entryPart('key', 1, { scalar: key, message: undefined }), entryPart('value', 2, value)], 0);
  return plan;
}

function entryPart(name: string, number: number, { scalar, message }: FieldValue): FieldPlan {
  const absent = scalar?.zero ?? 'empty';
  return { name, number, kind: 'one', scalar, message, group: false, entry: undefined, oneof: -1, absent, prefix: Buffer.alloc(0) };
}

/** What stands for a field that is not there: its default in proto2, zero where presence is not told, and otherwise nothing. */
function absentOf(field: protobuf.Field, scalar: Scalar | undefined): FieldPlan['absent'] {
  if (field.required) return 'refused';
  const written: unknown = field.options?.['default'];
  if (scalar !== undefined && written !== undefined) return defaultConstant(scalar.type, written);
  return field.hasPresence || scalar === undefined ? NULL_TEXT : scalar.zero;
}
