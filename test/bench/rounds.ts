import { type Running, settle } from './processes.ts';
import type { Measurement } from './results.ts';

/** One of the things that are measured beside each other. */
export interface Side {
  readonly name: string;
  /** What runs for it, and only for it or other sides that may not run at the same time. */
  readonly process: Running;
  /** Measures one round. */
  measure(seconds: number): Promise<Measurement>;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Only to see that everything starts. */
  readonly isQuick: boolean;
}

/** So many times a round is as long as it may take until nothing goes on in the background. */
const SETTLE_SHARE = 2;

/**
 * Measures the sides in turn, round after round. A side that is not measured is stopped with everything it does in the background, so that the merges
 * of the parts it has made are its own to pay for.
 */
export async function interleave(
  sides: readonly Side[],
  { rounds, seconds, isQuick }: RoundsOptions,
): Promise<Record<string, Measurement[]>> {
  const processes = [...new Set(sides.map(({ process }) => process))];
  if (!isQuick) await settle(processes, seconds * SETTLE_SHARE * 1000);
  for (const process of processes) process.pause();
  const found: Record<string, Measurement[]> = {};
  // The round before the first one is for code to be compiled and caches to be filled.
  for (let round = isQuick ? 0 : -1; round < rounds; round++) {
    for (const side of sides) {
      const { name, process } = side;
      process.resume();
      const measurement = await side.measure(seconds);
      process.pause();
      if (round >= 0) (found[name] ??= []).push(measurement);
    }
  }
  for (const process of processes) process.resume();
  return found;
}
