import type { FieldType } from '../../core/schema.ts';

/** Kafka Connect's names of branches that are numbered. */
const NUMBERED = /^(?:io\.confluent\.connect\.json\.OneOf\.field\.|connect_union_field_)(\d{1,4})$/;

/** Names of branches, and which one each is of; −1: of more than one. */
export function branchNames(branches: readonly FieldType[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  branches.forEach((branch, i) => {
    for (const name of new Set(namesOf(branch))) names.set(name, names.has(name) ? -1 : i);
  });
  return names;
}

/** The branch a key names, if it names one of so many. */
export function indexOfName(names: ReadonlyMap<string, number>, key: string, count: number): number | undefined {
  const number = NUMBERED.exec(key)?.[1];
  const index = number === undefined ? names.get(key) : Number(number);
  return index !== undefined && index >= 0 && index < count ? index : undefined;
}

/** As Avro calls it: a named type by its name, with and without namespace; others by their type, some libraries with the logical one. */
function namesOf(type: FieldType): string[] {
  switch (type.kind) {
    case 'record':
    case 'enum':
      return [type.name, type.name.slice(type.name.lastIndexOf('.') + 1)];
    case 'int':
      return [type.bits === 64 ? 'long' : 'int', `int${type.bits}`];
    case 'float':
      return [type.bits === 64 ? 'double' : 'float', `float${type.bits}`];
    case 'decimal':
      return ['bytes', 'bytes.decimal'];
    case 'date':
      return ['int', 'int.date'];
    case 'time':
      return type.digits === 3 ? ['int', 'int.time-millis'] : ['long', 'long.time-micros'];
    case 'timestamp':
      return ['long', `long.${type.local ? 'local-' : ''}timestamp-${{ 3: 'millis', 6: 'micros', 9: 'nanos' }[type.digits]}`];
    case 'uuid':
      return ['string', 'string.uuid'];
    case 'bytes':
    case 'string':
    case 'boolean':
    case 'array':
    case 'map':
      return [type.kind];
    case 'null':
    case 'union':
    case 'any':
      return [];
  }
}
