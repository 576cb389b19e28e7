import { z } from 'zod';

// Event times and durations: the types, their arithmetic, and how they are read and written.

/** A primitive that must not be swapped for another of the same JavaScript type. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
declare const brand: unique symbol;

/** Microseconds since 1970-01-01 UTC, an integer (ClickHouse: `DateTime64(6, 'UTC')`). */
export type EventTime = Brand<number, 'EventTime'>;

/** Microseconds, an integer. */
export type Duration = Brand<number, 'Duration'>;

export const MILLISECOND = 1_000 as Duration;
export const SECOND = 1_000_000 as Duration;
export const MINUTE = 60_000_000 as Duration;
export const HOUR = 3_600_000_000 as Duration;
export const DAY = 86_400_000_000 as Duration;

/** Before all other times: where nothing has been seen yet. A finite number, so that it survives every codec. */
export const BEGINNING = Number.MIN_SAFE_INTEGER as EventTime;

/** After all other times: the log has ended. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER as EventTime;

export function eventTime(microseconds: number): EventTime {
  return Math.round(microseconds) as EventTime;
}

/** The wire speaks epoch milliseconds, fractions allowed. */
export function fromMilliseconds(milliseconds: number): EventTime {
  return Math.round(milliseconds * 1_000) as EventTime;
}

// ClickHouse's DateTime64 knows 1900 to 2299.
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 0, 1);

/** Whether a time in epoch milliseconds can be written down: one that cannot would take its whole block with it. */
export function canBeWritten(milliseconds: number): boolean {
  return milliseconds >= EARLIEST && milliseconds < LATEST;
}

export function plus(time: EventTime, by: Duration): EventTime {
  return (time + by) as EventTime;
}

export function minus(time: EventTime, by: Duration): EventTime {
  return (time - by) as EventTime;
}

export function between(from: EventTime, to: EventTime): Duration {
  return (to - from) as Duration;
}

export function earlier(a: EventTime, b: EventTime): EventTime {
  return a < b ? a : b;
}

export function later(a: EventTime, b: EventTime): EventTime {
  return a > b ? a : b;
}

/** The greatest multiple of `step` that is not after `time`, also before 1970. */
export function floorTo(time: EventTime, step: Duration): EventTime {
  return (Math.floor(time / step) * step) as EventTime;
}

/** The longest step of which both are whole multiples. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** `2026-11-22T08:30:00.250Z`, with as many fractional digits as the time has (none, 3 or 6). */
export function toIso(time: EventTime): string {
  const milliseconds = Math.floor(time / 1_000);
  const rest = time - milliseconds * 1_000;
  const text = new Date(milliseconds).toISOString();
  if (rest !== 0) return `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Reads the clocks of an IANA time zone. What the runtime does not know is read as UTC. */
function clocksOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format !== undefined) return format;
  const parts = { hourCycle: 'h23', dateStyle: 'short', timeStyle: 'medium' } as const;
  try {
    format = new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone });
  } catch {
    format = new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone: 'UTC' });
  }
  formats.set(timeZone, format);
  return format;
}

/** What the clocks of a zone show, as microseconds since they showed the beginning of 1970. Costs some microseconds. */
export function toLocal(time: EventTime, zone: string): number {
  if (zone === 'UTC') return time;
  const seconds = Math.floor(time / SECOND);
  // `2026-03-29 03:00:00`
  const shown = clocksOf(zone).format(seconds * 1_000);
  return time + Date.parse(`${shown.replace(' ', 'T')}Z`) * 1_000 - seconds * SECOND;
}

/**
 * When the clocks of a zone show this: the first time of two where they are set back, and the time at which they are put
 * forward where they pass over it.
 */
export function fromLocal(local: number, zone: string): EventTime {
  const offsets = [local - DAY, local + DAY].map((at) => toLocal(at as EventTime, zone) - at);
  const times = offsets.map((offset) => (local - offset) as EventTime).sort((a, b) => a - b);
  const shown = times.find((time) => toLocal(time, zone) === local);
  if (shown !== undefined) return shown;
  let [low = local as EventTime, high = local as EventTime] = times;
  while (high - low > SECOND) {
    const middle = plus(low, (Math.floor((high - low) / 2 / SECOND) * SECOND) as Duration);
    if (toLocal(middle, zone) >= local) high = middle;
    else low = middle;
  }
  return high;
}

const UNITS: Readonly<Record<string, Duration>> = {
  us: 1 as Duration,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
};

/** Nobody writes a longer duration. Without a bound, digits with no unit are read again from each of them. */
const LONGEST_TEXT = 64;

/** Reads `250ms`, `2s`, `1h30m`; undefined when the text is no duration. */
export function parseDuration(text: string): Duration | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  const sum = parts.reduce((total, [, number, unit]) => {
    return total + Number(number) * (UNITS[unit ?? ''] ?? 0);
  }, 0);
  return Math.round(sum) as Duration;
}

/** The shortest form that `parseDuration` reads back: `1h30m`, `250ms`. */
export function formatDuration(duration: Duration): string {
  if (duration === 0) return '0s';
  let rest: number = Math.abs(duration);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us']) {
    const size = UNITS[unit] ?? 1;
    const whole = Math.floor(rest / size);
    if (whole > 0) text += `${whole}${unit}`;
    rest -= whole * size;
  }
  return duration < 0 ? `-${text}` : text;
}

const EXPECTED = 'expected a duration such as 250ms, 2s or 1h30m';

/** A duration as people write it in YAML. */
export const durationSchema = z.string(EXPECTED).transform((text, context) => {
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  context.addIssue({
    code: 'custom',
    message: `${EXPECTED}, found "${text.slice(0, LONGEST_TEXT)}"`,
  });
  return z.NEVER;
});

/** A duration that is not 0. */
export const positiveDurationSchema = durationSchema.refine(
  (duration) => duration > 0,
  'expected more than 0s',
);
