import { type JsonTape, kindOf } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import type { TapeBuilder } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';

/** Writes what a node of JSON stands for, in the forms of `core/tape-builder.ts`, and returns its node. @throws Undecodable; TapeFull */
export type Translate = (source: JsonTape, node: number, tape: TapeBuilder) => number;

/** The translator of a type: the same one each time. */
export type Translators = (type: FieldType) => Translate;

const WORDS = ['null', 'a boolean', 'a boolean', 'a number', 'text', 'an object', 'an array'];

/** A value of another kind than `wanted`, such as `an object`. */
export function mismatch(source: JsonTape, node: number, wanted: string): Undecodable {
  return new Undecodable(`is ${WORDS[kindOf(source, node)]} where its schema has ${wanted}`);
}

/** The error, which happened in this part of a value. */
export function located(error: unknown, part: string): unknown {
  if (error instanceof Undecodable) error.path.push(part);
  return error;
}
