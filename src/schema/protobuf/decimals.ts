import type protobuf from 'protobufjs';
import type { FieldType } from '../../core/schema.ts';

const OPTIONS = ['(confluent.field_meta)', '(.confluent.field_meta)'];

/**
 * What a field of the message `confluent.type.Decimal` holds, by the parameters `precision` and `scale` of its option `(confluent.field_meta)`, which Connect
 * writes; `otherwise` where they say nothing that a column could have. Values have a scale of their own: without the parameter `scale` any may come.
 */
export function decimalType({ parsedOptions }: protobuf.Field, otherwise: FieldType): FieldType {
  const given = new Map<unknown, unknown>();
  for (const option of listOf(parsedOptions))
    for (const name of OPTIONS)
      for (const param of listOf(property(property(option, name), 'params'))) given.set(property(param, 'key'), property(param, 'value'));
  const precision = wholeNumber(given.get('precision'));
  const scale = wholeNumber(given.get('scale'));
  if (scale === undefined || precision === 0 || scale > (precision ?? scale)) return otherwise;
  return { kind: 'decimal', ...(precision === undefined ? {} : { precision }), scale };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined ? [] : [value];
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : undefined;
}
