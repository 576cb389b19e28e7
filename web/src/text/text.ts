/** Words, numbers and times in the language that was chosen; times by the clocks of the plant. */

import { type Language, language } from '../state/settings.ts';
import { DE } from './de.ts';
import { EN, type TextKey, type Texts } from './en.ts';

const TEXTS: Readonly<Record<Language, Texts>> = { en: EN, de: DE };

/** What the page says. `{name}` stands for a value. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return filled(TEXTS[language.value][key], values);
}

type SayOnPage<Key extends string> = {
  (key: Key, values?: Readonly<Record<string, string | number>>): string;
  readonly texts: Readonly<Record<Language, Readonly<Record<Key, string>>>>;
};

/** What a page says that is loaded when somebody goes there: its words come with it, in every language. */
export function textsOf<Key extends string>(
  texts: Readonly<Record<Language, Readonly<Record<Key, string>>>>,
): SayOnPage<Key> {
  const say = (key: Key, values: Readonly<Record<string, string | number>> = {}) =>
    filled(texts[language.value][key], values);
  return Object.assign(say, { texts });
}

function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A word of the API, where the page has one for it; else as it is. */
export function word(text: string): string {
  return text in EN ? t(text as TextKey) : text;
}

/** Four digits that count, and no more than the value needs. */
export function number(value: number): string {
  return new Intl.NumberFormat(language.value, { maximumSignificantDigits: 4 }).format(value);
}

export function quantity(value: number, unit: string | null): string {
  return unit === null || unit === '' ? number(value) : `${number(value)} ${unit}`;
}

/** Of hours: minutes below an hour. */
export function hours(value: number): string {
  if (value < 1) return t('minuteShort', { count: number(value * 60) });
  return t('hourShort', { count: number(value) });
}

/** Money without cents: nobody stops a machine for them. */
export function money(value: number, currency: string | null): string {
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return number(value);
  const style = { style: 'currency', currency, maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(language.value, style).format(value);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${kind} ${options.timeZone}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language.value, options);
  formats.set(key, known);
  return known;
}

const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** By the clocks of a zone: the time, with its day where that is not the day of `near`. */
export function clock(time: string | number, zone: string, near?: string | number): string {
  const at = new Date(time);
  if (near !== undefined && day(time, zone) === day(near, zone)) {
    return formatOf('clock', { ...CLOCK, timeZone: zone }).format(at);
  }
  return formatOf('both', { ...CLOCK, month: 'short', day: 'numeric', timeZone: zone }).format(at);
}

/** With the year: for places where nothing else says when. */
export function moment(time: string | number, zone: string): string {
  const long = { ...CLOCK, year: 'numeric', month: 'short', day: 'numeric' } as const;
  return formatOf('moment', { ...long, second: '2-digit', timeZone: zone }).format(new Date(time));
}

/** The local day, as a text that can be compared. */
export function day(time: string | number, zone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: zone } as const;
  return formatOf('day', options).format(new Date(time));
}

/** A sentence of the pipeline, which has its times in UTC: with those of the clocks of the plant, as all times of a page are. */
export function onPlantClock(sentence: string, zone: string): string {
  return sentence.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z/g, (time) =>
    // People type into sentences, too: what looks like a time and is none stays as it was typed.
    Number.isNaN(Date.parse(time)) ? time : clock(time, zone),
  );
}

/** What an alarm says, without its time and the situation: those stand beside it, in the time of the plant. */
export function shortReason(reason: string): string {
  return reason.replace(/,? since \d{4}-\d\d-\d\dT.*$/s, '');
}

/** Of a request: the machine and what is wrong with it. The reason behind it has a place of its own. */
export function shortTitle(title: string): string {
  const named = title.replace(/[,:] (?:notice|warning|alarm|danger): .*$/s, '');
  // With nothing but the machine's name left, the reason says which request it is.
  const tells = /[,:]/.test(named);
  return shortReason(tells ? named : title.replace(/: (?:notice|warning|alarm|danger): /, ': '));
}
