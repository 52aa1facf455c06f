/** Repeatable chance. */
export interface Random {
  /** A whole number from 0 to n − 1. */
  below(n: number): number;
  /** A whole number from a to b. */
  between(a: number, b: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
}

/** The chance of a seed (splitmix32). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  const random: Random = {
    below: (n) => Math.floor(next() * n),
    between: (a, b) => a + random.below(b - a + 1),
    chance: (probability) => next() < probability,
    pick: (values) => values[random.below(values.length)]!,
  };
  return random;
}
