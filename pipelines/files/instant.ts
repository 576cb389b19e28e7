/** Times as files write them: with a zone, by the clock of a place, as days or as counts since 1970. */

import { type EventTime, fromLocal, toLocal } from '../../operators/model/time.ts';
import { wrongInput } from '../base/problem.ts';

/**
 * What a column of times holds. `iso` has the year first; `day-first` and `month-first` are 05/01/2026 07:00:00 and the like,
 * also with the month by name as a PI server writes it; `excel` counts days; the others count from 1970 on.
 */
export const TIME_FORMATS = [
  'iso',
  'day-first',
  'month-first',
  'excel',
  'epoch-s',
  'epoch-ms',
  'epoch-us',
  'epoch-ns',
] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** Milliseconds of one step of a count. */
export const EPOCH_STEPS = {
  'epoch-s': 1_000,
  'epoch-ms': 1,
  'epoch-us': 1e-3,
  'epoch-ns': 1e-6,
} as const;

const CLOCK = String.raw`(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?`;
const ZONE = String.raw`(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)`;
const ISO = new RegExp(
  String.raw`^(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:(?:T| +)${CLOCK} *${ZONE}?)?$`,
  'i',
);
const OTHER = new RegExp(
  String.raw`^(\d{1,2})([-/. ]) ?(\d{1,2}|[a-zä]{3,4})\.?(?:\2|(?<=[a-zä.]) ) ?(\d{4}|\d\d)(?:,? +${CLOCK} *([ap]m)? *${ZONE}?)?$`,
  'i',
);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun'].concat([
  ...['jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
]);
/** As German loggers write them. */
const OTHER_MONTHS: Readonly<Record<string, number>> = {
  ...{ mär: 3, mrz: 3, märz: 3, mai: 5, juni: 6, juli: 7, sept: 9, okt: 10, dez: 12 },
};
/** Day 0 of a spreadsheet is 30 December 1899, because it takes 1900 for a leap year. */
const EXCEL_ZERO = Date.UTC(1899, 11, 30);
const DAY = 86_400_000;
/** Counts that lead out of these years are of another unit. */
const FIRST = Date.UTC(1971, 0, 1);
const LAST = Date.UTC(2100, 0, 1);

/** A time as it stands there: milliseconds, as if it were UTC where no zone is said. */
type Written = { readonly milliseconds: number; readonly zoned: boolean };
const NONE: Written = { milliseconds: Number.NaN, zoned: true };

/**
 * Milliseconds of a time such as `2012-01-01T00:00:00.5Z`, `2012-01-01 00:00:00+01` or `20120101T000000Z`; without a
 * zone it is UTC, whatever the machine's own zone. NaN for anything else, a date that no calendar has among it.
 */
export function readInstant(text: string): number {
  return isoTime(text).milliseconds;
}

function isoTime(text: string): Written {
  const found = ISO.exec(text.trim());
  if (found === null) return NONE;
  const [, year = '', , month = '', day = '', hour, minute, second, fraction, zone] = found;
  const date = dateOf(Number(year), Number(month), Number(day));
  const local = date + clockOf(hour, minute, second, fraction);
  return { milliseconds: local - offsetOf(zone ?? 'Z'), zoned: zone !== undefined };
}

/** Milliseconds of a time in one of the formats; days and months in the order that was said, or the month by name. */
export function readTime(text: string, format: TimeFormat): number {
  return writtenTime(text, format).milliseconds;
}

function writtenTime(text: string, format: TimeFormat): Written {
  switch (format) {
    case 'iso':
      return isoTime(text);
    case 'excel': {
      const days = /^\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN;
      return { milliseconds: Math.round(EXCEL_ZERO + days * DAY), zoned: false };
    }
    case 'day-first':
    case 'month-first':
      return dayOrMonthFirst(text, format);
    default: {
      const count = /^-?\d+([.,]\d+)?(e\+?\d+)?$/i.test(text)
        ? Number(text.replace(',', '.'))
        : Number.NaN;
      return { milliseconds: count * EPOCH_STEPS[format], zoned: true };
    }
  }
}

function dayOrMonthFirst(text: string, format: 'day-first' | 'month-first'): Written {
  const found = OTHER.exec(text.trim());
  if (found === null) return NONE;
  const [, first = '', , second = '', year = '', hour, minute, seconds, fraction, half, zone] =
    found;
  const word = second.toLowerCase();
  const named = OTHER_MONTHS[word] ?? MONTHS.indexOf(word.slice(0, 3)) + 1;
  const isWord = /^\D/.test(second);
  if (isWord && named === 0) return NONE;
  const [day, month] = isWord
    ? [Number(first), named]
    : format === 'day-first'
      ? [Number(first), Number(second)]
      : [Number(second), Number(first)];
  const full = Number(year) + (year.length === 2 ? 2_000 : 0);
  const local = dateOf(full, month, day) + clockOf(hoursOf(hour, half), minute, seconds, fraction);
  return { milliseconds: local - offsetOf(zone ?? 'Z'), zoned: zone !== undefined };
}

function dateOf(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.getTime()
    : Number.NaN;
}

/** 12 AM is midnight, 12 PM is noon. */
function hoursOf(hour: string | undefined, half: string | undefined): string | undefined {
  if (hour === undefined || half === undefined) return hour;
  const hours = Number(hour);
  if (hours < 1 || hours > 12) return '99';
  return String((hours % 12) + (half.toLowerCase() === 'pm' ? 12 : 0));
}

function clockOf(hour = '0', minute = '0', second = '0', fraction = '0'): number {
  const [hours, minutes, seconds] = [hour, minute, second].map(Number) as [number, number, number];
  if (hours > 24 || minutes > 59 || seconds > 60) return Number.NaN;
  return (hours * 3_600 + minutes * 60 + seconds + Number(`0.${fraction}`)) * 1_000;
}

/** Milliseconds east of Greenwich. */
function offsetOf(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/**
 * Reads the times of a column one after the other. What says no zone is by the clocks of `zone`; in the hour that they show
 * twice the order of the file decides. Throws a `Problem` for what is no time, and for an hour that the clocks passed over.
 */
export function createTimeReader(
  format: TimeFormat,
  zone = 'UTC',
): (text: string, where: string) => number {
  let before = Number.NEGATIVE_INFINITY;
  return (text, where) => {
    const { milliseconds, zoned } = text === '' ? NONE : writtenTime(text, format);
    if (!Number.isFinite(milliseconds)) {
      const remedy = likelier(text, format) ?? 'Correct the recording or its description.';
      throw wrongInput(where, `a time (${format})`, `"${text}"`, remedy);
    }
    checkCount(text, format, milliseconds, where);
    before = zoned || zone === 'UTC' ? milliseconds : placed(milliseconds, before);
    return before;

    function placed(local: number, last: number): number {
      const microseconds = Math.round(local * 1_000);
      const first = fromLocal(microseconds, zone);
      if (toLocal(first, zone) !== microseconds) {
        const remedy = 'Write UTC or an offset into the file, or correct `zone`.';
        throw wrongInput(where, `a time that the clocks of ${zone} show`, `"${text}"`, remedy);
      }
      const again = (first + 3_600_000_000) as EventTime;
      const isTwice = toLocal(again, zone) === microseconds;
      return (isTwice && first / 1_000 <= last ? again : first) / 1_000;
    }
  };
}

function checkCount(text: string, format: TimeFormat, milliseconds: number, where: string): void {
  if (!(format in EPOCH_STEPS) || (milliseconds >= FIRST && milliseconds <= LAST)) return;
  const remedy = likelier(text, format) ?? 'Correct the recording or its description.';
  throw wrongInput(where, `a time (${format}) from 1971 to 2100`, `"${text}"`, remedy);
}

/** What else a text may be, where it is plain. */
function likelier(text: string, format: TimeFormat): string | undefined {
  const formats = formatsOf(text).filter((each) => each !== format);
  if (formats.length === 0) return undefined;
  return `It may be ${formats.join(' or ')}: say it as \`format\` of \`time\`.`;
}

/** The formats in which a text is a time of these decades; several where nobody can know. */
export function formatsOf(text: string): readonly TimeFormat[] {
  return TIME_FORMATS.filter((format) => {
    const { milliseconds } = writtenTime(text, format);
    if (!(milliseconds >= FIRST && milliseconds <= LAST)) return false;
    // Dates with dots have the day first wherever they are written so.
    if (format === 'month-first')
      return !/^\d{1,2}\./.test(text.trim()) && !/[a-z]{3}/i.test(text.replace(/[ap]m/i, ''));
    return true;
  });
}

/** Whether a text says its zone, or needs none. */
export function isZoned(text: string, format: TimeFormat): boolean {
  return writtenTime(text, format).zoned;
}

/** Whether the runtime knows the clocks of a zone. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
