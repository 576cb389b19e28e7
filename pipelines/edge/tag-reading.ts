/** What decoders give: values with their names, times and qualities, before anybody knows which machine they are of. */

import { malformed } from '../../operators/decode/payload.ts';
import { EPOCH_STEPS, readTime, type TimeFormat } from '../files/instant.ts';

/** A list of numbers is a burst of equidistant samples: a waveform. */
export type TagValue = number | string | boolean | readonly number[];
export type TagQuality = 'good' | 'uncertain' | 'bad';

export type TagReading = {
  /** What templates can name: `{path}`, `{field}`, `{measurement}`, tags, levels of the topic. */
  readonly labels: Readonly<Record<string, string>>;
  /** By the clock of the source: epoch milliseconds. Undefined where it says none. */
  readonly time: number | undefined;
  /** Null where there is a quality and no value. */
  readonly value: TagValue | null;
  readonly quality: TagQuality;
  readonly unit?: string | undefined;
};

/** The most values of one payload: what a message of the log may hold. */
export const MOST_READINGS = 4_096;

/** The years in which a clock is believed to be one. */
const FIRST = Date.UTC(1971, 0, 1);
const LAST = Date.UTC(2100, 0, 1);

/** @throws MalformedError for what is no time in this format, or one of another century: then it is of another unit */
export function readingTime(value: unknown, format: TimeFormat): number {
  const counted = format in EPOCH_STEPS;
  const time =
    typeof value === 'number' && counted
      ? value * EPOCH_STEPS[format as keyof typeof EPOCH_STEPS]
      : typeof value === 'string'
        ? readTime(value, format)
        : Number.NaN;
  if (time >= FIRST && time <= LAST) return time;
  throw malformed(`a time (${format}) from 1971 to 2100`, value);
}

/** Words and codes of qualities that are good or uncertain; all others are bad. */
export type QualityWords = {
  readonly good?: readonly string[] | undefined;
  readonly uncertain?: readonly string[] | undefined;
};

const GOOD: ReadonlySet<string> = new Set(['good', 'ok', 'valid', 'true', '0']);
const UNCERTAIN: ReadonlySet<string> = new Set(['uncertain', 'questionable', 'stale']);
/** OPC DA: the upper two bits of a byte. 192 (0xC0) is good whatever stands below, 64 is uncertain. */
const CLASSIC = { good: 192, uncertain: 64, beyond: 256 };
/** Sparkplug B: the last value of a node that is away. */
const STALE = 500;
/** OPC UA: the upper two bits of 32. */
const STATUS_BITS = 2 ** 30;

/** Good where nothing is said. `0` alone is good, as OPC UA and most bridges have it. */
export function readingQuality(value: unknown, words: QualityWords = {}): TagQuality {
  if (value === undefined || value === null) return 'good';
  const word = String(value).trim().toLowerCase();
  const has = (list: readonly string[] | undefined) =>
    list?.some((each) => each.toLowerCase() === word) === true;
  if (has(words.good)) return 'good';
  if (has(words.uncertain)) return 'uncertain';
  // Whoever lists the good ones means that all others are not.
  if (words.good !== undefined) return 'bad';
  if (GOOD.has(word)) return 'good';
  if (UNCERTAIN.has(word)) return 'uncertain';
  return word !== '' && Number.isInteger(Number(word)) ? qualityOfCode(Number(word)) : 'bad';
}

function qualityOfCode(code: number): TagQuality {
  if (code === STALE) return 'uncertain';
  if (code >= STATUS_BITS) return code < 2 * STATUS_BITS ? 'uncertain' : 'bad';
  if (code >= CLASSIC.beyond || code < CLASSIC.uncertain) return 'bad';
  return code >= CLASSIC.good ? 'good' : code < 128 ? 'uncertain' : 'bad';
}

/** A template such as `{site}/{field}`, filled; undefined where a label is missing. */
export function fillTemplate(
  template: string,
  labels: Readonly<Record<string, string>>,
  captures: Readonly<Record<string, string>>,
): string | undefined {
  let missing = false;
  const filled = template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(labels, name)
      ? labels[name]
      : Object.hasOwn(captures, name)
        ? captures[name]
        : undefined;
    missing ||= value === undefined;
    return value ?? '';
  });
  return missing ? undefined : filled;
}
