import { randomFillSync } from 'node:crypto';

/**
 * A maker of UUIDv7 (RFC 9562): milliseconds, then a 12-bit counter that starts anew each millisecond, then 62 random bits. Ids of
 * one maker sort in the order they were made, also when the clock goes back.
 */
export function createIds(now: () => number): () => string {
  const pool = Buffer.alloc(8 * 512);
  let used = pool.length;
  let millisecond = 0;
  let counter = 0;
  return () => {
    const current = now();
    if (current > millisecond || counter > 0xfff) {
      millisecond = Math.max(current, millisecond + 1);
      counter = 0;
    }
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.toString('hex', used, used + 8);
    used += 8;
    const time = millisecond.toString(16).padStart(12, '0');
    const variant = ((Number.parseInt(random.slice(0, 1), 16) & 3) | 8).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${(counter++).toString(16).padStart(3, '0')}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
  };
}
