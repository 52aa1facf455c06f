/**
 * Bytes that are not what their schema says, or a schema that cannot be used. `message` completes "the value …" and holds no part of the value; `path` is
 * where in the value, such as `lines[3].price`.
 */
export class Undecodable extends Error {
  readonly code: 'undecodable' | 'unusable_schema' | 'schema_mismatch';
  /** Innermost part first, while it is being built. */
  readonly path: string[] = [];

  constructor(message: string, code: Undecodable['code'] = 'undecodable') {
    super(message);
    this.name = 'Undecodable';
    this.code = code;
  }
}
