/** CSV as loggers, spreadsheets and people write it: rows of cells with their lines, and numbers in cells. */

import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { parse as parseAtOnce } from 'csv-parse/sync';
import { EXIT, Problem } from './problem.ts';

/** One row; `line` is where it ends in the file, from 1. */
export type CsvRow = { readonly line: number; readonly cells: readonly string[] };

type Parsed = { readonly info: { readonly lines: number }; readonly record: readonly string[] };

/** Byte order marks, any line end, quoted cells with line breaks inside, blanks around cells and blank lines are read. */
const OPTIONS = {
  bom: true,
  trim: true,
  info: true,
  relax_column_count: true,
  skip_empty_lines: true,
} as const;

/** What a spreadsheet would take for a formula, or has been kept from it. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** One cell as RFC 4180 has it. A text that a spreadsheet would take for a formula has a `'` in front: see `plainCell`. */
export function csvCell(value: unknown): string {
  const plain = value === null || value === undefined ? '' : value;
  const written = typeof plain === 'object' ? JSON.stringify(plain) : String(plain);
  const text = typeof plain === 'string' && FORMULA.test(written) ? `'${written}` : written;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text that `csvCell` was given. */
export function plainCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}

/** The rows of a text. Throws a `Problem` for quotes that do not close. */
export function csvRowsOf(file: string, text: string, delimiter: string): readonly CsvRow[] {
  try {
    return parseAtOnce(text, { ...OPTIONS, delimiter }).map((row) =>
      toRow(row as unknown as Parsed),
    );
  } catch (error) {
    throw readable(error, file);
  }
}

/** The rows of a stream from a line on, one by one. Rejects with a `Problem` for quotes that do not close. */
export async function* csvRows(
  file: string,
  input: Readable,
  delimiter: string,
  fromLine = 1,
): AsyncGenerator<CsvRow> {
  const rows = input.pipe(parse({ ...OPTIONS, delimiter, from_line: fromLine }));
  input.on('error', (error) => rows.destroy(error));
  try {
    for await (const row of rows) yield toRow(row as Parsed);
  } catch (error) {
    throw readable(error, file);
  }
}

function toRow({ info, record }: Parsed): CsvRow {
  return { line: info.lines, cells: record };
}

function readable(error: unknown, file: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const line = typeof error.lines === 'number' ? `:${error.lines}` : '';
  const parts = {
    where: `${file}${line}`,
    expected: 'cells of which quotes open and close',
    found: error.message,
    remedy: 'Correct the quotes.',
    exit: EXIT.input,
  };
  return new Problem(parts, { cause: error });
}

/** What separates the whole part of numbers from the rest. */
export type DecimalSign = '.' | ',';

/** A number as programs print it, a Fortran exponent and a typographic minus among them. NaN when it is none. */
export function parseNumber(cell: string, decimal: DecimalSign = '.'): number {
  const plain = cell.replace('−', '-').replace(/(?<=\d)[dD](?=[+-]?\d)/, 'e');
  const text = decimal === ',' ? plain.replace(',', '.') : plain;
  if (decimal === ',' && plain.includes('.')) return Number.NaN;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
