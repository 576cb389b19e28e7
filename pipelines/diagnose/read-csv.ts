/** The samples of a CSV file: which column, how numbers are written, and what heading and time column say of them. */

import { vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { type CsvRow, csvRowsOf, type DecimalSign, parseNumber } from '../base/csv.ts';
import { EXIT, Problem } from '../base/problem.ts';

export type CsvSamples = {
  readonly samples: Float32Array;
  /** Samples per second, where there is a time column. */
  readonly rate?: number;
  /** As the heading or a row of units says, where it is one of a vibration. */
  readonly unit?: string;
};

/** Reads one column. Throws a `Problem` with the line for whatever is no number, and for times that are not even. */
export function readCsv(file: string, text: string, column: string | undefined): CsvSamples {
  const { body, skipped, separator } = withoutPreamble(text);
  const delimiter = separator ?? delimiterOf(body);
  const rows = rowsOf(file, body, delimiter).map(({ line, cells }) => ({
    line: line + skipped,
    cells: cells.at(-1) === '' ? cells.slice(0, -1) : cells,
  }));
  const { names, units, data } = headingOf(file, rows);
  const [first] = data;
  if (first === undefined) {
    throw wrong(file, 'rows of samples', 'none', 'Check whether the file was written whole.');
  }
  if (data.length === 1 && first.cells.length > 3) {
    const found = `one row of ${first.cells.length}`;
    throw wrong(file, 'a column of samples', found, 'Write one sample a line.');
  }
  checkWidths(file, data, names.length || first.cells.length);
  const decimal = decimalOf(file, data, delimiter);
  const labels = first.cells.map((_, at) => labelOf(names[at] ?? '', units[at]));
  const time = labels.findIndex(({ name }) => /^(time|t|zeit|seconds?|secs?|sek)$/i.test(name));
  const index = columnOf(file, labels, time, column);
  const samples = Float32Array.from(numbersOf(file, data, index, decimal));
  const unit = labels[index]?.unit ?? '';
  const rate = time < 0 || time === index ? undefined : rateOf(file, data, labels, time, decimal);
  return {
    samples,
    ...(rate === undefined ? {} : { rate }),
    ...(vibrationUnit(unit) === undefined ? {} : { unit }),
  };
}

function wrong(where: string, expected: string, found: string, remedy: string): Problem {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}

/** Comments and blank lines at the top, and a spreadsheet's `sep=;`. */
function withoutPreamble(text: string) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const isPreamble = (line: string) => /^\s*(#.*)?$/.test(line) || /^sep=.$/.test(line);
  const from = lines.findIndex((line) => !isPreamble(line));
  const skipped = from < 0 ? lines.length : from;
  const separator = lines.slice(0, skipped).flatMap((line) => /^sep=(.)$/.exec(line)?.[1] ?? []);
  return { body: lines.slice(skipped).join('\n'), skipped, separator: separator[0] };
}

/** The one of the usual delimiters that is in the first line, else blanks. */
function delimiterOf(body: string): string {
  const [first = '', second = ''] = body.split('\n', 2);
  const outside = first.replaceAll(/"[^"]*"/g, '');
  const found = [';', '\t', '|', ','].find((each) => outside.includes(each));
  return found ?? (/\S\s+\S/.test(first) && /\d\s+\S*\d/.test(second) ? ' ' : ';');
}

function rowsOf(file: string, body: string, delimiter: string): readonly CsvRow[] {
  if (delimiter !== ' ') return csvRowsOf(file, body, delimiter);
  return body.split('\n').flatMap((line, at) => {
    return line.trim() === '' ? [] : [{ line: at + 1, cells: line.trim().split(/\s+/) }];
  });
}

/** A cell of data: a number, or what programs write for a number that is missing. */
function isData(cell: string): boolean {
  return (
    [parseNumber(cell), parseNumber(cell, ',')].some((value) => !Number.isNaN(value)) ||
    /^([+-]?inf(inity)?|nan|null|#?n\/?a)$/i.test(cell)
  );
}

/** A row of names, perhaps one of units below it, and what follows. */
function headingOf(file: string, rows: readonly CsvRow[]) {
  const [first, second] = rows;
  if (first?.cells.some(isData) !== false) return { names: [], units: [], data: rows };
  const hasUnits = second !== undefined && !second.cells.some(isData);
  if (!hasUnits) return { names: first.cells, units: [], data: rows.slice(1) };
  const strange = second.cells.find((cell) => !/^[^\d]{0,8}\d?[^\d]{0,3}$/.test(cell));
  if (strange !== undefined) {
    const where = `${file}, line ${second.line}`;
    throw wrong(where, 'numbers, or the units of the columns', JSON.stringify(strange), REMEDY);
  }
  return { names: first.cells, units: second.cells, data: rows.slice(2) };
}

const REMEDY = 'Remove what is no sample, or name the column with --column.';

function checkWidths(file: string, data: readonly CsvRow[], width: number): void {
  const odd = data.find(({ cells }) => cells.length !== width);
  if (odd === undefined) return;
  const where = `${file}, line ${odd.line}`;
  throw wrong(where, `${width} cells as in the first row`, `${odd.cells.length}`, REMEDY);
}

/** A comma is the decimal sign where it does not separate cells. `1,234` alone could be a thousand: then nobody knows. */
function decimalOf(file: string, data: readonly CsvRow[], delimiter: string): DecimalSign {
  if (delimiter === ',') return '.';
  const withComma = data.flatMap(({ cells, line }) => {
    const cell = cells.find((each) => /^[+−-]?\d*,\d+(e[+-]?\d+)?$/i.test(each));
    return cell === undefined ? [] : [{ cell, line }];
  });
  const [first] = withComma;
  if (first === undefined) return '.';
  if (withComma.every(({ cell }) => /^[+−-]?[1-9]\d{0,2},\d{3}$/.test(cell))) {
    const where = `${file}, line ${first.line}`;
    const remedy = 'Write thousands without a separator.';
    throw wrong(where, 'a decimal comma or thousands, one of the two', first.cell, remedy);
  }
  return ',';
}

type Label = { readonly name: string; readonly unit: string };

/** `X (g)`, `acc [m/s²]`, or a name with its unit in the row below. */
function labelOf(heading: string, unit: string | undefined): Label {
  const [, name = heading, own = ''] = /^(.*?)\s*[([]([^)\]]*)[)\]]\s*$/.exec(heading) ?? [];
  return { name: name.trim(), unit: (unit ?? own).replaceAll(/[()[\]]/g, '').trim() };
}

function columnOf(
  file: string,
  labels: readonly Label[],
  time: number,
  column: string | undefined,
): number {
  const samples = labels.flatMap((_, at) => (at === time ? [] : [at]));
  const list = labels.map(({ name }, at) => name || `${at + 1}`).join(', ');
  const remedy = `The file has ${labels.length} columns: ${list}.`;
  const where = `${file}, --column`;
  if (column === undefined) {
    const [only] = samples;
    if (only !== undefined && samples.length === 1) return only;
    throw wrong(where, 'the name or number of one column', 'none', remedy);
  }
  const wanted = labelOf(column, undefined).name.toLowerCase();
  const named = labels.flatMap(({ name }, at) => (name.toLowerCase() === wanted ? [at] : []));
  if (named.length > 1) throw wrong(where, 'a name that one column has', `${column} twice`, remedy);
  const index = named[0] ?? Number(column) - 1;
  if (Number.isInteger(index) && index >= 0 && index < labels.length) return index;
  const expected = `a name, or a number from 1 to ${labels.length}`;
  throw wrong(where, expected, JSON.stringify(column), remedy);
}

function numbersOf(
  file: string,
  data: readonly CsvRow[],
  index: number,
  decimal: DecimalSign,
): number[] {
  return data.map(({ cells, line }) => {
    const cell = cells[index] ?? '';
    const value = parseNumber(cell, decimal);
    if (!Number.isNaN(value)) return value;
    const where = `${file}, line ${line}, column ${index + 1}`;
    const remedy = /^[+−-]?[\d.,]+(e[+-]?\d+)?\s+\S+$/i.test(cell)
      ? 'Remove the unit, and say it with --unit.'
      : 'A waveform must have no gaps: cut out a part that has none.';
    throw wrong(where, 'a number', JSON.stringify(cell), remedy);
  });
}

const SECONDS: Readonly<Record<string, number>> = {
  ...{ '': 1, s: 1, sec: 1, seconds: 1, ms: 1e-3, us: 1e-6, µs: 1e-6 },
};
/** Times may differ so much from an even step, as a share of it: what printing with few digits does is less. */
const UNEVEN = 0.6;

/** Samples per second by a column of times; as round as its digits allow. */
function rateOf(
  file: string,
  data: readonly CsvRow[],
  labels: readonly Label[],
  column: number,
  decimal: DecimalSign,
): number | undefined {
  const factor = SECONDS[labels[column]?.unit ?? ''];
  const times = numbersOf(file, data, column, decimal);
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (factor === undefined || times.length < 2) return undefined;
  const step = span / (times.length - 1);
  for (let at = 1; at < times.length; at++) {
    const found = (times[at] ?? 0) - (times[at - 1] ?? 0);
    if (step > 0 && Math.abs(found - step) <= UNEVEN * step) continue;
    const where = `${file}, line ${data[at]?.line}`;
    const expected = `times in even steps of ${step.toPrecision(4)}`;
    throw wrong(where, expected, `${found.toPrecision(4)}`, 'Cut out a part without gaps.');
  }
  const last = data.at(-1)?.cells[column] ?? '';
  const digits = /[.,](\d+)/.exec(last)?.[1]?.length ?? 0;
  const rate = (times.length - 1) / (span * factor);
  const uncertain = 10 ** -digits / span;
  for (let places = 1; places < 9; places++) {
    const round = Number(rate.toPrecision(places));
    if (Math.abs(round / rate - 1) <= uncertain) return round;
  }
  return rate;
}
