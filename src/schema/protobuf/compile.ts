import protobuf from 'protobufjs';
import { NULL } from '../../core/json-tape.ts';
import type { RecordField } from '../../core/schema.ts';
import { addWord } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { type FieldValue, fieldPlan, NULL_TEXT } from './fields.ts';
import { knownMessage } from './known-messages.ts';
import { emptyPlan, fillPlan, type GrowingRecord, type MessagePlan, type Scalar } from './plan.ts';
import { enumScalar, SCALARS } from './scalars.ts';
import { readVarint, VARINT } from './wire.ts';

/**
 * Plans of messages, each made once. @throws (the function) Undecodable `unusable_schema`
 *
 * Invariant: a plan is handed out only when it and all it leads to are complete. One that has not got its fields would read every record as empty.
 */
export function createPlans(): (type: protobuf.Type) => MessagePlan {
  const asked = new Map<protobuf.Type, MessagePlan | Undecodable>();
  let plans = new Map<protobuf.Type, MessagePlan>();
  const enums = new Map<protobuf.Enum, Scalar>();

  const enumOf = (found: protobuf.Enum): Scalar => {
    const known = enums.get(found);
    if (known !== undefined) return known;
    const name = nameOf(found);
    const scalar = name === 'google.protobuf.NullValue' ? NULL_VALUE : enumScalar(name, Object.entries(found.values), isOpen(found));
    enums.set(found, scalar);
    return scalar;
  };

  const planOf = (type: protobuf.Type): MessagePlan => {
    const made = plans.get(type);
    if (made !== undefined) return made;
    const name = nameOf(type);
    const known = knownMessage(
      name,
      type.fieldsArray.map((field) => field.name),
    );
    const fields: RecordField[] = [];
    const record: GrowingRecord = { kind: 'record', name, fields };
    const plan = emptyPlan(name, known?.type ?? record, known?.special);
    plans.set(type, plan);
    const oneofs = new Map(type.oneofsArray.filter((oneof) => oneof.fieldsArray.length > 1).map((oneof, i) => [oneof, i]));
    const parts = type.fieldsArray.map((field, i) => fieldPlan(field, valueOf(field), { isFirst: i === 0, oneofs }));
    for (const part of parts) fields.push(part.record);
    fillPlan(
      plan,
      parts.map((part) => part.plan),
      oneofs.size,
    );
    const [first] = parts;
    // A wrapper is what it wraps, and absent where there is none.
    if (known !== undefined && known.type === undefined && first !== undefined)
      Object.assign(plan, { type: first.plan.scalar?.type ?? record });
    return plan;
  };

  const valueOf = (field: protobuf.Field): FieldValue => {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) return { scalar: undefined, message: planOf(resolvedType) };
    if (resolvedType instanceof protobuf.Enum) return { scalar: enumOf(resolvedType), message: undefined };
    const scalar = Object.hasOwn(SCALARS, field.type) ? SCALARS[field.type] : undefined;
    if (scalar === undefined) throw new Undecodable('has a field of a type that Protobuf does not have', 'unusable_schema');
    return { scalar, message: undefined };
  };

  const tryPlan = (type: protobuf.Type): MessagePlan | Undecodable => {
    const complete = new Map(plans);
    try {
      return planOf(type);
    } catch (error) {
      plans = complete;
      if (error instanceof Undecodable) return error;
      if (error instanceof RangeError) return new Undecodable('is nested too deep', 'unusable_schema');
      throw error;
    }
  };

  return (type) => {
    const plan = asked.get(type) ?? tryPlan(type);
    asked.set(type, plan);
    if (plan instanceof Undecodable) throw new Undecodable(plan.message, plan.code);
    return plan;
  };
}

const NULL_VALUE: Scalar = {
  type: { kind: 'null' },
  wire: VARINT,
  zero: NULL_TEXT,
  write({ wire, tape }) {
    readVarint(wire);
    addWord(tape, NULL, NULL_TEXT.text);
  },
};

/** Of the language's version, or as the schema says: the library has no other word for it. */
function isOpen(found: protobuf.Enum): boolean {
  const features: unknown = Reflect.get(found, '_features');
  return typeof features !== 'object' || features === null || Reflect.get(features, 'enum_type') !== 'CLOSED';
}

function nameOf({ fullName }: { readonly fullName: string }): string {
  return fullName.replace(/^\./, '');
}
