/** What decoders give: values with their names, times and qualities, before anybody knows which machine they are of. */

import { malformed } from '../../operators/decode/payload.ts';
import { EPOCH_STEPS, readTime, type TimeFormat } from '../files/instant.ts';

/** A list of numbers is a burst of equidistant samples: a waveform. */
export type TagValue = number | string | boolean | readonly number[];
/** `suspect`: the last value of a machine that is away. It lands, and is not evaluated. */
export type TagQuality = 'good' | 'uncertain' | 'suspect' | 'bad';

export type Labels = Readonly<Record<string, string>>;
/** Texts, numbers and booleans are labels; what else is in it is none. */
export type SampleValues = Readonly<Record<string, unknown>>;

export type TagReading = {
  /** What templates can name of this value alone: `{path}`, `{field}`, `{name}`. */
  readonly labels: Labels;
  /** What all values of a sample have in common, as one object: tags, `{measurement}`, values of JSON by their paths. */
  readonly sample?: SampleValues | undefined;
  /** By the clock of the source: epoch milliseconds. Undefined where it says none. */
  readonly time: number | undefined;
  /** Milliseconds from the arrival, of a source that has no clock and counts from now. */
  readonly since?: number | undefined;
  /** Null where there is a quality and no value. */
  readonly value: TagValue | null;
  readonly quality: TagQuality;
  readonly unit?: string | undefined;
};

/** The most values of one payload: what a message of the log may hold. */
export const MOST_READINGS = 4_096;

/** The most values of one push, which may become several messages: senders of remote write batch up to 10,000. */
export const MOST_PUSHED = 16_384;

/** The most letters of a path or a name, of which each value has one. */
export const LONGEST_NAME = 1_024;
/** What is said once for all samples of a payload is read for each: what is longer is no time, and no quality. */
const LONGEST_WORD = 256;

/** The years in which a clock is believed to be one. */
const FIRST = Date.UTC(1971, 0, 1);
const LAST = Date.UTC(2100, 0, 1);

/** @throws MalformedError for what is no time in this format, or one of another century: then it is of another unit */
export function readingTime(value: unknown, format: TimeFormat): number {
  const counted = format in EPOCH_STEPS;
  const time =
    typeof value === 'number' && counted
      ? value * EPOCH_STEPS[format as keyof typeof EPOCH_STEPS]
      : typeof value === 'string' && value.length <= LONGEST_WORD
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
  if (typeof value === 'object' || String(value).length > LONGEST_WORD) return 'bad';
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

/** Texts and names of labels by turns. */
type Template = { readonly texts: readonly string[]; readonly names: readonly string[] };

/** Templates stand in configurations: there are few. */
const templates = new Map<string, Template>();

function templateOf(text: string): Template {
  const known = templates.get(text);
  if (known !== undefined) return known;
  const parts = text.split(/\{([^{}]+)\}/);
  const at = (rest: number) => parts.filter((_, index) => index % 2 === rest);
  const made = { texts: at(0), names: at(1) };
  templates.set(text, made);
  return made;
}

/** What stands in braces. */
export function templateNames(template: string): readonly string[] {
  return templateOf(template).names;
}

/** A template such as `{site}/{field}`, filled from the first that has the label; undefined where one is missing. */
export function fillTemplate(
  template: string,
  ...labels: readonly (Labels | SampleValues)[]
): string | undefined {
  const { texts, names } = templateOf(template);
  let [filled = ''] = texts;
  for (let at = 0; at < names.length; at += 1) {
    const value = labelIn(labels, names[at] ?? '');
    if (value === undefined) return undefined;
    filled += value + (texts[at + 1] ?? '');
  }
  return filled;
}

function labelIn(labels: readonly (Labels | SampleValues)[], name: string): string | undefined {
  for (const each of labels) {
    if (!Object.hasOwn(each, name)) continue;
    const value = each[name];
    if (typeof value !== 'object' && value !== undefined) return String(value);
  }
  return undefined;
}

/** As a number where it is exact; beyond 2^53 its digits, since two numbers would be one. */
export function exactInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
