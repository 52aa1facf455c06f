import protobuf from 'protobufjs';
import type { RegisteredSchema } from '../../core/ports.ts';
import { Undecodable } from '../undecodable.ts';
import { addKnownFile } from './imports.ts';

const OPTIONS = { keepCase: true, alternateCommentMode: true } as const;

const UNICODE_DEFAULT = /\bdefault\s*=\s*(?:"(?:[^"\\\n]|\\[^uU\n])*\\[uU]|'(?:[^'\\\n]|\\[^uU\n])*\\[uU])/;

/**
 * The messages of a schema's file, in the order in which they are numbered, with everything they refer to resolved. The package protobufjs reads the text;
 * values are read by our own reader, which believes no length and no count.
 * @throws Undecodable `unusable_schema`
 */
export function messagesOf({ text, references }: Pick<RegisteredSchema, 'text' | 'references'>): readonly protobuf.Type[] {
  try {
    return read(text, references);
  } catch (error) {
    if (error instanceof Undecodable) throw error;
    if (error instanceof RangeError) throw unusable('is nested too deep');
    throw unusable('is not a valid Protobuf schema, or refers to something that is not in it');
  }
}

function read(text: string, references: RegisteredSchema['references']): readonly protobuf.Type[] {
  for (const one of [text, ...references.map((reference) => reference.text)]) refuseLost(one);
  const root = new protobuf.Root();
  const given = new Set(references.map(({ name }) => name));
  const added = new Set<string>();
  const imported: string[] = [];
  for (const reference of references) imported.push(...importsOf(protobuf.parse(reference.text, root, OPTIONS)));
  imported.push(...importsOf(protobuf.parse(text, root, OPTIONS)));
  for (let name = imported.pop(); name !== undefined; name = imported.pop()) {
    if (given.has(name) || added.has(name)) continue;
    added.add(name);
    const more = addKnownFile(root, name);
    if (more === undefined) throw unusable('imports a file that the registry does not give with it');
    imported.push(...more);
  }
  root.resolveAll();
  const own = namesOf(text);
  return own.map((name) => root.lookupType(name));
}

/** What the parser passes over, or reads as something else, would be lost without a word. */
function refuseLost(text: string): void {
  const tokens = protobuf.tokenize(text, true);
  for (let token = tokens.next(); token !== null; token = tokens.next())
    if (token === '__proto__') throw unusable('has something by the name of __proto__, which cannot be read: give it another name');
  if (UNICODE_DEFAULT.test(text))
    throw unusable('has a default with an escape of the form \\u or \\U, which cannot be read: write the character itself');
}

function importsOf({ imports, weakImports }: protobuf.IParserResult): string[] {
  return [...(imports ?? []), ...(weakImports ?? [])];
}

/** The messages of the file itself: those of others can be in the same package. */
function namesOf(text: string): string[] {
  const root = new protobuf.Root();
  const { package: name } = protobuf.parse(text, root, OPTIONS);
  const space = name === undefined || name === null || name === '' ? root : root.lookup(name);
  if (!(space instanceof protobuf.Namespace)) throw unusable('has no message');
  const messages = space.nestedArray.filter((one) => one instanceof protobuf.Type);
  if (messages.length === 0) throw unusable('has no message');
  return messages.map(({ fullName }) => fullName);
}

function unusable(message: string): Undecodable {
  return new Undecodable(message, 'unusable_schema');
}
