import { type JsonTape, kindOf, NULL, nextOf, OBJECT, shapeOf } from '../../core/json-tape.ts';
import type { FieldType } from '../../core/schema.ts';
import { Undecodable } from '../undecodable.ts';
import { branchNames, indexOfName } from './branch-names.ts';
import { choose, takes } from './choices.ts';
import { translateAny, translateNull } from './connect-scalars.ts';
import { located, type Translate, type Translators } from './translate.ts';

/** The branch a value names, and the node of what is in it. */
interface Named {
  readonly branch: FieldType;
  readonly node: number;
  readonly name: string;
}

/**
 * Unions: the value itself; an object whose one member is named for a branch, as Avro's JSON encoding has it; or an object with a member for each branch, one
 * of which is not null, as Kafka Connect has it. No branch is tried: what a value can be is told by its kind and its keys, so nesting costs nothing.
 */
export function unionTranslator(branches: readonly FieldType[], of: Translators): Translate {
  if (branches.some(({ kind }) => kind === 'any')) return translateAny;
  const hasNull = branches.some(({ kind }) => kind === 'null');
  const others = branches.filter(({ kind }) => kind !== 'null');
  const names = branchNames(others);
  const only = others.length === 1 ? others[0] : undefined;

  return (source, node, tape) => {
    const kind = kindOf(source, node);
    if (kind === NULL && hasNull) return translateNull(source, node, tape);
    if (only !== undefined && kind !== OBJECT && takes(only, kind)) return of(only)(source, node, tape);
    const named = kind === OBJECT ? namedBranch(source, node) : undefined;
    const bare = choose(others, source, node, named?.name);
    if (named === undefined) {
      if (bare.length === 1) return of(bare[0]!)(source, node, tape);
      throw new Undecodable(bare.length === 0 ? 'fits no branch of its union' : 'fits more than one branch of its union');
    }
    if (bare.length > 0) throw new Undecodable('is a branch of its union, or names one');
    try {
      return of(named.branch)(source, named.node, tape);
    } catch (error) {
      throw located(error, `.${named.name}`);
    }
  };

  function namedBranch(source: JsonTape, node: number): Named | undefined {
    const { keys } = shapeOf(source, node);
    let found: Named | undefined;
    let child = node + 1;
    for (const name of keys) {
      const index = indexOfName(names, name, others.length);
      if (index === undefined) return undefined;
      if (keys.length === 1 || kindOf(source, child) !== NULL) {
        // Two branches at once are no value of a union; it can still be a map or a record.
        if (found !== undefined) return undefined;
        const branch = others[index]!;
        if (!takes(branch, kindOf(source, child))) return undefined;
        found = { branch, node: child, name };
      }
      child = nextOf(source, child);
    }
    return found;
  }
}
