/**
 * What a schema says of a value, whatever language it is written in. Avro, Protobuf and JSON Schema become this, and tables, explanations and the
 * reading of JSON are made from it.
 *
 * A recursive schema is a cycle: a record's fields lead back to the same object. Whoever walks it keeps the records it is inside of.
 */
export type FieldType =
  /** Nothing but null; only in a union, or as a field that never has a value. */
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'string' }
  /** `size`: exactly so many. */
  | { readonly kind: 'bytes'; readonly size?: number }
  /** `fallback`: what stands for a name a writer has and a reader does not know. */
  | { readonly kind: 'enum'; readonly name: string; readonly names: readonly string[]; readonly fallback?: string }
  /** `precision` absent: the schema does not say. */
  | { readonly kind: 'decimal'; readonly precision?: number; readonly scale: number }
  | { readonly kind: 'date' }
  /** `digits` after the point of a second. */
  | { readonly kind: 'time'; readonly digits: 3 | 6 | 9 }
  /** `local`: of no time zone. */
  | { readonly kind: 'timestamp'; readonly digits: 3 | 6 | 9; readonly local: boolean }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'array'; readonly items: FieldType }
  | { readonly kind: 'map'; readonly keys: FieldType; readonly values: FieldType }
  | RecordType
  /** More than one branch that is not null, or one of them with null. */
  | { readonly kind: 'union'; readonly branches: readonly FieldType[] }
  /** Any JSON. */
  | { readonly kind: 'any' };

export interface RecordType {
  readonly kind: 'record';
  /** With its namespace or package. */
  readonly name: string;
  readonly fields: readonly RecordField[];
}

export interface RecordField {
  readonly name: string;
  /** Names the field had before. */
  readonly aliases: readonly string[];
  readonly doc?: string;
  readonly type: FieldType;
  /** JSON text of the value a record without the field has; absent: there is none. */
  readonly fallback?: string;
}

/** Names a schema of the registry. */
export type SchemaReference = { readonly id: number } | { readonly guid: string } | { readonly subject: string };

/** A schema that records were read by, or should have been. */
export interface SchemaUse {
  /** As messages name it: its number, or what was asked for. */
  readonly schema: string;
  /** Who said that it is this one. */
  readonly from: 'record' | 'url' | 'subject';
  readonly language?: SchemaLanguage;
  readonly type?: FieldType;
  /** Why nothing could be read by it, in words that follow "the record". */
  readonly problem?: string;
}

/** The languages schemas are written in, as the Schema Registry names them. */
export type SchemaLanguage = 'AVRO' | 'PROTOBUF' | 'JSON';
