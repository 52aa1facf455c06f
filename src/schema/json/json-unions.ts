import type { FieldType } from '../../core/schema.ts';

export const NULL: FieldType = { kind: 'null' };
/** Takes null as well. */
export const ANY: FieldType = { kind: 'any' };

/** More of them are any JSON. */
const MOST_BRANCHES = 100;

/** One of these: null first, each once, and no union around a single one. */
export function unionOf(types: readonly FieldType[]): FieldType {
  const branches = new Map<unknown, FieldType>();
  let hasNull = false;
  // Many references can lead to one large union.
  for (const type of new Set(types)) {
    for (const branch of type.kind === 'union' ? type.branches : [type]) {
      if (branch.kind === 'any') return ANY;
      if (branch.kind === 'null') hasNull = true;
      else branches.set(identityOf(branch), branch);
    }
    if (branches.size > MOST_BRANCHES) return ANY;
  }
  const all = [...(hasNull ? [NULL] : []), ...branches.values()];
  if (all.length === 0) return ANY;
  return all.length === 1 ? all[0]! : { kind: 'union', branches: all };
}

/** What has parts is itself alone: parts may not be read yet, and may lead back. */
function identityOf(type: FieldType): unknown {
  const hasParts = type.kind === 'record' || type.kind === 'array' || type.kind === 'map' || type.kind === 'union';
  return hasParts ? type : JSON.stringify(type);
}
