import { LedgerError } from '../../src/core/ledger.ts';
import { apply, createMemoryStore } from '../../src/dedupe/ledgers/memory.ts';
import type { Change, Store } from '../../src/dedupe/ledgers/store.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A disk that keeps what was synced. What was not may be there after a power cut, in the order it was written, or not. */
export interface ModelDisk {
  /** The store of a process. It stops when the process does. */
  open(isAlive: () => boolean): Store;
  /** Cuts the power: some of the transactions that were not synced are lost, the last ones first. */
  cut(): void;
  /** While true, writes fail for want of room. */
  isFull: boolean;
}

/** An empty disk. */
export function createModelDisk(time: VirtualTime, random: Random): ModelDisk {
  let durable = new Map<string, Buffer>();
  let unsynced: Array<readonly Change[]> = [];
  const disk: ModelDisk = {
    isFull: false,
    open(isAlive) {
      const store = createMemoryStore(durable);
      return {
        get: (key) => store.get(key),
        range: (prefix, from) => store.range(prefix, from),
        write: async (changes) =>
          await new Promise((resolve, reject) => {
            if (disk.isFull) {
              time.after(random.between(0, 3), () => isAlive() && reject(new LedgerError('full', 'no room')));
              return;
            }
            unsynced.push(changes);
            time.after(random.between(0, 4), () => {
              if (!isAlive()) return;
              // Transactions are synced in order: this one takes all before it along.
              const at = unsynced.indexOf(changes);
              for (const each of at === -1 ? [] : unsynced.splice(0, at + 1)) {
                apply(durable, each);
                void store.write(each);
              }
              resolve();
            });
          }),
        close: async () => await Promise.resolve(),
      };
    },
    cut() {
      const kept = random.below(unsynced.length + 1);
      const next = new Map(durable);
      for (const changes of unsynced.slice(0, kept)) apply(next, changes);
      durable = next;
      unsynced = [];
    },
  };
  return disk;
}
