import { z } from 'zod';
import { DAY, type Duration, HOUR, MILLISECOND, MINUTE, SECOND } from './time.ts';

const UNITS: Readonly<Record<string, Duration>> = {
  us: 1 as Duration,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
};

/** Reads `250ms`, `2s`, `1h30m`; undefined when the text is no duration. */
export function parseDuration(text: string): Duration | undefined {
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
  context.addIssue({ code: 'custom', message: `${EXPECTED}, found "${text}"` });
  return z.NEVER;
});
