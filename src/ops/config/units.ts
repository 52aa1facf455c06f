const SIZES: ReadonlyArray<readonly [string, number]> = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
];
const DURATIONS: ReadonlyArray<readonly [string, number]> = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Bytes of a text such as `64MiB`; a whole number without a unit is bytes. Undefined when it is neither. */
export function parseSize(input: unknown): number | undefined {
  return typeof input === 'number' ? whole(input) : amount(input, SIZES);
}

/** Milliseconds of a text such as `90s`. A number needs its unit. */
export function parseDuration(input: unknown): number | undefined {
  return amount(input, DURATIONS);
}

/** A whole number, also as text, so that it can come from the environment. */
export function parseCount(input: unknown): number | undefined {
  return typeof input === 'string' && /^\d{1,16}$/.test(input) ? whole(Number(input)) : whole(input);
}

/** The shortest exact text of a number of bytes. */
export function sizeText(bytes: number): string {
  return shortest(bytes, SIZES);
}

/** The shortest exact text of a number of milliseconds. */
export function durationText(milliseconds: number): string {
  return shortest(milliseconds, DURATIONS);
}

function amount(input: unknown, units: ReadonlyArray<readonly [string, number]>): number | undefined {
  const match = typeof input === 'string' ? /^(\d{1,16}) ?([A-Za-z]+)$/.exec(input) : null;
  const unit = units.find(([name]) => name === match?.[2]);
  return match === null || unit === undefined ? undefined : whole(Number(match[1]) * unit[1]);
}

function whole(input: unknown): number | undefined {
  return Number.isSafeInteger(input) && (input as number) >= 0 ? (input as number) : undefined;
}

function shortest(value: number, units: ReadonlyArray<readonly [string, number]>): string {
  const [name, factor] = units.find(([, size]) => value >= size && value % size === 0) ?? [units.at(-1)?.[0], 1];
  return `${value / factor}${name}`;
}
