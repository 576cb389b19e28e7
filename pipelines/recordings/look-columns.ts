/** What the columns of a table hold, from its first rows: times, tags, values, qualities, words for what is missing. */

import { type DecimalSign, parseNumber } from '../base/csv.ts';
import { formatsOf, isZoned, type TimeFormat } from '../files/instant.ts';
import { isMissing } from '../files/table.ts';

export type LookedAt = {
  readonly heading: readonly string[];
  readonly decimal: DecimalSign;
  readonly rows: readonly (readonly string[])[];
  /** Where each row stands in its file. */
  readonly places: readonly string[];
};

export type TimeColumn = {
  readonly column: number;
  /** The column of the time of day, where it is another one. */
  readonly clock: number | undefined;
  /** Several where nobody can know. */
  readonly formats: readonly TimeFormat[];
  readonly zoned: boolean;
  readonly example: string;
};

export type SeenColumn = {
  readonly column: number;
  readonly name: string;
  readonly kind: 'numbers' | 'texts' | 'empty';
  readonly least: number;
  readonly most: number;
  /** Words and numbers that stand for no value, with how often. */
  readonly missing: ReadonlyMap<string, number>;
};

const TIME_NAME = /time|zeit|date|datum|uhr|stamp|^ts?$/i;
/** Numbers that loggers write for no value. */
const SENTINELS = [
  -999, -999.25, -9_999, -99_999, 999, 9_999, 99_999, 1e30, 1e31, -1e31, 1e36, -1e36,
];

/** The column whose cells are times of these decades; undefined where there is none. */
export function findTimeColumn({ heading, rows }: LookedAt): TimeColumn | undefined {
  const columns = heading.map((_, column) => column);
  const cellsOf = (column: number) => rows.map((row) => row[column] ?? '');
  const found = columns.flatMap((column): TimeColumn[] => {
    const cells = cellsOf(column);
    const [example = ''] = cells;
    const isCount = /^-?[\d.,]+(e\+?\d+)?$/i.test(example);
    if (isCount && !TIME_NAME.test(heading[column] ?? '')) return [];
    const clock = isDateAlone(cells) ? columns.find((other) => isClock(cellsOf(other))) : undefined;
    const texts =
      clock === undefined ? cells : cells.map((cell, at) => `${cell} ${cellsOf(clock)[at]}`);
    const formats = commonFormats(texts);
    const [first] = formats;
    if (first === undefined) return [];
    const zoned = isZoned(texts[0] ?? '', first);
    return [{ column, clock, formats, zoned, example: texts[0] ?? '' }];
  });
  return found.find(({ column }) => TIME_NAME.test(heading[column] ?? '')) ?? found[0];
}

/** Share of the cells that may be no time at all: they are told where they stand, when the times are read. */
const STRANGE = 0.1;

function commonFormats(texts: readonly string[]): readonly TimeFormat[] {
  const all = texts.map(formatsOf);
  const known = all.filter((formats) => formats.length > 0);
  if (known.length === 0 || known.length < (1 - STRANGE) * texts.length) return [];
  return known.reduce((formats, own) => formats.filter((format) => own.includes(format)));
}

function isDateAlone(cells: readonly string[]): boolean {
  return cells.every((cell) => /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/.test(cell));
}

function isClock(cells: readonly string[]): boolean {
  return cells.every((cell) => /^\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( *[ap]m)?$/i.test(cell));
}

/** Tag, value and quality of a table that has one value a row. */
export function findLongColumns(heading: readonly string[]) {
  const find = (pattern: RegExp) => heading.findIndex((name) => pattern.test(name.trim()));
  const tag = find(
    /^(tag|tag ?name|tag_?id|point|point ?name|signal|sensor|variable|name|item|kks|messstelle|parameter)$/i,
  );
  const value = find(/^(value|val|wert|messwert|reading|valor)$/i);
  return tag >= 0 && value >= 0 ? { tag, value } : undefined;
}

export function findQualityColumn({ heading, rows }: LookedAt): number {
  return heading.findIndex((name, column) => {
    return (
      /^(quality|qual|opc ?quality|status|validity|güte|qualit(y|ä)t)$/i.test(name.trim()) &&
      rows.length > 0 &&
      column >= 0
    );
  });
}

/** What a column of values holds. */
export function lookAtColumn({ heading, rows, decimal }: LookedAt, column: number): SeenColumn {
  const cells = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '');
  const numbers = cells
    .map((cell) => parseNumber(cell, decimal))
    .filter((value) => !Number.isNaN(value));
  const outer = sentinelsIn(numbers);
  const real = numbers.filter((value) => !outer.has(value));
  const words = cells.filter((cell) => isMissing(cell) && cell.toLowerCase() !== 'nan');
  const missing = new Map<string, number>();
  for (const word of words) missing.set(word, (missing.get(word) ?? 0) + 1);
  for (const value of outer)
    missing.set(String(value), numbers.filter((each) => each === value).length);
  const texts = cells.length - numbers.length - words.length;
  return {
    column,
    name: heading[column] ?? '',
    kind: real.length > 0 ? 'numbers' : texts > 0 ? 'texts' : 'empty',
    least: real.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    most: real.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    missing,
  };
}

/** Numbers that loggers write for no value, where they stand far from all others. */
function sentinelsIn(numbers: readonly number[]): ReadonlySet<number> {
  const others = numbers.filter((value) => !SENTINELS.includes(value));
  const least = others.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const most = others.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  const reach = Math.max(most - least, Math.abs(most), Math.abs(least)) / 2;
  const isFar = (value: number) => value > most + reach || value < least - reach;
  return new Set(
    numbers.filter((value) => SENTINELS.includes(value) && others.length > 0 && isFar(value)),
  );
}
