import type { FieldType } from '../../core/schema.ts';
import type { Special } from './plan.ts';

interface KnownMessage {
  readonly special: Special;
  /** Absent: that of its only field. */
  readonly type?: FieldType;
}

/** Messages that stand for a value of another kind. `fields`: those they must have, in this order, to be what their name says. */
const KNOWN: Readonly<Record<string, KnownMessage & { readonly fields: string }>> = {
  'google.protobuf.Timestamp': { special: 'timestamp', fields: 'seconds,nanos', type: { kind: 'timestamp', digits: 9, local: false } },
  'google.protobuf.Duration': { special: 'duration', fields: 'seconds,nanos', type: { kind: 'decimal', precision: 21, scale: 9 } },
  'google.protobuf.Struct': { special: 'only-field', fields: 'fields', type: { kind: 'any' } },
  'google.protobuf.ListValue': { special: 'only-field', fields: 'values', type: { kind: 'any' } },
  'google.protobuf.Value': {
    special: 'one-of',
    fields: 'null_value,number_value,string_value,bool_value,struct_value,list_value',
    type: { kind: 'any' },
  },
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => [
      `google.protobuf.${name}Value`,
      { special: 'only-field' as const, fields: 'value' },
    ]),
  ),
  'google.type.Date': { special: 'date', fields: 'year,month,day', type: { kind: 'date' } },
  'google.type.TimeOfDay': { special: 'time', fields: 'hours,minutes,seconds,nanos', type: { kind: 'time', digits: 9 } },
  'google.type.Decimal': { special: 'only-field', fields: 'value' },
  'confluent.type.Decimal': { special: 'decimal', fields: 'value,precision,scale', type: { kind: 'decimal', precision: 38, scale: 18 } },
};

/** What a message stands for by its full name, if it has the fields the name promises. */
export function knownMessage(name: string, fields: readonly string[]): KnownMessage | undefined {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  return known !== undefined && fields.map(snake).join(',') === known.fields ? known : undefined;
}

/** The files that come with protobufjs have names in the other style. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
