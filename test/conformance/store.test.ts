/** What a ledger asks of its store, of every store there is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { openLmdbStore } from '../../src/dedupe/ledgers/lmdb.ts';
import { createMemoryStore } from '../../src/dedupe/ledgers/memory.ts';
import type { Store } from '../../src/dedupe/ledgers/store.ts';

interface Subject {
  store: Store;
  /** Opens what was written again, as after a restart. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const IMPLEMENTATIONS: Record<string, () => Promise<Subject>> = {
  memory: async () => {
    let memory = createMemoryStore();
    const subject: Subject = {
      store: memory,
      async reopen() {
        memory = createMemoryStore(memory.entries());
        subject.store = memory;
        await Promise.resolve();
      },
      close: async () => await Promise.resolve(),
    };
    return await Promise.resolve(subject);
  },
  lmdb: async () => {
    const directory = mkdtempSync('/tmp/sluice-store-');
    const subject: Subject = {
      store: await openLmdbStore(directory),
      async reopen() {
        await subject.store.close();
        subject.store = await openLmdbStore(directory);
      },
      async close() {
        await subject.store.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
    return subject;
  },
};

const key = (...bytes: number[]): Buffer => Buffer.from(bytes);

for (const [name, start] of Object.entries(IMPLEMENTATIONS)) {
  suite(`store: ${name}`, () => {
    let subject: Subject;
    const rangeOf = (prefix: Buffer, from?: Buffer): string[] =>
      [...subject.store.range(prefix, from)].map((entry) => `${entry.key.toString('hex')}=${entry.value.toString('hex')}`);

    before(async () => {
      subject = await start();
    });
    after(async () => {
      await subject.close();
    });

    test('keeps any bytes, changes and removes them, over a restart', async () => {
      await subject.store.write([
        { key: key(65, 0, 255), value: key(0, 1, 255) },
        { key: key(65, 1), value: key() },
        { key: key(65, 2), value: key(7) },
      ]);
      await subject.store.write([
        { key: key(65, 2), value: undefined },
        { key: key(65, 1), value: key(9) },
      ]);
      await subject.reopen();
      assert.deepEqual(subject.store.get(key(65, 0, 255)), key(0, 1, 255));
      assert.deepEqual(subject.store.get(key(65, 1)), key(9));
      assert.equal(subject.store.get(key(65, 2)), undefined);
    });

    test('a range has the keys of its prefix in the order of their bytes', async () => {
      const keys = [key(66, 0), key(66, 127), key(66, 128), key(66, 255, 255), key(67), key(66, 128, 0), key(66)];
      await subject.store.write(keys.map((each) => ({ key: each, value: key(1) })));
      assert.deepEqual(rangeOf(key(66)), ['42=01', '4200=01', '427f=01', '4280=01', '428000=01', '42ffff=01']);
      assert.deepEqual(rangeOf(key(66), key(66, 128, 0)), ['428000=01', '42ffff=01']);
      assert.deepEqual(rangeOf(key(99)), []);
    });

    test('the last of several changes of a key counts, within a transaction and over several at once', async () => {
      await Promise.all([
        subject.store.write([
          { key: key(68), value: key(1) },
          { key: key(68), value: key(2) },
        ]),
        subject.store.write([{ key: key(68), value: key(3) }]),
        subject.store.write([]),
      ]);
      assert.deepEqual(subject.store.get(key(68)), key(3));
    });

    test('values stay what they are while others are written', async () => {
      await subject.store.write([{ key: key(69), value: Buffer.alloc(2000, 5) }]);
      const kept = subject.store.get(key(69));
      for (let i = 0; i < 50; i++) await subject.store.write([{ key: key(69), value: Buffer.alloc(2000, i) }]);
      assert.deepEqual(kept, Buffer.alloc(2000, 5));
    });
  });
}
