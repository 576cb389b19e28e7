/** Times as recordings write them. */

/** What a time column holds besides numbers that count: see `readTime`. */
export const TIME_FORMATS = ['iso', 'day-first', 'month-first', 'excel'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const CLOCK = String.raw`(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?`;
const ZONE = String.raw`(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)`;
const ISO = new RegExp(
  String.raw`^(\d{4})([-/]?)(\d\d)\2(\d\d)(?:(?:T| +)${CLOCK} *${ZONE}?)?$`,
  'i',
);
const OTHER = new RegExp(
  String.raw`^(\d{1,2})([-/. ])(\d{1,2}|[a-z]{3})\2(\d{4}|\d\d)(?: +${CLOCK} *([ap]m)?)?$`,
  'i',
);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun'].concat([
  ...['jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
]);
/** Day 0 of a spreadsheet is 30 December 1899, because it takes 1900 for a leap year. */
const EXCEL_ZERO = Date.UTC(1899, 11, 30);
const DAY = 86_400_000;

/**
 * Milliseconds of a time such as `2012-01-01T00:00:00.5Z`, `2012-01-01 00:00:00+01` or `20120101T000000Z`; without a
 * zone it is UTC, whatever the machine's own zone. NaN for anything else, a date that no calendar has among it.
 */
export function readInstant(text: string): number {
  const found = ISO.exec(text.trim());
  if (found === null) return Number.NaN;
  const [, year = '', , month = '', day = '', hour, minute, second, fraction, zone = 'Z'] = found;
  const date = dateOf(Number(year), Number(month), Number(day));
  return date + clockOf(hour, minute, second, fraction) - offsetOf(zone);
}

/** Milliseconds of a time in one of the formats; days and months in the order that was said, or the month by name. */
export function readTime(text: string, format: TimeFormat): number {
  if (format === 'iso') return readInstant(text);
  if (format === 'excel') {
    const days = /^\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN;
    return Math.round(EXCEL_ZERO + days * DAY);
  }
  const found = OTHER.exec(text.trim());
  if (found === null) return Number.NaN;
  const [, first = '', , second = '', year = '', hour, minute, seconds, fraction, half] = found;
  const named = MONTHS.indexOf(second.toLowerCase()) + 1;
  const [day, month] =
    named > 0
      ? [Number(first), named]
      : format === 'day-first'
        ? [Number(first), Number(second)]
        : [Number(second), Number(first)];
  const full = Number(year) + (year.length === 2 ? 2_000 : 0);
  return dateOf(full, month, day) + clockOf(hoursOf(hour, half), minute, seconds, fraction);
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
