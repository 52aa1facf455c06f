import protobuf from 'protobufjs';
import type { RegisteredSchema } from '../../core/ports.ts';
import type { FieldType } from '../../core/schema.ts';
import type { Codec, CodecLimits, Frame } from '../codec.ts';
import { Undecodable } from '../undecodable.ts';
import { createPlans } from './compile.ts';
import { readIndexes } from './frames.ts';
import { writeMessage } from './messages.ts';
import type { MessagePlan } from './plan.ts';
import { addOccurrence, startReading } from './reading.ts';
import { messagesOf } from './schema-files.ts';
import { LENGTH, wireOf } from './wire.ts';

/** Integers that are kept for finding fields: enough for most messages. */
const MARKS = 1024;
const MOST_MARKS = 1024 * 1024;

/**
 * A codec for a Protobuf schema. Values begin with the indexes of their message, unless they are bare: those are of the first one.
 * @throws Undecodable `unusable_schema`
 */
export function compileProtobuf(schema: Pick<RegisteredSchema, 'text' | 'references'>, { depth }: CodecLimits): Codec {
  const messages = messagesOf(schema);
  const planOf = createPlans();
  const first = planOf(messages[0]!);
  let marks: Int32Array = new Int32Array(MARKS);

  const planFor = (frame: Frame): { plan: MessagePlan; from: number } => {
    if (frame.bare === true) return { plan: first, from: frame.from };
    const { indexes, from } = readIndexes(frame);
    return { plan: indexes.length === 1 && indexes[0] === 0 ? first : planOf(messageAt(messages, indexes)), from };
  };
  return {
    type: first.type,
    typeOf: (frame): FieldType => planFor(frame).plan.type,
    read(frame, tape) {
      const { plan, from } = planFor(frame);
      const reading = startReading(wireOf(frame.bytes, from, frame.to), tape, depth, marks);
      try {
        return writeMessage(reading, plan, addOccurrence(reading, from, frame.to, LENGTH), false);
      } finally {
        if (reading.marks.length <= MOST_MARKS) ({ marks } = reading);
      }
    },
  };
}

function messageAt(messages: readonly protobuf.Type[], [index, ...rest]: readonly number[]): protobuf.Type {
  const found = messages[index ?? 0];
  if (found === undefined) throw new Undecodable('names a message that its schema does not have');
  if (rest.length === 0) return found;
  const inner = found.nestedArray.filter((one) => one instanceof protobuf.Type);
  return messageAt(inner, rest);
}
