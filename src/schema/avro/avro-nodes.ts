import type { FieldType, RecordField } from '../../core/schema.ts';
import type { TapeBuilder } from '../../core/tape-builder.ts';
import { Undecodable } from '../undecodable.ts';
import { logicalNode } from './avro-logical.ts';
import type { AvroReader } from './avro-reader.ts';
import { arrayNode, entriesNode, enumNode, fixedNode, mapNode, PRIMITIVES, recordReader, unionNode } from './avro-values.ts';

/** A schema as what its values are, and a function that reads one onto the tape. */
export interface AvroNode {
  readonly type: FieldType;
  /** @throws Undecodable; TapeFull. */
  readonly read: (reader: AvroReader, tape: TapeBuilder) => void;
}

type Attributes = Readonly<Record<string, unknown>>;

/** Makes nodes of parsed schemas. Each can use the names of those before. */
export interface AvroNodes {
  add(schema: unknown): AvroNode;
}

/** Levels of a schema's own text. */
const DEEPEST_SCHEMA = 200;

/** The names of an empty collection are none. */
export function createAvroNodes(): AvroNodes {
  const named = new Map<string, AvroNode>();

  const find = (name: string, namespace: string): AvroNode => {
    if (Object.hasOwn(PRIMITIVES, name)) return PRIMITIVES[name]!;
    const found = named.get(fullName(name, namespace)) ?? named.get(name);
    if (found === undefined) throw invalid('uses a name that is not declared');
    return found;
  };

  const nodeOf = (schema: unknown, namespace: string, depth: number): AvroNode => {
    if (depth > DEEPEST_SCHEMA) throw invalid(`is nested deeper than ${DEEPEST_SCHEMA} levels`);
    if (typeof schema === 'string') return find(schema, namespace);
    if (Array.isArray(schema)) return unionNode(schema.map((branch) => nodeOf(branch, namespace, depth + 1)));
    if (typeof schema !== 'object' || schema === null) throw invalid('is not a valid Avro schema');
    return complexNode(schema as Attributes, namespace, depth);
  };

  const complexNode = (schema: Attributes, namespace: string, depth: number): AvroNode => {
    const { type } = schema;
    switch (type) {
      case 'record':
      case 'error':
        return recordNode(schema, namespace, depth);
      case 'enum': {
        const name = nameOf(schema, namespace);
        return declare(name, enumNode(name, textsOf(schema['symbols']), textOf(schema['default'])));
      }
      case 'fixed': {
        const size = Number(schema['size']);
        return declare(nameOf(schema, namespace), logicalNode(schema, 'fixed', size) ?? fixedNode(size));
      }
      case 'array':
        return itemsNode(schema, namespace, depth);
      case 'map':
        return mapNode(nodeOf(schema['values'], namespace, depth + 1));
      default:
        return (typeof type === 'string' ? logicalNode(schema, type) : undefined) ?? nodeOf(type, namespace, depth + 1);
    }
  };

  const declare = (name: string, node: AvroNode): AvroNode => {
    named.set(name, node);
    return node;
  };

  /** Connect has maps whose keys are no strings as arrays of entries, and says so. */
  const itemsNode = (schema: Attributes, namespace: string, depth: number): AvroNode => {
    const { items } = schema;
    const node = nodeOf(items, namespace, depth + 1);
    const isEntry = typeof items === 'object' && items !== null && (items as Attributes)['connect.internal.type'] === 'MapEntry';
    return (isEntry ? entriesNode(node) : undefined) ?? arrayNode(node);
  };

  const recordNode = (schema: Attributes, namespace: string, depth: number): AvroNode => {
    const name = nameOf(schema, namespace);
    const inner = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const fields: RecordField[] = [];
    const nodes: AvroNode[] = [];
    const record = recordReader();
    // Declared before its fields are read: they may lead back to it.
    const node = declare(name, { type: { kind: 'record', name, fields }, read: record.read });
    for (const field of listOf(schema['fields'])) {
      const fieldNode = nodeOf(field['type'], inner, depth + 1);
      const doc = textOf(field['doc']);
      nodes.push(fieldNode);
      fields.push({
        name: String(field['name']),
        aliases: textsOf(field['aliases']),
        type: fieldNode.type,
        ...(doc === undefined ? {} : { doc }),
        ...('default' in field ? { fallback: JSON.stringify(field['default']) } : {}),
      });
    }
    record.complete(
      fields.map((field) => field.name),
      nodes,
      node.type,
    );
    return node;
  };

  return { add: (schema) => nodeOf(schema, '', 0) };
}

function invalid(message: string): Undecodable {
  return new Undecodable(message, 'unusable_schema');
}

function nameOf(schema: Attributes, namespace: string): string {
  const own = textOf(schema['namespace']);
  return fullName(String(schema['name']), own ?? namespace);
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function listOf(value: unknown): Attributes[] {
  return Array.isArray(value) ? (value as Attributes[]) : [];
}
