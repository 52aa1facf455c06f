/** Whether the zone is UTC under one of its names. */
export function isUtc(timezone: string | undefined): boolean {
  return timezone !== undefined && /^(?:Etc\/)?(?:UTC|GMT|UCT|Zulu|Universal)$/.test(timezone);
}

/** How often a clock in a time zone shows a time: once, never (skipped in spring), or twice (repeated in autumn). */
export type Occurrence = 'once' | 'never' | 'twice';

const DAY_MS = 86_400_000;
const MOST_CACHED = 4096;

/**
 * Tells how often local times occur in `timezone`. ClickHouse moves a time that does not occur and picks one that occurs twice, so only the
 * first kind is exact. Unknown zones, and no zone, count as UTC, which has no such times.
 */
export function createZone(timezone: string | undefined): (days: number, seconds: number) => Occurrence {
  const format = timezone === undefined || isUtc(timezone) ? undefined : formatOf(timezone);
  if (format === undefined) return () => 'once';
  const steady = new Map<number, boolean>();
  return (days, seconds) => {
    const midnight = days * DAY_MS;
    let calm = steady.get(days);
    if (calm === undefined) {
      calm = offsetAt(format, midnight - DAY_MS) === offsetAt(format, midnight + 2 * DAY_MS);
      if (steady.size >= MOST_CACHED) steady.clear();
      steady.set(days, calm);
    }
    return calm ? 'once' : occurrence(format, midnight + seconds * 1000);
  };
}

function occurrence(format: Intl.DateTimeFormat, local: number): Occurrence {
  const offsets = new Set([offsetAt(format, local - DAY_MS), offsetAt(format, local + DAY_MS)]);
  const times = [...offsets].filter((offset) => offsetAt(format, local - offset) === offset).length;
  return times === 1 ? 'once' : times === 0 ? 'never' : 'twice';
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'iso8601', ...fields });
  } catch {
    return undefined;
  }
}

/** Milliseconds the zone is east of UTC at an instant, whole seconds. */
function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(instant / 1000) * 1000;
}
