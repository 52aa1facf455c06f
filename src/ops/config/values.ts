/**
 * The kinds of values that stand at the keys. Each one reads the file's form and gives the program's; its `meta` names it in the
 * reference.
 */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import type { KeyNotes } from './describe.ts';
import { durationText, parseCount, parseDuration, parseSize, sizeText } from './units.ts';

const GIB = 1024 ** 3;
const DAY_MS = 24 * 3_600_000;

/** Adds the key's description, and what the schema does not tell about its type and default. Must come last. */
export function key<S extends z.ZodType>(schema: S, description: string, notes: KeyNotes = {}): S {
  return schema.meta({ description, ...notes });
}

/** A value in a notation of its own. `read` answers undefined to what is none; `must` is then the message. */
export function notation<T>(type: string, must: string, read: (input: unknown) => T | undefined) {
  return z
    .unknown()
    .transform((input, context): T => {
      const value = input === undefined || input === null ? undefined : read(input);
      if (value !== undefined) return value;
      const message = input === undefined ? 'is required' : must;
      context.issues.push({ code: 'custom', message, input });
      return z.NEVER;
    })
    .meta({ type });
}

/** Text that `pattern` accepts. */
export function name(type: string, pattern: RegExp, must: string) {
  return notation(type, must, (input) => (typeof input === 'string' && pattern.test(input) ? input : undefined));
}

/** Bytes. */
export function size(bounds: { min?: number; max?: number } = {}) {
  const { min = 1, max = GIB } = bounds;
  const must = `must be a size from ${sizeText(min)} to ${sizeText(max)}, such as 64MiB (units: B, KiB, MiB, GiB)`;
  return notation('size', must, (input) => between(parseSize(input), min, max));
}

/** Milliseconds. */
export function duration(max = DAY_MS) {
  const must = `must be a time from 1ms to ${durationText(max)} with its unit, such as 90s (units: ms, s, m, h)`;
  return notation('duration', must, (input) => between(parseDuration(input), 1, max));
}

/** A whole number. */
export function count(max: number, min = 1) {
  const must = `must be a whole number from ${min} to ${max}`;
  return notation('whole number', must, (input) => between(parseCount(input), min, max));
}

/** `host:port`; IPv6 hosts in brackets. Port 0 takes a free one. */
export const listenAddress = notation(
  'host:port',
  'must be host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 for every interface, or [::1]:8080',
  (input) => {
    const match = typeof input === 'string' ? /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9][A-Za-z0-9.-]{0,252})):(\d{1,5})$/.exec(input) : null;
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || port > 65_535 || (match?.[1] !== undefined && !isIPv6(host))) return undefined;
    return { host, port };
  },
);

export const directory = name('path', /^[^\0]{1,1024}$/, 'must be the path of a directory');

/** A part of a ClickHouse name that may go into SQL, quoted. */
export const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** A ClickHouse column or a field of a record. */
export const FIELD_NAME = /^\P{Cc}{1,127}$/u;

export const columnName = name('column', FIELD_NAME, 'must be a column name of 1 to 127 characters');

/** `http(s)://host[:port][/path]` and nothing else: credentials have keys of their own, and settings are the gateway's. */
export const serverUrl = notation(
  'URL',
  'must be http:// or https:// with host, port and path only, such as https://clickhouse:8443 (user name and password have their own keys)',
  (input) => {
    if (typeof input !== 'string' || !/^https?:\/\/[^\s]+$/.test(input) || !URL.canParse(input)) return undefined;
    const { username, password, search, hash } = new URL(input);
    return username + password + search + hash === '' && !/[?#@]/.test(input) ? input : undefined;
  },
);

function between(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}
