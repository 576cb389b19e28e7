/** The samples of a table: which columns are channels, and what heading and time column say of them. */

import { type CsvRow, type DecimalSign, parseNumber } from '../base/csv.ts';
import { wrongInput } from '../base/problem.ts';
import { type Channel, channelOf, type SampledFile } from './channel.ts';
import { evenSamples, type SampleTimes, timesOf } from './sample-times.ts';
import { readTable, type Table } from './table.ts';

/** All columns of samples. Throws a `Problem` with the line for whatever is no number, and for gaps in the times. */
export function readCsvSamples(file: string, text: string): SampledFile {
  const table = readTable(file, text);
  const { rows, names, units } = table;
  const width = rows[0]?.cells.length ?? 0;
  if (rows.length === 1 && width > 3) {
    const found = `one row of ${width}`;
    throw wrongInput(file, 'a column of samples', found, 'Write one sample a line.');
  }
  const time = timeColumn(table);
  const times = time === undefined ? undefined : timesOf(file, table, time.column);
  const notes = time?.counts === true ? [] : (times?.notes ?? []);
  const rate = time?.counts === true ? undefined : (times?.rate ?? statedRate(table.preamble));
  const columns = Array.from({ length: width }, (_, column) => column).filter((column) => {
    return column !== time?.column && !/^(sample|index|nr|no|#|n)\.?$/i.test(names[column] ?? '');
  });
  if (columns.length === 0) {
    throw wrongInput(file, 'a column of samples', 'times alone', 'Export the samples, too.');
  }
  const channels = columns.map((column): Channel => {
    const name = names[column] ?? '';
    const values = () => valuesOf(file, rows, column, table.decimal);
    return lazyChannel({ name, number: column + 1, rate, unit: units[column] }, values, times);
  });
  return { channels, notes };
}

/** A column is read when it is asked for: a fault in one that nobody wants is none. */
function lazyChannel(
  { name, number, rate, unit }: ColumnHeading,
  values: () => Float64Array,
  times: SampleTimes | undefined,
): Channel {
  let known: Float32Array | undefined;
  const { samples: _, ...rest } = channelOf(name, new Float32Array(0), rate, unit);
  return {
    ...rest,
    number,
    get samples() {
      known ??= evenSamples(values(), times);
      return known;
    },
  };
}

type ColumnHeading = {
  readonly name: string;
  readonly number: number;
  readonly rate: number | undefined;
  readonly unit: string | undefined;
};

const TIME_NAME =
  /^(time|t|x_value|zeit|temps|tiempo|tempo|tijd|tid|czas|zeitstempel|timestamps?|date.?time|datum.*|elapsed.*|(abs|rel)\w*[ _.]time|(time|zeit)[ _]?stamp|seconds?|secs?|sek|(time|t|zeit|temps|tiempo|tempo)[ _-]?(s|ms|us|µs|ns))$/i;

/** The column of times: by its name, or where there is no heading by counting evenly from the first row to the last. */
function timeColumn({
  names,
  rows,
  decimal,
}: Table): { readonly column: number; readonly counts: boolean } | undefined {
  const named = names.findIndex((name) => TIME_NAME.test(name));
  if (named >= 0) return { column: named, counts: false };
  if (names.length > 0 || (rows[0]?.cells.length ?? 0) < 2 || rows.length < 3) return undefined;
  const first = rows.map(({ cells }) => parseNumber(cells[0] ?? '', decimal));
  const [start = 0, second = 0, last = 0] = [first[0], first[1], first.at(-1)];
  const step = (last - start) / (rows.length - 1);
  const isEven =
    step > 0 && first.every((value, at) => Math.abs(value - start - at * step) < 0.6 * step);
  if (!isEven) return undefined;
  return { column: 0, counts: second - start === 1 };
}

/** `Sampling rate: 25600 Hz` or `Delta_X 0.0001` above the table. */
function statedRate(preamble: readonly string[]): number | undefined {
  for (const whole of preamble) {
    // Whoever states a rate does so in few words. Expressions take longer than a line is long.
    const line = whole.slice(0, 256);
    const [, digits = '', kilo] =
      /(?:sampl\w*|scan|abtast)\W*(?:rate|freq\w*)[^\d]*([\d.,]+)\s*(k?)(?:hz|s\/s|sps|\/s)?/i.exec(
        line,
      ) ?? [];
    const value = numberOf(digits);
    if (value > 0) return value * (kilo === 'k' || kilo === 'K' ? 1_000 : 1);
    const [, step = ''] = /delta_?x\W+([\d.,]+(?:e-?\d+)?)/i.exec(line) ?? [];
    if (numberOf(step) > 0) return 1 / numberOf(step);
  }
  return undefined;
}

function numberOf(digits: string): number {
  const plain = digits.replace(/[.,]$/, '');
  return parseNumber(plain, /^\d+,\d{1,2}$|^0,/.test(plain) ? ',' : '.');
}

function valuesOf(
  file: string,
  rows: readonly CsvRow[],
  column: number,
  decimal: DecimalSign,
): Float64Array {
  return Float64Array.from(rows, ({ cells, line }) => {
    const cell = cells[column] ?? '';
    const value = parseNumber(cell, decimal);
    if (!Number.isNaN(value)) return value;
    const where = `${file}, line ${line}, column ${column + 1}`;
    const remedy = /^[+−-]?[\d.,]+(e[+-]?\d+)?\s+\S+$/i.test(cell)
      ? 'Remove the unit, and say it with --unit.'
      : 'A waveform must have no gaps: cut out a part that has none.';
    throw wrongInput(where, 'a number', JSON.stringify(cell), remedy);
  });
}
