/** One change of a {@link Store}: a value to keep under the key, or undefined to remove it. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/**
 * An ordered map of bytes on disk, which is all a ledger needs of one. Two implementations, memory and LMDB, and one conformance suite.
 * Reads see what was written before them by the same process as soon as it is durable, and perhaps earlier.
 */
export interface Store {
  get(key: Buffer): Buffer | undefined;
  /** Entries whose key begins with `prefix`, ascending by the bytes of the key, from the first at or after `from`. */
  range(prefix: Buffer, from?: Buffer): Iterable<{ readonly key: Buffer; readonly value: Buffer }>;
  /**
   * One transaction: all changes or none, after every transaction that was asked for before. Resolves when it is durable.
   * @throws LedgerError; none of the changes was made.
   */
  write(changes: readonly Change[]): Promise<void>;
  close(): Promise<void>;
}
