export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A topic in memory. Its records stay, and can be read again from any offset. */
export interface PartitionedLog {
  readonly topic: string;
  readonly partitions: number;
  /** Gives the record's offset. */
  append(partition: number, value: Record<string, unknown>): bigint;
  /** Leaves a gap of `count` offsets, as compaction and transaction markers do. */
  skip(partition: number, count: number): void;
  /** At most `max` records from `fromOffset` on, in order. */
  read(partition: number, fromOffset: bigint, max: number): LogRecord[];
  /** The offset that the next record will get. */
  end(partition: number): bigint;
  /** Where the group goes on: 0 until it commits. */
  committed(group: string, partition: number): bigint;
  /** As the last one to call says, also backwards: a task that is late may take a group back. */
  commit(group: string, partition: number, offset: bigint): void;
}

/** The time of the first record; each later one is a second younger. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export function createLog({ topic, partitions }: { topic: string; partitions: number }): PartitionedLog {
  const logs = Array.from({ length: partitions }, () => ({ records: [] as LogRecord[], end: 0n }));
  const commits = new Map<string, bigint>();
  let appended = 0;
  const logOf = (partition: number): (typeof logs)[number] => {
    const log = logs[partition];
    if (log === undefined) throw new RangeError(`${topic} has no partition ${partition}`);
    return log;
  };
  return {
    topic,
    partitions,
    append(partition, value) {
      const log = logOf(partition);
      const offset = log.end++;
      log.records.push({ topic, partition, offset, timestamp: EPOCH_MS + 1000 * appended++, value });
      return offset;
    },
    skip(partition, count) {
      logOf(partition).end += BigInt(count);
    },
    read(partition, fromOffset, max) {
      const { records } = logOf(partition);
      const first = firstFrom(records, fromOffset);
      return records.slice(first, first + max);
    },
    end: (partition) => logOf(partition).end,
    committed: (group, partition) => commits.get(`${group}/${partition}`) ?? 0n,
    commit: (group, partition, offset) => void commits.set(`${group}/${partition}`, offset),
  };
}

/** The index of the first record at or after an offset. */
function firstFrom(records: readonly LogRecord[], offset: bigint): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? offset) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
